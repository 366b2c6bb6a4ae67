// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "capture/ring_size.h"

namespace oomtrace
{

namespace
{

constexpr const char *description =
    "oomtrace: why did Linux kill that process?\n"
    "Watches the kernel's OOM killer and explains each kill: who asked for memory, what limit fired, every task\n"
    "that was weighed with its score, who was chosen and by what margin, what was killed and what came back.";

const std::map<std::string, int> methods{{"auto", 0},
                                         {"fentry", static_cast<int>(AttachMethod::fentry)},
                                         {"kprobe", static_cast<int>(AttachMethod::kprobe)},
                                         {"tracepoint", static_cast<int>(AttachMethod::tracepoint)}};

// What CLI11 fills; turned into the options' own types when everything has been parsed.
struct Parsed {
    bool json = false, brief = false, full = false;
    std::uint64_t count = 0;
    int method = 0;
    std::string record, recording, ring_size;
    std::vector<std::string> logs;
    double duration_s = 0, walk_time_limit_s = 0;

    [[nodiscard]] OutputOptions output() const
    {
        OutputOptions options;
        options.json = json;
        options.mode = brief ? TerminalMode::brief : full ? TerminalMode::full : TerminalMode::normal;
        if (count > 0)
            options.count = count;
        return options;
    }

    [[nodiscard]] std::optional<AttachMethod> attach_method() const
    {
        return method == 0 ? std::nullopt : std::optional(static_cast<AttachMethod>(method));
    }
};

CLI::Validator positive()
{
    return CLI::Validator([](const std::string &text) { return std::atof(text.c_str()) > 0 ? "" : text + " is not above 0"; },
                          "");
}

CLI::AsNumberWithUnit seconds()
{
    auto units = CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}, {"ms", 0.001}},
                                       CLI::AsNumberWithUnit::CASE_INSENSITIVE, "");
    units.description("");
    return units;
}

std::chrono::nanoseconds nanoseconds(double seconds)
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

void add_output_options(CLI::App &app, Parsed &parsed)
{
    auto *const json =
        app.add_flag("--json", parsed.json, "One JSON object per incident and line, described by \"oomtrace schema\"");
    auto *const brief = app.add_flag("--brief", parsed.brief, "One line per incident");
    auto *const full = app.add_flag("--full", parsed.full, "Everything: all candidates, all zones, settings, the kernel stack");
    json->excludes(brief)->excludes(full);
    brief->excludes(full);
    app.add_option("--count", parsed.count, "End after this many incidents")->check(positive())->type_name("N");
}

void add_method_option(CLI::App &app, Parsed &parsed)
{
    app.add_option("--attach", parsed.method,
                   "How to hook into the kernel: auto (the best that works), fentry, kprobe or tracepoint")
        ->transform(CLI::CheckedTransformer(methods, CLI::ignore_case).description(""))
        ->type_name("METHOD");
}

void add_trace_options(CLI::App &app, Parsed &parsed)
{
    add_output_options(app, parsed);
    add_method_option(app, parsed);
    app.add_option("--record", parsed.record, "Also keep the raw records in FILE, for \"oomtrace replay\"")->type_name("FILE");
    app.add_option("--duration", parsed.duration_s, "End after this many seconds (or 10m, 2h)")
        ->transform(seconds())
        ->check(positive())
        ->type_name("TIME");
    app.add_option("--ring-size", parsed.ring_size,
                   "Room for records while the collector cannot run (default: one scan of all tasks)")
        ->check([](const std::string &text) {
            const auto size = parse_ring_size(text);
            return size ? std::string() : size.error().reason + "; " + size.error().hint;
        })
        ->type_name("SIZE");
    app.add_option("--walk-time-limit", parsed.walk_time_limit_s,
                   "With tracepoint: how long the walk over all tasks may hold up a kill, 1ms to 10s (default: 20ms)")
        ->transform(seconds())
        ->check(CLI::Range(0.001, 10.0).description(""))
        ->type_name("TIME");
}

TraceOptions trace_options(const Parsed &parsed)
{
    TraceOptions options;
    options.output = parsed.output();
    options.method = parsed.attach_method();
    if (!parsed.record.empty())
        options.record = parsed.record;
    if (parsed.duration_s > 0)
        options.duration = nanoseconds(parsed.duration_s);
    if (!parsed.ring_size.empty())
        options.ring_bytes = *parse_ring_size(parsed.ring_size);
    if (parsed.walk_time_limit_s > 0)
        options.walk_time_limit = nanoseconds(parsed.walk_time_limit_s);
    return options;
}

} // namespace

std::variant<Command, ExitStatus> parse_command_line(int argc, const char *const *argv)
{
    Parsed parsed;
    CLI::App app(description, "oomtrace");
    app.set_version_flag("--version", "oomtrace " OOMTRACE_VERSION);
    app.require_subcommand(0, 1);
    app.get_formatter()->column_width(26);
    add_trace_options(app, parsed);

    CLI::App *const trace = app.add_subcommand("trace", "Watch live; a report per incident (what \"oomtrace\" alone does)");
    add_trace_options(*trace, parsed);
    CLI::App *const replay = app.add_subcommand("replay", "A recording, through the same pipeline");
    add_output_options(*replay, parsed);
    replay->add_option("recording", parsed.recording, "File written by --record")->required()->type_name("FILE");
    CLI::App *const explain = app.add_subcommand(
        "explain", "The OOM reports in kernel logs (dmesg, journal, syslog, pstore), plain or compressed; needs no root");
    add_output_options(*explain, parsed);
    explain->add_option("log", parsed.logs, "Logs, in the order in which they were written; - or none: the standard input")
        ->type_name("FILE");
    CLI::App *const doctor =
        app.add_subcommand("doctor", "What this kernel allows, hook by hook, and what is lost without each");
    CLI::App *const selftest =
        app.add_subcommand("selftest", "Drive a small process out of memory in a scratch cgroup and check the record of it");
    add_method_option(*selftest, parsed);
    CLI::App *const schema = app.add_subcommand("schema", "Print the JSON Schema of --json");

    try {
        app.parse(argc, argv);
    } catch (const CLI::Success &help) { // --help, --version
        app.exit(help, std::cout, std::cerr);
        return ExitStatus::done;
    } catch (const CLI::ParseError &error) {
        std::cerr << "oomtrace: " << error.what() << "\nRun \"oomtrace --help\" for the options.\n";
        return ExitStatus::bad_usage;
    }

    if (*replay)
        return Command(ReplayOptions{parsed.output(), parsed.recording});
    if (*explain)
        return Command(ExplainOptions{parsed.output(), parsed.logs.empty() ? std::vector<std::string>{"-"} : parsed.logs});
    if (*doctor)
        return Command(DoctorOptions{});
    if (*selftest)
        return Command(SelftestOptions{parsed.attach_method()});
    if (*schema)
        return Command(SchemaOptions{});
    return Command(trace_options(parsed));
}

} // namespace oomtrace
