// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "cli/commands.h"
#include "cli/error_report.h"
#include "sinks/incident_schema.h"
#include "sinks/write_text.h"

namespace
{

using namespace oomtrace;

struct RunCommand {
    ExitStatus operator()(const TraceOptions &options) const { return run_trace(options); }
    ExitStatus operator()(const ReplayOptions &options) const { return run_replay(options); }
    ExitStatus operator()(const ExplainOptions &options) const { return run_explain(options); }
    ExitStatus operator()(const HistoryOptions &options) const { return run_history(options); }
    ExitStatus operator()(const ShowOptions &options) const { return run_show(options); }
    ExitStatus operator()(const AgentArguments &arguments) const { return run_agent(arguments); }
    ExitStatus operator()(const DoctorOptions &options) const { return run_doctor(options); }
    ExitStatus operator()(const SelftestOptions &options) const { return run_selftest(options); }
    ExitStatus operator()(const SchemaOptions &) const
    {
        return exit_status(write_text(std::cout, incident_schema(), "write the schema"));
    }
};

} // namespace

int main(int argc, char **argv)
{
    set_up_logging();
    const auto parsed = parse_command_line(argc, argv);
    const auto *const command = std::get_if<Command>(&parsed);
    const ExitStatus status = command ? std::visit(RunCommand{}, *command) : std::get<ExitStatus>(parsed);
    return static_cast<int>(status);
}
