// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/pstore_parts.h"

#include <algorithm>
#include <array>
#include <optional>

#include "kernel_log/text_cursor.h"

namespace oomtrace::kernel_log
{

namespace
{

constexpr std::size_t most_bytes = 8U << 20; // no back end keeps as much of one dump

struct PartHead {
    std::string_view dump;
    std::uint32_t number = 0;
};

// kmsg_dump_reason_str(): "Panic#1 Part2".
std::optional<PartHead> part_head(std::string_view line)
{
    if (line.empty() || line.front() < 'E' || line.front() > 'U') // as most lines
        return std::nullopt;
    line = without_trailing_spaces(line);
    if (line.size() > 64)
        return std::nullopt;
    for (const std::string_view reason : {"Panic", "Oops", "Emergency", "Shutdown", "Restart", "Halt", "Poweroff", "Unknown"}) {
        TextCursor cursor{line};
        if (!cursor.take(reason) || !cursor.take("#") || !cursor.take_number<std::uint32_t>())
            continue;
        const std::string_view dump = line.substr(0, line.size() - cursor.rest.size());
        if (!cursor.take(" Part"))
            continue;
        const auto number = cursor.take_number<std::uint32_t>();
        if (number && cursor.at_end())
            return PartHead{dump, *number};
    }
    return std::nullopt;
}

} // namespace

bool PstoreParts::must_be_taken_before(std::string_view line) const
{
    if (parts_.empty())
        return false;
    if (bytes_ + line.size() > most_bytes)
        return true;
    const auto head = part_head(line);
    return head && (head->dump != dump_ ||
                    std::any_of(parts_.begin(), parts_.end(), [&](const Part &part) { return part.number == head->number; }));
}

bool PstoreParts::take(std::string_view line)
{
    if (const auto head = part_head(line)) {
        dump_ = head->dump;
        parts_.push_back({head->number, {}});
        return true;
    }
    if (parts_.empty())
        return false;
    parts_.back().text += line;
    parts_.back().text += '\n';
    bytes_ += line.size() + 1;
    return true;
}

std::string PstoreParts::take_text()
{
    std::stable_sort(parts_.begin(), parts_.end(), [](const Part &a, const Part &b) { return a.number > b.number; });
    std::string text;
    for (const Part &part : parts_)
        text += part.text;
    parts_.clear();
    dump_.clear();
    bytes_ = 0;
    return text;
}

} // namespace oomtrace::kernel_log
