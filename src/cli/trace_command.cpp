// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "cli/commands.h"
#include "cli/error_report.h"
#include "cli/output.h"
#include "cli/pipeline.h"
#include "cli/stop_signal.h"
#include "cli/tracer_setup.h"
#include "host/monotonic_clock.h"

namespace oomtrace
{

namespace
{

struct Recording {
    std::ofstream file;
    std::optional<RecordingWriter> writer;
};

Result<void> start_recording(const std::filesystem::path &path, Recording &recording)
{
    recording.file.open(path, std::ios::binary | std::ios::trunc);
    if (!recording.file)
        return fail_errno(fmt::format("open {} for the recording", path.string()), errno,
                          "give a file in a directory that exists and can be written to");
    auto writer = RecordingWriter::start(recording.file, path.string());
    if (!writer)
        return tl::unexpected(writer.error());
    recording.writer = std::move(*writer);
    return {};
}

void announce(const KernelSession &session)
{
    std::string without;
    for (const HookStatus &status : session.attempt().hooks) {
        if (status.state == HookStatus::State::refused ||
            (status.state == HookStatus::State::not_there && status.hook->role != HookRole::badness_part))
            without += fmt::format("{}{} ({})", without.empty() ? "" : "; ", status.hook->target, status.reason);
    }
    if (!without.empty())
        spdlog::info("not attached: {}", without);
    spdlog::info("watching by {}; Ctrl-C ends", name_of(session.method()));
}

Result<PipelineTotals> trace(const TraceOptions &options)
{
    const auto stop = StopSignal::catch_signals();
    if (!stop)
        return tl::unexpected(stop.error());
    auto setup = set_up_tracer();
    if (!setup)
        return tl::unexpected(setup.error());
    set_options(**setup, options);

    Recording recording;
    if (options.record) {
        if (auto started = start_recording(*options.record, recording); !started)
            return tl::unexpected(started.error());
    }
    std::unique_ptr<NamesReader> names; // outlives the source
    auto source = LiveSource::start((*setup)->session, (*setup)->host, std::move((*setup)->kernel), (*setup)->system,
                                    stop->fd(), {.since_boot = options.since_boot});
    if (!source)
        return tl::unexpected(source.error());
    if (options.duration) {
        if (auto timer = (*source)->stop_after(*options.duration); !timer)
            return tl::unexpected(timer.error());
    }
    protect_tracer();
    if (auto reader = NamesReader::start(options.identity.host_root); reader) {
        names = std::move(*reader);
        (*source)->read_names(*names);
    } else {
        report_warning(reader.error());
    }
    announce((*source)->session());

    const auto sink = make_sink(options.output);
    return run_pipeline(**source, *sink,
                        {.count = options.output.count,
                         .recorder = recording.writer ? &*recording.writer : nullptr,
                         .now_ns = monotonic_now_ns,
                         .on_count_reached = [&] { (*source)->stop(WIRE_END_COUNT_REACHED); }});
}

} // namespace

ExitStatus run_trace(const TraceOptions &options)
{
    return report_totals(trace(options));
}

} // namespace oomtrace
