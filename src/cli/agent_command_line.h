// SPDX-License-Identifier: Apache-2.0
//
// agent_command_line.h: the options of `oomtrace agent`: one table for the command line and for the configuration file, whose
// lines are "name = value" with the long names. deploy/agent.conf has every one of them with its default.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/agent_options.h"
#include "oomtrace/result.h"

namespace CLI // NOLINT(readability-identifier-naming): not ours
{
class App;
}

namespace oomtrace
{

inline constexpr const char *default_agent_config = "/etc/oomtrace/agent.conf";

// How the agent was started: enough to read the configuration again.
struct AgentArguments {
    std::optional<std::filesystem::path> config; // empty: default_agent_config, if it is there
    bool check_config = false;                   // read it, say what is wrong with it, and end
    std::vector<std::string> command_line;       // what came after "agent"; wins over the file
};

// For --help, and to refuse what is wrong with the command line alone.
class AgentOptionTable
{
  public:
    explicit AgentOptionTable(CLI::App &app);
    AgentOptionTable(const AgentOptionTable &) = delete;
    AgentOptionTable &operator=(const AgentOptionTable &) = delete;
    ~AgentOptionTable();

    [[nodiscard]] AgentArguments arguments() const; // command_line is the caller's to fill
    [[nodiscard]] AgentOptions options() const;

  private:
    struct Values;
    std::unique_ptr<Values> values_;
};

// The file, then the command line. Errors name the file and the line: it cannot be read, no such option, a value that the
// option does not take, a line that is no "name = value".
Result<AgentOptions> load_agent_options(const AgentArguments &arguments);

} // namespace oomtrace
