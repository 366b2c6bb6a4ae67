// SPDX-License-Identifier: Apache-2.0
#include "capture/log_tap.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

#include "kernel_log/needle_search.h"

namespace oomtrace
{

namespace
{

// A report that has begun is read on for so long, whatever its lines say.
constexpr std::uint64_t read_on_ns = 10'000'000'000;
// Of one look: whoever fills the log as fast as it is read must not stop the trace.
constexpr std::uint64_t most_lines = 1U << 18;
constexpr std::size_t most_dump_bytes = 8U << 20;

} // namespace

LogTap::LogTap(const KernelLogOptions &options) : since_boot_(options.since_boot)
{
    auto log = KmsgReader::open(since_boot_ ? KmsgReader::From::oldest : KmsgReader::From::now, options.kmsg);
    if (log)
        log_.emplace(std::move(*log));
    else
        unreadable_ =
            log.error().attempted + ": " + log.error().reason + (log.error().hint.empty() ? "" : " (" + log.error().hint + ")");
    if (since_boot_)
        read_dumps(options.pstore);
}

// A dump may lie there in several files, whose names tell the order. Kept in memory: they are small, and are read before it is
// locked.
void LogTap::read_dumps(const std::filesystem::path &directory)
{
    std::error_code none;
    std::vector<std::filesystem::path> files;
    for (const auto &entry : std::filesystem::directory_iterator(directory, none)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("dmesg-") && !name.ends_with(".enc.z")) // what the kernel could not decompress
            files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    std::size_t bytes = 0;
    for (const auto &file : files) {
        std::ifstream in(file, std::ios::binary);
        for (std::string line; bytes < most_dump_bytes && std::getline(in, line);) {
            bytes += line.size();
            dumps_.push_back(std::move(line));
        }
    }
}

bool LogTap::comes_before(std::span<const std::byte> record)
{
    wire_header header{};
    if (record.size() < sizeof(header))
        return false;
    std::memcpy(&header, record.data(), sizeof(header));
    switch (header.kind) {
    case WIRE_REAPER:
    case WIRE_EXIT:
    case WIRE_MM_RELEASED:
        return true;
    case WIRE_INVOCATION_END: {
        wire_invocation_end end{};
        if (record.size() != sizeof(end))
            return false;
        std::memcpy(&end, record.data(), sizeof(end));
        // Reading needs memory, of which there is none, and time, of which there is none left.
        return end.outcome != WIRE_OUTCOME_PANIC;
    }
    default:
        return false;
    }
}

void LogTap::begin()
{
    reading_ = !dumps_.empty() ? Reading::dumps : since_boot_ ? Reading::remembered : Reading::nothing;
    owes_backlog_end_ = since_boot_;
    lines_left_ = most_lines;
}

void LogTap::look(std::uint64_t now_ns)
{
    if (!log_ || reading_ != Reading::nothing)
        return;
    reading_ = Reading::live;
    looked_ns_ = now_ns;
    lines_left_ = most_lines;
}

void LogTap::end_backlog()
{
    owes_backlog_end_ = false;
    backlog_ended_ = true;
}

bool LogTap::is_wanted(std::string_view record)
{
    if (reading_ != Reading::live)
        return true;
    if (kernel_log::find_needle(record, 0) != std::string_view::npos)
        heard_ns_ = looked_ns_;
    return heard_ns_ != 0 && looked_ns_ - heard_ns_ < read_on_ns;
}

// False: there is none for now.
bool LogTap::next_line()
{
    if (reading_ == Reading::dumps) {
        if (!dumps_.empty()) {
            dump_line_ = std::move(dumps_.front());
            dumps_.pop_front();
            rest_ = dump_line_;
            sequence_ = 0;
            flags_ = WIRE_LOG_BEFORE_START | WIRE_LOG_EARLIER_BOOT;
            return true;
        }
        reading_ = Reading::remembered;
    }
    while (reading_ != Reading::nothing && log_ && lines_left_ != 0) {
        const auto line = log_->next();
        if (!line)
            break;
        --lines_left_;
        if (!is_wanted(line->record))
            continue;
        rest_ = line->record;
        sequence_ = line->sequence;
        flags_ = 0;
        if (reading_ == Reading::remembered)
            flags_ = WIRE_LOG_BEFORE_START;
        return true;
    }
    reading_ = Reading::nothing;
    return false;
}

std::span<const std::byte> LogTap::event(wire_log_event event, std::string_view text, std::uint64_t now_ns)
{
    record_ = {};
    record_.header.size = sizeof(record_);
    record_.header.kind = WIRE_LOG_LINE;
    record_.header.time_ns = now_ns;
    record_.event = static_cast<wire_u16>(event);
    record_.length = static_cast<wire_u16>(std::min(text.size(), sizeof(record_.text)));
    std::copy_n(text.begin(), record_.length, record_.text);
    return std::as_bytes(std::span(&record_, 1));
}

std::optional<std::span<const std::byte>> LogTap::piece(std::uint64_t now_ns)
{
    const auto bytes = event(WIRE_LOG_TEXT, rest_, now_ns);
    rest_.remove_prefix(record_.length);
    line_open_ = !rest_.empty();
    record_.log_sequence = sequence_;
    record_.flags = flags_;
    if (line_open_)
        record_.flags |= WIRE_LOG_MORE;
    return bytes;
}

std::optional<std::span<const std::byte>> LogTap::next(std::uint64_t now_ns)
{
    if (!told_) {
        told_ = true;
        return log_ ? event(WIRE_LOG_LISTENING, {}, now_ns) : event(WIRE_LOG_UNREADABLE, unreadable_, now_ns);
    }
    if (backlog_ended_) {
        backlog_ended_ = false;
        const auto bytes = event(WIRE_LOG_BACKLOG_END, {}, now_ns);
        record_.flags = WIRE_LOG_BEFORE_START;
        return bytes;
    }
    if (line_open_)
        return piece(now_ns);
    const bool remembered = reading_ == Reading::dumps || reading_ == Reading::remembered;
    if (!next_line())
        return std::nullopt;
    const std::uint64_t overwritten = log_ ? log_->times_overwritten() : 0;
    if (overwritten != overwritten_told_) {
        overwritten_told_ = overwritten;
        if (!remembered) { // the line that was read is given out next
            line_open_ = true;
            return event(WIRE_LOG_OVERWRITTEN, {}, now_ns);
        }
    }
    return piece(now_ns);
}

} // namespace oomtrace
