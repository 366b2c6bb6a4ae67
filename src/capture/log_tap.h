// SPDX-License-Identifier: Apache-2.0
//
// log_tap.h: the kernel's log as records of the stream (WIRE_LOG_LINE). Nothing wakes up for it: it is read when a record of an
// OOM is about to be delivered, so that the lines of its report stand before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/kmsg_reader.h"
#include "oomtrace/wire_record.h"

namespace oomtrace
{

struct KernelLogOptions {
    bool since_boot = false; // first what the kernel remembers: its log, and the dumps in pstore
    std::filesystem::path kmsg = "/dev/kmsg";
    std::filesystem::path pstore = "/sys/fs/pstore";
};

class LogTap
{
  public:
    // Opens the log. Where that fails, the first record says why, and there are no others of it.
    explicit LogTap(const KernelLogOptions &options);

    // To be called when the hooks are in place: the records from before the start come next.
    void begin();
    // What was printed so far comes next.
    void look(std::uint64_t now_ns);
    // Whether the log is to be looked at before this record is delivered.
    [[nodiscard]] static bool comes_before(std::span<const std::byte> record);

    // A whole record with its header, valid until the next call. Empty: that was all, for now.
    std::optional<std::span<const std::byte>> next(std::uint64_t now_ns);

    // What is from before the start has been given out, and its end has not been told.
    [[nodiscard]] bool owes_backlog_end() const { return owes_backlog_end_; }
    void end_backlog();

  private:
    enum class Reading : std::uint8_t { nothing, dumps, remembered, live };

    void read_dumps(const std::filesystem::path &directory);
    std::span<const std::byte> event(wire_log_event event, std::string_view text, std::uint64_t now_ns);
    std::optional<std::span<const std::byte>> piece(std::uint64_t now_ns);
    bool next_line();
    [[nodiscard]] bool is_wanted(std::string_view record);

    std::optional<KmsgReader> log_;
    std::string unreadable_;
    bool since_boot_ = false;
    bool told_ = false; // whether the log is read
    std::deque<std::string> dumps_;
    std::string dump_line_;
    Reading reading_ = Reading::nothing;
    std::string_view rest_; // of the line that is being given out
    bool line_open_ = false;
    std::uint64_t sequence_ = 0;
    std::uint32_t flags_ = 0;
    std::uint64_t looked_ns_ = 0;
    std::uint64_t heard_ns_ = 0; // when something of an OOM was read last; 0: never
    std::uint64_t lines_left_ = 0;
    std::uint64_t overwritten_told_ = 0;
    bool owes_backlog_end_ = false, backlog_ended_ = false;
    wire_log_line record_{};
};

} // namespace oomtrace
