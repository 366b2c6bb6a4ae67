// SPDX-License-Identifier: Apache-2.0
#include "cli/pipeline.h"

#include <algorithm>

#include <spdlog/spdlog.h>

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
        if (options_.recorder) {
            if (auto flushed = options_.recorder->flush(); !flushed)
                keep(flushed.error());
        }
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
                // The trace goes on: a full disk must not blind it.
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
        if (const auto *losses = std::get_if<LossTotals>(&event->body)) {
            if (auto told = sink_.on_loss(*losses); !told)
                keep(told.error());
        }
        if (sink_failed_)
            return false;
        if (!count_reached_ && options_.count && totals_.incidents >= *options_.count) {
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
            if (auto written = sink_.on_incident(incident, explain(incident)); !written) {
                keep(written.error());
                sink_failed_ = true;
            }
        }
        // A recording that is cut off later still holds what has been shown.
        if (!incidents.empty() && options_.recorder) {
            if (auto flushed = options_.recorder->flush(); !flushed)
                keep(flushed.error());
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
    std::optional<Error> error_;
    bool sink_failed_ = false;
    bool count_reached_ = false;
};

} // namespace

Result<PipelineTotals> run_pipeline(RecordSource &source, Sink &sink, const PipelineOptions &options)
{
    return Pipeline(source, sink, options).run();
}

} // namespace oomtrace
