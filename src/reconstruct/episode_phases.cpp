// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/episode_phases.h"

namespace oomtrace
{

std::string_view name_of(Phase phase)
{
    constexpr std::array<std::string_view, phase_count> names = {"closed",  "begun",    "weighing",          "chosen",
                                                                 "killing", "settling", "awaiting_aftermath"};
    const auto index = static_cast<std::size_t>(phase);
    return index < names.size() ? names[index] : "unknown";
}

std::string_view name_of(Input input)
{
    constexpr std::array<std::string_view, input_count> names = {
        "begin", "memory",  "candidate", "choice",       "kill",        "end",      "late_kill", "reaper",
        "exit",  "release", "symbol",    "system_state", "newer_begin", "deadline", "stream_end"};
    const auto index = static_cast<std::size_t>(input);
    return index < names.size() ? names[index] : "unknown";
}

std::string_view name_of(Action action)
{
    switch (action) {
    case Action::ignore:
        return "ignore";
    case Action::open:
        return "open";
    case Action::reopen:
        return "reopen";
    case Action::salvage:
        return "salvage";
    case Action::orphan:
        return "orphan";
    case Action::store:
        return "store";
    case Action::store_misplaced:
        return "store_misplaced";
    case Action::close_capture:
        return "close_capture";
    case Action::give_up_waiting:
        return "give_up_waiting";
    case Action::close:
        return "close";
    }
    return "unknown";
}

} // namespace oomtrace
