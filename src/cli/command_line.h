// SPDX-License-Identifier: Apache-2.0
//
// command_line.h: what the user asked for, as values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "capture/identity_options.h"
#include "cli/agent_command_line.h"
#include "oomtrace/incident_archive.h"
#include "oomtrace/kernel_event.h"
#include "sinks/terminal_sink.h"

namespace oomtrace
{

// How incidents are shown; the same for a live trace and a replay.
struct OutputOptions {
    bool json = false;
    TerminalMode mode = TerminalMode::normal;
    std::optional<std::uint64_t> count; // end after so many incidents
};

struct TraceOptions {
    OutputOptions output;
    IdentityOptions identity;
    std::optional<AttachMethod> method; // empty: auto
    std::optional<std::filesystem::path> record;
    std::optional<std::chrono::nanoseconds> duration;
    std::optional<std::size_t> ring_bytes;                   // empty: sized from the host
    bool since_boot = false;                                 // first the incidents that the kernel remembers from before
    std::optional<std::chrono::nanoseconds> walk_time_limit; // of the tracepoint method's walk; empty: SessionOptions'
};

struct ReplayOptions {
    OutputOptions output;
    std::filesystem::path recording;
};

struct ExplainOptions {
    OutputOptions output;
    std::vector<std::string> files; // "-": the standard input
};

inline constexpr const char *default_store = "/var/lib/oomtrace/incidents.db";

struct HistoryOptions {
    std::filesystem::path store = default_store;
    IncidentFilter filter;            // but for its limit
    std::optional<std::size_t> limit; // empty: a screenful; with json all
    bool json = false;
};

struct ShowOptions {
    std::filesystem::path store = default_store;
    std::string id; // or the beginning of one
    bool json = false, full = false;
};

struct DoctorOptions {
};

struct SelftestOptions {
    std::optional<AttachMethod> method;
};

struct SchemaOptions {
};

using Command = std::variant<TraceOptions, ReplayOptions, ExplainOptions, AgentArguments, HistoryOptions, ShowOptions,
                             DoctorOptions, SelftestOptions, SchemaOptions>;

enum class ExitStatus : std::uint8_t { done = 0, failed = 1, bad_usage = 2 };

// The command; or, when there is nothing more to do, the exit status: --help and --version have been printed to stdout, a
// complaint about the usage to stderr.
std::variant<Command, ExitStatus> parse_command_line(int argc, const char *const *argv);

} // namespace oomtrace
