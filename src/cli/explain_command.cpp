// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <optional>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/error_report.h"
#include "cli/log_file.h"
#include "cli/output.h"
#include "explain/explain.h"
#include "kernel_log/log_reader.h"

namespace oomtrace
{

namespace
{

constexpr std::uint64_t large_file = 16ULL << 20; // from which on it may take long enough to wonder
constexpr std::chrono::milliseconds between_updates(200);

// One line on a terminal that is written over until it is gone.
class ProgressLine
{
  public:
    ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}
    ProgressLine(const ProgressLine &) = delete;
    ProgressLine &operator=(const ProgressLine &) = delete;
    ~ProgressLine() { clear(); }

    void update(const std::string &path, const LogFileProgress &progress, std::uint64_t reports)
    {
        if (!terminal_ || progress.bytes_read < large_file)
            return;
        const auto now = std::chrono::steady_clock::now();
        if (shown_ && now - last_ < between_updates)
            return;
        last_ = now;
        shown_ = true;
        const std::string share = progress.bytes_total.value_or(0) != 0
                                      ? fmt::format("{}%", progress.bytes_read * 100 / *progress.bytes_total)
                                      : fmt::format("{} MB", progress.bytes_read / 1'000'000);
        fmt::print(stderr, "\r\x1b[K{}: {} read, {} OOM report{} so far", path == "-" ? "standard input" : path, share, reports,
                   reports == 1 ? "" : "s");
        std::fflush(stderr);
    }

    void clear()
    {
        if (!shown_)
            return;
        shown_ = false;
        fmt::print(stderr, "\r\x1b[K");
        std::fflush(stderr);
    }

  private:
    bool terminal_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point last_;
};

// Feeds all files to one reader: a report may begin in a log and end in the one it was rotated to.
class Explanation
{
  public:
    explicit Explanation(const ExplainOptions &options)
        : options_(options), sink_(make_sink(options.output)),
          reader_([this](const Incident &incident) { show(incident); }, OOMTRACE_VERSION)
    {
    }

    ExitStatus run()
    {
        bool failed = false;
        for (const std::string &path : options_.files) {
            const auto read = read_log_file(path, [&](std::string_view bytes, const LogFileProgress &progress) {
                reader_.feed(bytes);
                progress_.update(path, progress, shown_);
                return !error_ && !enough();
            });
            if (error_ || enough())
                break;
            reader_.end_of_file();
            if (!read) {
                progress_.clear();
                report_error(read.error());
                failed = true;
            }
        }
        if (!error_ && !enough())
            reader_.finish();
        progress_.clear();
        if (const auto flushed = sink_->flush(); !flushed && !error_)
            error_ = flushed.error();
        if (error_) {
            report_error(*error_);
            return ExitStatus::failed;
        }
        if (shown_ == 0 && !failed) {
            report_error(
                {"find an OOM report in the log", "there is none in it",
                 "look into the log of the time of the kill: dmesg, journalctl -k, /var/log/kern.log, or the one before"});
            return ExitStatus::failed;
        }
        return failed ? ExitStatus::failed : ExitStatus::done;
    }

  private:
    [[nodiscard]] bool enough() const { return options_.output.count && shown_ >= *options_.output.count; }

    void show(const Incident &incident)
    {
        if (error_ || enough())
            return;
        progress_.clear();
        ++shown_;
        if (const auto shown = sink_->on_incident(incident, explain(incident)); !shown)
            error_ = shown.error();
    }

    const ExplainOptions &options_;
    std::unique_ptr<Sink> sink_;
    ProgressLine progress_;
    std::optional<Error> error_;
    std::uint64_t shown_ = 0;
    kernel_log::LogReader reader_;
};

} // namespace

ExitStatus run_explain(const ExplainOptions &options)
{
    return Explanation(options).run();
}

} // namespace oomtrace
