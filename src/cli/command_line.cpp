// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "capture/ring_size.h"
#include "cli/agent_command_line.h"
#include "cli/option_values.h"
#include "oomtrace/incident.h"
#include "sinks/moment.h"

namespace oomtrace
{

namespace
{

constexpr const char *description =
    "oomtrace: why did Linux kill that process?\n"
    "Watches the kernel's OOM killer and explains each kill: who asked for memory, what limit fired, every task\n"
    "that was weighed with its score, who was chosen and by what margin, what was killed and what came back.";

// What CLI11 fills; turned into the options' own types when everything has been parsed.
struct Parsed {
    bool json = false, brief = false, full = false, since_boot = false;
    std::uint64_t count = 0;
    int method = 0;
    int cmdline = static_cast<int>(CmdlineMode::program);
    std::string record, recording, ring_size;
    IdentityOptions identity;
    std::vector<std::string> logs;
    double duration_s = 0, walk_time_limit_s = 0;
    HistoryOptions history;
    ShowOptions show;

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

CLI::Validator one_of(std::vector<std::string_view> values)
{
    return CLI::Validator(
        [values = std::move(values)](const std::string &text) {
            if (std::find(values.begin(), values.end(), text) != values.end())
                return std::string();
            return fmt::format("{} is none of {}", text, fmt::join(values, ", "));
        },
        "");
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

std::int64_t realtime_ns()
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void add_store_option(CLI::App &app, std::filesystem::path &store)
{
    app.add_option("--store", store, fmt::format("The agent's store (default: {})", default_store))->type_name("FILE");
}

void add_moment_option(CLI::App &app, const std::string &name, std::optional<std::int64_t> &moment_ns, const std::string &help)
{
    app.add_option_function<std::string>(
           name,
           [&moment_ns, name](const std::string &text) {
               moment_ns = parse_moment(text, realtime_ns());
               if (!moment_ns)
                   throw CLI::ValidationError(name, text + " is no time: give RFC 3339 (2026-03-01T03:12:45Z, 2026-03-01), or "
                                                           "how long ago (90s, 15m, 2h, 3d, 1w)");
           },
           help)
        ->type_name("TIME");
}

void add_history_options(CLI::App &app, HistoryOptions &options)
{
    IncidentFilter &filter = options.filter;
    add_store_option(app, options.store);
    add_moment_option(app, "--since", filter.since_ns, "From this time on: RFC 3339, or how long ago: 2h, 3d");
    add_moment_option(app, "--until", filter.until_ns, "Before this time");
    app.add_option("--cgroup", filter.cgroup, "Of the limit or the victim: this cgroup or one below it")->type_name("PATH");
    app.add_option("--pod", filter.pod, "Of the victim: NAME, or NAMESPACE/NAME")->type_name("POD");
    app.add_option("--unit", filter.unit, "Of the victim: a systemd unit (nginx, session-3.scope)")->type_name("UNIT");
    app.add_option("--comm", filter.comm, "Of the victim")->type_name("NAME");
    app.add_option("--outcome", filter.outcome, "killed, group_kill, no_killable_task, aborted, panic, ...")
        ->check(one_of({name_of(Outcome::killed), name_of(Outcome::group_kill), name_of(Outcome::victim_already_dying),
                        name_of(Outcome::aborted), name_of(Outcome::no_killable_task), name_of(Outcome::notifier_freed),
                        name_of(Outcome::panic), name_of(Outcome::unknown)}))
        ->type_name("OUTCOME");
    app.add_option("--scope", filter.scope, "global, memcg or sysrq")
        ->check(one_of({name_of(Scope::global), name_of(Scope::memcg), name_of(Scope::sysrq), name_of(Scope::unknown)}))
        ->type_name("SCOPE");
    app.add_option("--limit", options.limit, "At most this many, the newest (default: 50; with --json all)")
        ->check(positive())
        ->type_name("N");
    app.add_flag("--json", options.json, "The whole incidents, one JSON object per line, as \"oomtrace --json\" printed them");
}

void add_show_options(CLI::App &app, ShowOptions &options)
{
    add_store_option(app, options.store);
    app.add_option("id", options.id, "Id of the incident, or enough of its beginning to be the only one")
        ->required()
        ->type_name("ID");
    auto *const json = app.add_flag("--json", options.json, "As one JSON object, described by \"oomtrace schema\"");
    app.add_flag("--full", options.full, "Everything: all candidates, all zones, settings, the kernel stack")->excludes(json);
}

void add_trace_options(CLI::App &app, Parsed &parsed)
{
    add_output_options(app, parsed);
    add_method_option(app, parsed.method);
    add_identity_options(app, parsed.cmdline, parsed.identity);
    app.add_option("--record", parsed.record, "Also keep the raw records in FILE, for \"oomtrace replay\"")->type_name("FILE");
    app.add_option("--duration", parsed.duration_s, "End after this many seconds (or 10m, 2h)")
        ->transform(seconds())
        ->check(positive())
        ->type_name("TIME");
    app.add_flag("--since-boot", parsed.since_boot,
                 "First the OOMs from before: what the kernel's log and the dumps in pstore have of them");
    add_ring_size_option(app, parsed.ring_size);
    add_walk_time_limit_option(app, parsed.walk_time_limit_s);
}

TraceOptions trace_options(const Parsed &parsed)
{
    TraceOptions options;
    options.identity = parsed.identity;
    options.identity.cmdline = static_cast<CmdlineMode>(parsed.cmdline);
    options.output = parsed.output();
    options.method = parsed.attach_method();
    options.since_boot = parsed.since_boot;
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
    CLI::App *const history = app.add_subcommand(
        "history", "The incidents that the agent has kept, newest first; reads its store, also while it runs");
    add_history_options(*history, parsed.history);
    CLI::App *const show = app.add_subcommand("show", "One of them, as \"oomtrace trace\" reports it");
    add_show_options(*show, parsed.show);
    CLI::App *const doctor =
        app.add_subcommand("doctor", "What this kernel allows, hook by hook, and what is lost without each");
    CLI::App *const selftest =
        app.add_subcommand("selftest", "Drive a small process out of memory in a scratch cgroup and check the record of it");
    add_method_option(*selftest, parsed.method);
    CLI::App *const agent = app.add_subcommand("agent", "The fleet agent: metrics, store, journal and a page to look at");
    const AgentOptionTable agent_options(*agent);
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
    if (*history)
        return Command(parsed.history);
    if (*show)
        return Command(parsed.show);
    if (*doctor)
        return Command(DoctorOptions{});
    if (*selftest)
        return Command(SelftestOptions{parsed.attach_method()});
    if (*agent) {
        AgentArguments arguments = agent_options.arguments();
        const std::vector<std::string> all(argv + 1, argv + argc);
        arguments.command_line.assign(std::next(std::find(all.begin(), all.end(), "agent")), all.end());
        return Command(std::move(arguments));
    }
    if (*schema)
        return Command(SchemaOptions{});
    return Command(trace_options(parsed));
}

} // namespace oomtrace
