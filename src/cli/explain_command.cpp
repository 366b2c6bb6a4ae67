// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/error_report.h"
#include "cli/gathered_output.h"
#include "cli/incident_thread.h"
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

// One line on a terminal that is written over until it is gone. For two threads: one reads, the other prints what is found.
class ProgressLine
{
  public:
    ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}
    ProgressLine(const ProgressLine &) = delete;
    ProgressLine &operator=(const ProgressLine &) = delete;
    ~ProgressLine() = default;

    void update(const std::string &path, const LogFileProgress &progress, std::uint64_t reports)
    {
        if (!terminal_ || progress.bytes_read < large_file)
            return;
        const std::unique_lock lock(mutex_, std::try_to_lock);
        if (!lock) // a report is being printed
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

    // Takes it away, and lets none come while the result is there.
    [[nodiscard]] std::unique_lock<std::mutex> clear()
    {
        std::unique_lock lock(mutex_);
        if (std::exchange(shown_, false)) {
            fmt::print(stderr, "\r\x1b[K");
            std::fflush(stderr);
        }
        return lock;
    }

  private:
    std::mutex mutex_;
    bool terminal_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point last_;
};

// Feeds all files to one reader: a report may begin in a log and end in the one it was rotated to.
class Explanation
{
  public:
    explicit Explanation(const ExplainOptions &options)
        : options_(options), reader_([this](kernel_log::FoundReport &&found) { take(std::move(found)); }),
          sink_(make_sink(options.output, out_)),
          thread_([this](const Incident &incident) { show(incident); }, OOMTRACE_VERSION, [this] { hand_on(); })
    {
        gathered_.gather(true);
    }

    ExitStatus run()
    {
        if (const auto started = thread_.start(); !started) {
            report_error(started.error());
            return ExitStatus::failed;
        }
        bool failed = false;
        for (const std::string &path : options_.files) {
            const auto read = read_log_file(path, [&](std::string_view bytes, const LogFileProgress &progress) {
                reader_.feed(bytes);
                thread_.wake();
                progress_.update(path, progress, found_);
                return !is_over();
            });
            if (is_over())
                break;
            reader_.end_of_file();
            if (!read) {
                thread_.drain(); // what came before the error is told before it
                const auto lock = progress_.clear();
                report_error(read.error());
                failed = true;
            }
        }
        if (!is_over())
            reader_.finish();
        thread_.finish();
        hand_on();
        const auto lock = progress_.clear();
        if (error_) {
            report_error(*error_);
            return ExitStatus::failed;
        }
        if (found_ == 0 && !failed) {
            report_error(
                {"find an OOM report in the log", "there is none in it",
                 "look into the log of the time of the kill: dmesg, journalctl -k, /var/log/kern.log, or the one before"});
            return ExitStatus::failed;
        }
        return failed ? ExitStatus::failed : ExitStatus::done;
    }

  private:
    [[nodiscard]] bool enough() const { return options_.output.count && found_ >= *options_.output.count; }
    [[nodiscard]] bool is_over() const { return output_failed_ || enough(); }

    void take(kernel_log::FoundReport &&found)
    {
        if (is_over())
            return;
        ++found_;
        thread_.hand_over(std::move(found));
    }

    // On the thread.
    void show(const Incident &incident)
    {
        if (output_failed_)
            return;
        const Verdict verdict = explain(incident);
        const auto lock = progress_.clear();
        if (const auto shown = sink_->on_incident(incident, verdict); !shown) {
            error_ = shown.error();
            output_failed_ = true;
        }
    }

    // What was shown, when nothing is left to be shown: on the thread, and after it.
    void hand_on()
    {
        const auto lock = progress_.clear();
        gathered_.gather(false);
        if (const auto flushed = sink_->flush(); !flushed && !error_) {
            error_ = flushed.error();
            output_failed_ = true;
        }
        gathered_.gather(true);
    }

    const ExplainOptions &options_;
    ProgressLine progress_;
    std::uint64_t found_ = 0; // reports
    kernel_log::LogReader reader_;
    // The thread's, until it has finished.
    GatheredOutput gathered_{*std::cout.rdbuf()};
    std::ostream out_{&gathered_};
    std::unique_ptr<Sink> sink_;
    std::optional<Error> error_;
    std::atomic<bool> output_failed_ = false; // which the reading thread looks at
    IncidentThread thread_;                   // last: it uses all of the above
};

} // namespace

ExitStatus run_explain(const ExplainOptions &options)
{
    // A report's thousand pieces of memory are given back at once: glibc would keep them apart, to join them again for the
    // next.
    ::mallopt(M_MXFAST, 0);
    return Explanation(options).run();
}

} // namespace oomtrace
