// SPDX-License-Identifier: Apache-2.0
#include "identity/systemd_path.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace oomtrace
{
namespace
{

bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_unit_name(std::string_view text, std::string_view suffix)
{
    return text.size() > suffix.size() && text.size() < 256 && text.ends_with(suffix) && std::ranges::all_of(text, [](char c) {
               return is_alphanumeric(c) || std::string_view(":-_.\\@").find(c) != std::string_view::npos;
           });
}

bool is_slice(std::string_view text)
{
    return is_unit_name(text, ".slice");
}

// Those that hold processes.
bool is_unit(std::string_view text)
{
    constexpr std::array<std::string_view, 5> suffixes = {".service", ".scope", ".socket", ".mount", ".swap"};
    return std::ranges::any_of(suffixes, [&](std::string_view suffix) { return is_unit_name(text, suffix); });
}

// systemd puts an underscore before a name that cgroupfs might take for a file of its own.
std::string_view without_escape(std::string_view part)
{
    return part.starts_with('_') ? part.substr(1) : part;
}

std::optional<std::string_view> between(std::string_view text, std::string_view prefix, std::string_view suffix)
{
    if (text.size() <= prefix.size() + suffix.size() || !text.starts_with(prefix) || !text.ends_with(suffix)) {
        return std::nullopt;
    }
    return text.substr(prefix.size(), text.size() - prefix.size() - suffix.size());
}

std::optional<std::uint32_t> uid_of(std::string_view text)
{
    std::uint32_t uid = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), uid);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    // (uid_t)-1 is nobody's, and systemd writes no leading zero.
    return whole && uid != UINT32_MAX && (text == "0" || !text.starts_with('0')) ? std::optional(uid) : std::nullopt;
}

std::optional<int> hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? std::optional(c - 'a' + 10) : std::nullopt;
}

} // namespace

void set_systemd_parts(const std::vector<std::string_view> &parts, CgroupIdentity &identity)
{
    std::size_t at = 0;
    // Whether there is a unit behind them or not.
    const auto skip_slices = [&] {
        while (at < parts.size() && is_slice(without_escape(parts[at]))) {
            identity.systemd_slice = std::string(without_escape(parts[at]));
            ++at;
        }
    };
    if (parts.empty() || parts[0].starts_with("lxc.")) { // an LXC container may be called "a.service"
        return;
    }
    skip_slices();
    if (parts.size() > 1 && at > 1 && parts[0] == "user.slice") {
        if (const auto uid = between(parts[1], "user-", ".slice")) {
            identity.systemd_owner_uid = uid_of(*uid);
        }
    }
    if (at == parts.size() || !is_unit(without_escape(parts[at]))) {
        return;
    }
    const std::string_view unit = without_escape(parts[at]);
    identity.systemd_unit = std::string(unit);
    if (!identity.systemd_owner_uid || at != 2) {
        return;
    }
    if (const auto session = between(unit, "session-", ".scope"); session && std::ranges::all_of(*session, is_alphanumeric)) {
        identity.systemd_session = std::string(*session);
    }
    const auto manager = between(unit, "user@", ".service");
    if (!manager || uid_of(*manager) != identity.systemd_owner_uid) {
        return;
    }
    ++at;
    skip_slices();
    if (at < parts.size() && is_unit(without_escape(parts[at]))) {
        identity.systemd_user_unit = std::string(without_escape(parts[at]));
    }
}

std::optional<std::string> unescape_unit(std::string_view text)
{
    std::string name;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') {
            name += text[at];
            continue;
        }
        if (at + 3 >= text.size() || text[at + 1] != 'x') {
            return std::nullopt;
        }
        const auto high = hex_digit(text[at + 2]), low = hex_digit(text[at + 3]);
        if (!high || !low) {
            return std::nullopt;
        }
        name += static_cast<char>(*high * 16 + *low);
        at += 3;
    }
    return name;
}

bool is_machine_name(std::string_view text)
{
    return !text.empty() && text.size() <= 64 && text != "." && text != ".." &&
           std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

} // namespace oomtrace
