// SPDX-License-Identifier: Apache-2.0
//
// pipeline.h: record source -> decode -> reconstruct -> explain -> sinks. The same for the live ring, a recording and a script.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "cli/command_line.h"
#include "decode/recording.h"
#include "oomtrace/record_source.h"
#include "oomtrace/result.h"
#include "oomtrace/sink.h"

namespace oomtrace
{

struct PipelineOptions {
    std::optional<std::uint64_t> count;     // incidents, those from before the start left out
    RecordingWriter *recorder = nullptr;    // gets every record before it is decoded; may be null
    std::function<std::uint64_t()> now_ns;  // CLOCK_MONOTONIC; empty: the source needs no timeouts
    std::function<void()> on_count_reached; // has the source end; empty: reading just stops
};

struct PipelineTotals {
    std::uint64_t records = 0;
    std::uint64_t incidents = 0;
    std::uint64_t unknown_kinds = 0; // records of a newer tracer, skipped
    std::uint64_t decode_errors = 0;
};

// Runs until the source ends. When the source, the recorder or the sink fails, what is open is still reported, and the first
// error is returned in place of the totals.
Result<PipelineTotals> run_pipeline(RecordSource &source, Sink &sink, const PipelineOptions &options);

// How a command that watched live ends: with what it has seen as its last log line, or with the error.
ExitStatus report_totals(const Result<PipelineTotals> &totals);

} // namespace oomtrace
