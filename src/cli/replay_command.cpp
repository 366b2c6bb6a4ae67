// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <fstream>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "cli/commands.h"
#include "cli/error_report.h"
#include "cli/output.h"
#include "cli/pipeline.h"

namespace oomtrace
{

namespace
{

Result<PipelineTotals> replay(const ReplayOptions &options)
{
    std::ifstream file(options.recording, std::ios::binary);
    if (!file)
        return fail_errno(fmt::format("open the recording {}", options.recording.string()), errno,
                          "give the file that \"oomtrace trace --record FILE\" wrote");
    auto source = RecordingSource::open(file, options.recording.string());
    if (!source)
        return tl::unexpected(source.error());
    const auto sink = make_sink(options.output);
    return run_pipeline(**source, *sink,
                        {.count = options.output.count, .recorder = nullptr, .now_ns = {}, .on_count_reached = {}});
}

} // namespace

ExitStatus run_replay(const ReplayOptions &options)
{
    const auto totals = replay(options);
    if (!totals) {
        report_error(totals.error());
        return ExitStatus::failed;
    }
    if (totals->unknown_kinds > 0)
        spdlog::warn("skipped {} records of kinds that this version does not know", totals->unknown_kinds);
    if (totals->decode_errors > 0) {
        report_error({fmt::format("read {} whole", options.recording.string()),
                      fmt::format("{} of {} records are damaged and were skipped", totals->decode_errors, totals->records),
                      {}});
        return ExitStatus::failed;
    }
    return ExitStatus::done;
}

} // namespace oomtrace
