// SPDX-License-Identifier: Apache-2.0
//
// log_reader.h: text of a kernel log in, in pieces of any size; an Incident out for every OOM report in it, in the order in
// which the reports begin. Memory is bounded by the largest reports, not by the log.
//
//   bytes ─► needle_search (skips what cannot be of an OOM) ─► lines ─► strip_prefixes ─► stream (host, caller) ─► parse_line
//         ─► ParsedReport ─► incident_of
//
// A report is told from others by its stream: the host that a syslog names, and the caller that CONFIG_PRINTK_CALLER prints.
// Lines without a prefix belong to the stream that spoke last. A report ends with its kill; lines that the kernel prints later
// (the reaper, the rest of a group) still find it for a while.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel_log/line_parser.h"
#include "kernel_log/line_prefix.h"
#include "kernel_log/parsed_report.h"
#include "kernel_log/pstore_parts.h"
#include "kernel_log/report_incident.h"
#include "oomtrace/incident.h"

namespace oomtrace::kernel_log
{

struct ReaderTotals {
    std::uint64_t bytes = 0;
    std::uint64_t lines_read = 0; // the others were passed over
    std::uint64_t reports = 0;    // delivered
    std::uint64_t repeated = 0;   // the same report again (a doubled log), not delivered
};

class LogReader
{
  public:
    using Deliver = std::function<void(Incident &&)>;
    using DeliverReport = std::function<void(FoundReport &&)>;

    LogReader(Deliver deliver, std::string tracer_version);
    // For a caller that makes the incidents, with incident_of(), when and where it likes.
    explicit LogReader(DeliverReport deliver);
    LogReader(const LogReader &) = delete;
    LogReader &operator=(const LogReader &) = delete;
    ~LogReader();

    // Of the host whose log is read, where the caller knows it: most reports of a cgroup do not tell. 0: it does not.
    void set_page_size(std::uint64_t bytes) { page_size_ = bytes; }
    void feed(std::string_view bytes);
    // The end of one file: a last line without a line feed is a line. Reports stay open, for a log that was rotated.
    void end_of_file();
    // The end of the input: delivers what is open.
    void finish();

    [[nodiscard]] const ReaderTotals &totals() const { return totals_; }

  private:
    struct Pending {
        std::unique_ptr<ParsedReport> report = std::make_unique<ParsedReport>();
        std::uint64_t closed_at = 0; // bytes read when it was over; 0: it is open
        bool closed = false;
    };
    struct Stream {
        std::string host, caller;
        bool marked = false; // its lines have a prefix that says kernel
        Pending *open = nullptr;
        Pending *last = nullptr; // the last one that was over and is still here
        ParserState state;
        bool foreign = false;
        std::uint64_t stray = 0; // lines in a row that were not understood
        std::uint64_t last_hash = 0;
        std::uint64_t used_at = 0;
    };
    // What the boot that is being logged has said of itself.
    struct Boot {
        std::string kernel;
        std::optional<std::uint64_t> swap_total_bytes;
        std::vector<EarlierVictim> victims;        // the last few
        std::optional<std::uint64_t> monotonic_ns; // of the last line that told something
    };
    // journalctl -o export and dmesg --json have the parts of a record on lines of their own.
    struct Record {
        std::string host;
        std::optional<std::uint64_t> monotonic_ns;
        std::optional<std::int64_t> realtime_ns;
    };

    void take_block(std::string_view block);
    void take_line(std::string_view line);
    void take_single(std::string_view line);
    void take_record(std::string_view record, const std::optional<std::string> &host);
    void take_text(std::string_view text, const LogLine &line);
    bool take_boot_line(std::string_view text, const LogLine &line);
    void take_kind(LineKind kind, std::string_view text, const LogLine &line, Stream &stream);
    void take_tail(LineKind kind, std::string_view text, const LogLine &line, Stream &stream);
    void parse_into(Pending &pending, LineKind kind, std::string_view text, const LogLine &line, Stream &stream);
    void count_stray(Stream &stream);

    Stream &stream_of(const LogLine &line);
    Pending &open_report(Stream &stream, const LogLine &line);
    void close_report(Pending &pending);
    void deliver_ready(bool all);
    void deliver(Pending &pending);
    [[nodiscard]] bool watching() const;

    DeliverReport deliver_;
    std::uint64_t page_size_ = 0;
    std::string carry_;   // the last line, as far as it has come
    std::string context_; // what was passed over last: a report may begin a few lines before the needle
    std::string scratch_;
    std::uint64_t line_hash_ = 0; // of the text that is being looked at
    PstoreParts parts_;
    Record record_;
    std::uint64_t export_skip_ = 0; // bytes of a binary length in journalctl -o export
    std::vector<std::unique_ptr<Stream>> streams_;
    Stream *speaking_ = nullptr;
    std::deque<std::unique_ptr<Pending>> pending_;               // in the order in which they began
    std::unordered_map<std::string, Boot> boots_;                // by host
    std::unordered_map<std::uint64_t, std::uint64_t> delivered_; // hash of the last reports, and their time stamps
    std::deque<std::uint64_t> delivered_order_;
    ReaderTotals totals_;
};

} // namespace oomtrace::kernel_log
