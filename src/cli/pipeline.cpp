// SPDX-License-Identifier: Apache-2.0
#include "cli/pipeline.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "cli/error_report.h"
#include "decode/wire_decoder.h"
#include "explain/explain.h"
#include "reconstruct/reconstructor.h"

namespace oomtrace
{

namespace
{

class Pipeline
{
  public:
    Pipeline(RecordSource &source, Sink &sink, const PipelineOptions &options) : source_(source), sink_(sink), options_(options)
    {
    }

    Result<PipelineTotals> run()
    {
        FinishReason reason = FinishReason::stopped;
        for (bool more = true; more;) {
            const auto record = source_.next(timeout());
            if (!record) {
                keep(record.error());
                reason = FinishReason::truncated;
                break;
            }
            more = record->has_value() && take(**record);
        }
        if (!count_reached_)
            deliver(reconstructor_.finish(reason));
        if (auto flushed = sink_.flush(); !flushed)
            keep(flushed.error());
        flush_recorder();
        if (error_)
            return tl::unexpected(*error_);
        return totals_;
    }

  private:
    [[nodiscard]] std::optional<std::chrono::nanoseconds> timeout() const
    {
        const auto deadline = reconstructor_.next_deadline_ns();
        if (!deadline || !options_.now_ns)
            return std::nullopt;
        const std::uint64_t now = options_.now_ns();
        return std::chrono::nanoseconds(*deadline > now ? *deadline - now : 0);
    }

    // False: nothing more is to be read.
    bool take(std::span<const std::byte> record)
    {
        ++totals_.records;
        if (options_.recorder) {
            if (auto appended = options_.recorder->append(record); !appended) {
                keep(appended.error());
                recorder_failed();
            }
        }
        const auto event = decode(record);
        if (!event) {
            count_undecoded(event.error());
            return true;
        }
        deliver(reconstructor_.on_event(*event));
        // Not while an episode is open: see RecordingWriter::append().
        if (!reconstructor_.next_deadline_ns())
            flush_recorder();
        if (const auto *losses = std::get_if<LossTotals>(&event->body)) {
            if (auto told = sink_.on_loss(*losses); !told)
                keep(told.error());
        }
        if (sink_failed_)
            return false;
        if (!count_reached_ && options_.count && counted_ >= *options_.count) {
            count_reached_ = true;
            if (!options_.on_count_reached)
                return false;
            options_.on_count_reached();
        }
        return true;
    }

    void count_undecoded(const DecodeError &error)
    {
        if (error.kind == DecodeErrorKind::unknown_kind) {
            ++totals_.unknown_kinds;
            return;
        }
        if (totals_.decode_errors++ == 0)
            spdlog::warn("skipped a record: {}: {}", error.attempted, error.reason);
    }

    void deliver(const std::vector<Incident> &incidents)
    {
        for (const Incident &incident : incidents) {
            ++totals_.incidents;
            counted_ += incident.before_start ? 0 : 1;
            if (auto written = sink_.on_incident(incident, explain(incident)); !written) {
                keep(written.error());
                sink_failed_ = true;
            }
        }
        // A recording that is cut off later still holds what has been shown.
        if (!incidents.empty())
            flush_recorder();
    }

    void flush_recorder()
    {
        if (!options_.recorder)
            return;
        if (auto flushed = options_.recorder->flush(); !flushed) {
            // The trace goes on: a full disk must not blind it.
            keep(flushed.error());
            recorder_failed();
        }
    }

    void keep(const Error &error)
    {
        if (!error_)
            error_ = error;
    }

    void recorder_failed() { options_.recorder = nullptr; }

    RecordSource &source_;
    Sink &sink_;
    PipelineOptions options_;
    Reconstructor reconstructor_;
    PipelineTotals totals_;
    std::uint64_t counted_ = 0;
    std::optional<Error> error_;
    bool sink_failed_ = false;
    bool count_reached_ = false;
};

} // namespace

Result<PipelineTotals> run_pipeline(RecordSource &source, Sink &sink, const PipelineOptions &options)
{
    return Pipeline(source, sink, options).run();
}

ExitStatus report_totals(const Result<PipelineTotals> &totals)
{
    if (!totals) {
        report_error(totals.error());
        return ExitStatus::failed;
    }
    spdlog::info("{} incident{} in {} records", totals->incidents, totals->incidents == 1 ? "" : "s", totals->records);
    return ExitStatus::done;
}

} // namespace oomtrace
