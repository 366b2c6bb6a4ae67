// SPDX-License-Identifier: Apache-2.0
#include "cli/option_values.h"

#include <cstdlib>
#include <map>
#include <string>

#include <fmt/format.h>

#include "capture/identity_options.h"
#include "capture/ring_size.h"
#include "oomtrace/kernel_event.h"

namespace oomtrace
{

namespace
{

const std::map<std::string, int> methods{{"auto", 0},
                                         {"fentry", static_cast<int>(AttachMethod::fentry)},
                                         {"kprobe", static_cast<int>(AttachMethod::kprobe)},
                                         {"tracepoint", static_cast<int>(AttachMethod::tracepoint)}};

const std::map<std::string, int> cmdline_modes{{"program", static_cast<int>(CmdlineMode::program)},
                                               {"full", static_cast<int>(CmdlineMode::full)},
                                               {"none", static_cast<int>(CmdlineMode::none)}};

constexpr std::size_t longest_hostname = 253; // of the DNS

// In place of CLI::CheckedTransformer, whose refusal names numbers that mean nothing to who reads it.
CLI::Validator one_of(const std::map<std::string, int> &names)
{
    return CLI::Validator(
        [&names](std::string &text) -> std::string {
            if (const auto found = names.find(CLI::ignore_case(text)); found != names.end()) {
                text = std::to_string(found->second);
                return {};
            }
            std::string list;
            for (const auto &[name, value] : names)
                list += (list.empty() ? "" : ", ") + name;
            return "\"" + text + "\" is none of " + list;
        },
        "");
}

} // namespace

CLI::Validator positive()
{
    return CLI::Validator([](const std::string &text) { return std::atof(text.c_str()) > 0 ? "" : text + " is not above 0"; },
                          "");
}

CLI::AsNumberWithUnit seconds()
{
    auto units =
        CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"ms", 0.001}},
                              CLI::AsNumberWithUnit::CASE_INSENSITIVE, "");
    units.description("");
    return units;
}

std::chrono::nanoseconds nanoseconds(double seconds)
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

void add_method_option(CLI::App &app, int &method)
{
    app.add_option("--attach", method, "How to hook into the kernel: auto (the best that works), fentry, kprobe or tracepoint")
        ->transform(one_of(methods))
        ->type_name("METHOD");
}

void add_identity_options(CLI::App &app, int &cmdline_mode, IdentityOptions &identity)
{
    app.add_option(
           "--cmdline", cmdline_mode,
           "Of the command lines of trigger and victim: program (the first argument alone; the default), full (they may "
           "hold secrets) or none")
        ->transform(one_of(cmdline_modes))
        ->type_name("MODE");
    app.add_option("--host-root", identity.host_root,
                   "Where the host's / lies, for the names of containers and pods (default: /; /host in a container, say)")
        ->check(CLI::ExistingDirectory.description(""))
        ->type_name("DIR");
    app.add_option("--hostname", identity.hostname,
                   "What incidents call the host (default: its own name, which in a container can be the container's)")
        ->check([](const std::string &text) {
            return !text.empty() && text.size() <= longest_hostname ? std::string()
                                                                    : fmt::format("1 to {} characters", longest_hostname);
        })
        ->type_name("NAME");
}

void add_ring_size_option(CLI::App &app, std::string &ring_size)
{
    app.add_option("--ring-size", ring_size, "Room for records while the collector cannot run (default: one scan of all tasks)")
        ->check([](const std::string &text) {
            const auto size = parse_ring_size(text);
            return size ? std::string() : size.error().reason + "; " + size.error().hint;
        })
        ->type_name("SIZE");
}

void add_walk_time_limit_option(CLI::App &app, double &walk_time_limit_s)
{
    app.add_option("--walk-time-limit", walk_time_limit_s,
                   "With tracepoint: how long the walk over all tasks may hold up a kill, 1ms to 10s (default: 20ms)")
        ->transform(seconds())
        ->check(CLI::Range(0.001, 10.0).description(""))
        ->type_name("TIME");
}

} // namespace oomtrace
