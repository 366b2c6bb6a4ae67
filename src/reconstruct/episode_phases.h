// SPDX-License-Identifier: Apache-2.0
//
// episode_phases.h: the life of an episode, as one table: in which phase, on what input, what is done and what phase follows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace oomtrace
{

enum class Phase : std::uint8_t {
    closed,             // no episode of that id is open
    begun,              // its begin has come, and perhaps the state of memory
    weighing,           // candidates come
    chosen,             // oom_kill_process() was entered
    killing,            // at least one process was signalled or marked; with the tracepoint method the candidates come now
    settling,           // the closing record has come; the collector's records about it are due
    awaiting_aftermath, // what was killed has to exit and give its memory back
};
inline constexpr std::size_t phase_count = 7;

enum class Input : std::uint8_t {
    begin,
    memory, // a node, a zone, a cgroup, the swap, or the retries before
    candidate,
    choice,
    kill,
    end,
    late_kill, // without a sequence number: after the closing record
    reaper,
    exit,
    release,
    symbol, // or what else says who is who, at any time: identities, names of cgroups
    system_state,
    newer_begin, // another episode began: oom_lock serialises them, so this one's capture is over
    deadline,
    stream_end,
};
inline constexpr std::size_t input_count = 15;

enum class Action : std::uint8_t {
    ignore,
    open,
    reopen,  // close the stale twin as incomplete, then open
    salvage, // its begin was lost: open without one if the id is new, else count an orphan
    orphan,  // a piece of no open episode: count it
    store,
    store_misplaced, // keep it, and remember that the records came out of order
    close_capture,   // store the closing record; an aborted scan may turn out to belong to another episode
    give_up_waiting, // for the rest of the capture, or for the collector
    close,
};

struct Transition {
    Phase next;
    Action action;

    bool operator==(const Transition &) const = default;
};

using TransitionRow = std::array<Transition, input_count>; // index: Input
inline constexpr std::array<TransitionRow, phase_count> transitions = [] {
    using enum Action;
    constexpr Phase closed = Phase::closed, begun = Phase::begun, weighing = Phase::weighing, chosen = Phase::chosen,
                    killing = Phase::killing, settling = Phase::settling, awaiting = Phase::awaiting_aftermath;
    // clang-format off
    return std::array<TransitionRow, phase_count>{{
        /* closed */ {{
            /* begin        */ {begun, open},
            /* memory       */ {begun, salvage},
            /* candidate    */ {weighing, salvage},
            /* choice       */ {chosen, salvage},
            /* kill         */ {killing, salvage},
            /* end          */ {settling, salvage},
            /* late_kill    */ {closed, orphan},
            /* reaper       */ {closed, orphan},
            /* exit         */ {closed, orphan},
            /* release      */ {closed, orphan},
            /* symbol       */ {closed, orphan},
            /* system_state */ {closed, orphan},
            /* newer_begin  */ {closed, ignore},
            /* deadline     */ {closed, ignore},
            /* stream_end   */ {closed, ignore},
        }},
        /* begun */ {{
            /* begin        */ {begun, reopen},
            /* memory       */ {begun, store},
            /* candidate    */ {weighing, store},
            /* choice       */ {chosen, store},          // oom_kill_allocating_task: nothing is weighed
            /* kill         */ {killing, store},         // a dying task is marked at once; the tracepoint method begins here
            /* end          */ {settling, close_capture},
            /* late_kill    */ {killing, store_misplaced},
            /* reaper       */ {begun, store_misplaced},
            /* exit         */ {begun, store_misplaced},
            /* release      */ {begun, store_misplaced},
            /* symbol       */ {begun, store},
            /* system_state */ {awaiting, store},        // the collector sends it at the end, so the end was lost
            /* newer_begin  */ {awaiting, give_up_waiting},
            /* deadline     */ {closed, close},
            /* stream_end   */ {closed, close},
        }},
        /* weighing */ {{
            /* begin        */ {begun, reopen},
            /* memory       */ {weighing, store},
            /* candidate    */ {weighing, store},
            /* choice       */ {chosen, store},
            /* kill         */ {killing, store},
            /* end          */ {settling, close_capture},
            /* late_kill    */ {killing, store_misplaced},
            /* reaper       */ {weighing, store_misplaced},
            /* exit         */ {weighing, store_misplaced},
            /* release      */ {weighing, store_misplaced},
            /* symbol       */ {weighing, store},
            /* system_state */ {awaiting, store},
            /* newer_begin  */ {awaiting, give_up_waiting},
            /* deadline     */ {closed, close},
            /* stream_end   */ {closed, close},
        }},
        /* chosen */ {{
            /* begin        */ {begun, reopen},
            /* memory       */ {chosen, store},
            /* candidate    */ {chosen, store_misplaced},
            /* choice       */ {chosen, store_misplaced},
            /* kill         */ {killing, store},
            /* end          */ {settling, close_capture},
            /* late_kill    */ {killing, store_misplaced},
            /* reaper       */ {chosen, store_misplaced},
            /* exit         */ {chosen, store_misplaced},
            /* release      */ {chosen, store_misplaced},
            /* symbol       */ {chosen, store},
            /* system_state */ {awaiting, store},
            /* newer_begin  */ {awaiting, give_up_waiting},
            /* deadline     */ {closed, close},
            /* stream_end   */ {closed, close},
        }},
        /* killing */ {{
            /* begin        */ {begun, reopen},
            /* memory       */ {killing, store},
            /* candidate    */ {killing, store},
            /* choice       */ {killing, store_misplaced},
            /* kill         */ {killing, store},
            /* end          */ {settling, close_capture},
            /* late_kill    */ {killing, store},
            /* reaper       */ {killing, store},         // the victim does not wait for out_of_memory() to return
            /* exit         */ {killing, store},
            /* release      */ {killing, store},
            /* symbol       */ {killing, store},
            /* system_state */ {awaiting, store},
            /* newer_begin  */ {awaiting, give_up_waiting},
            /* deadline     */ {closed, close},
            /* stream_end   */ {closed, close},
        }},
        /* settling */ {{
            /* begin        */ {begun, reopen},
            /* memory       */ {settling, store_misplaced},
            /* candidate    */ {settling, store_misplaced},
            /* choice       */ {settling, store_misplaced},
            /* kill         */ {settling, store_misplaced},
            /* end          */ {settling, store_misplaced},
            /* late_kill    */ {settling, store},
            /* reaper       */ {settling, store},
            /* exit         */ {settling, store},
            /* release      */ {settling, store},
            /* symbol       */ {settling, store},
            /* system_state */ {awaiting, store},
            /* newer_begin  */ {settling, ignore},
            /* deadline     */ {awaiting, give_up_waiting},
            /* stream_end   */ {closed, close},
        }},
        /* awaiting_aftermath */ {{
            /* begin        */ {begun, reopen},
            /* memory       */ {awaiting, store_misplaced},
            /* candidate    */ {awaiting, store_misplaced},
            /* choice       */ {awaiting, store_misplaced},
            /* kill         */ {awaiting, store_misplaced},
            /* end          */ {awaiting, store_misplaced},
            /* late_kill    */ {awaiting, store},
            /* reaper       */ {awaiting, store},
            /* exit         */ {awaiting, store},
            /* release      */ {awaiting, store},
            /* symbol       */ {awaiting, store},
            /* system_state */ {awaiting, store},
            /* newer_begin  */ {awaiting, ignore},
            /* deadline     */ {closed, close},
            /* stream_end   */ {closed, close},
        }},
    }};
    // clang-format on
}();

constexpr Transition transition(Phase phase, Input input)
{
    return transitions[static_cast<std::size_t>(phase)][static_cast<std::size_t>(input)];
}

std::string_view name_of(Phase phase);
std::string_view name_of(Input input);
std::string_view name_of(Action action);

} // namespace oomtrace
