// SPDX-License-Identifier: Apache-2.0
#include "host/proc_file.h"

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <string>

namespace oomtrace
{

namespace
{

std::string_view skip_blanks(std::string_view text)
{
    const auto begin = text.find_first_not_of(" \t");
    return begin == std::string_view::npos ? std::string_view{} : text.substr(begin);
}

template <typename Integer>
std::optional<Integer> parse_as(std::string_view text)
{
    text = skip_blanks(text);
    Integer value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{})
        return std::nullopt;
    return value;
}

} // namespace

std::filesystem::path under_root(const std::filesystem::path &root, std::string_view absolute_path)
{
    return root / std::filesystem::path(absolute_path).relative_path();
}

UniqueFd open_for_reading(const std::filesystem::path &path)
{
    return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

std::string_view read_from_start(int fd, std::span<char> buffer)
{
    std::size_t length = 0;
    while (length < buffer.size()) {
        const auto got = ::pread(fd, buffer.data() + length, buffer.size() - length, static_cast<off_t>(length));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += static_cast<std::size_t>(got);
    }
    return {buffer.data(), length};
}

std::optional<std::string_view> read_file(const std::filesystem::path &path, std::span<char> buffer)
{
    const auto fd = open_for_reading(path);
    if (!fd)
        return std::nullopt;
    return read_from_start(fd.get(), buffer);
}

Result<void> write_file(const std::filesystem::path &path, std::string_view text, std::string_view hint)
{
    const auto attempted = [&] { return "write \"" + std::string(text) + "\" to " + path.string(); };
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd)
        return fail_errno(attempted(), errno, std::string(hint));
    ssize_t written = -1;
    do {
        written = ::write(fd.get(), text.data(), text.size());
    } while (written < 0 && errno == EINTR);
    if (written < 0)
        return fail_errno(attempted(), errno, std::string(hint));
    if (static_cast<std::size_t>(written) != text.size())
        return fail(attempted(), "only part of it was taken", std::string(hint));
    return {};
}

std::string_view first_line(std::string_view text)
{
    return text.substr(0, text.find('\n'));
}

std::optional<std::int64_t> parse_integer(std::string_view text)
{
    return parse_as<std::int64_t>(text);
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text)
{
    return parse_as<std::uint64_t>(text);
}

std::optional<std::int64_t> value_of(std::string_view text, std::string_view key)
{
    while (!text.empty()) {
        const auto line = first_line(text);
        if (line.size() > key.size() && line.starts_with(key) && (line[key.size()] == ' ' || line[key.size()] == '\t'))
            return parse_integer(line.substr(key.size()));
        text.remove_prefix(line.size() == text.size() ? line.size() : line.size() + 1);
    }
    return std::nullopt;
}

} // namespace oomtrace
