// SPDX-License-Identifier: Apache-2.0
//
// wire_bodies.h: what each kind of record says, one overload per wire struct. wire_decoder.cpp calls them through a table made
// from WIRE_KINDS, so that a kind without an overload does not compile.
#pragma once

#include <tl/expected.hpp>

#include "oomtrace/kernel_event.h"
#include "oomtrace/wire_record.h"

namespace oomtrace
{

// Which field could not be what it says: "stack_depth". A string literal.
struct BadField {
    const char *name = "";
};

using BodyResult = tl::expected<EventBody, BadField>;

BodyResult body_of(const wire_invocation_begin &wire);
BodyResult body_of(const wire_candidate &wire);
BodyResult body_of(const wire_choice &wire);
BodyResult body_of(const wire_kill &wire);
BodyResult body_of(const wire_node &wire);
BodyResult body_of(const wire_zone &wire);
BodyResult body_of(const wire_memcg &wire);
BodyResult body_of(const wire_invocation_end &wire);
BodyResult body_of(const wire_reaper &wire);
BodyResult body_of(const wire_exit &wire);
BodyResult body_of(const wire_mm_released &wire);
BodyResult body_of(const wire_swap &wire);
BodyResult body_of(const wire_host &wire);
BodyResult body_of(const wire_system_state &wire);
BodyResult body_of(const wire_symbol &wire);
BodyResult body_of(const wire_clock &wire);
BodyResult body_of(const wire_loss &wire);
BodyResult body_of(const wire_stream_end &wire);
BodyResult body_of(const wire_retries &wire);
BodyResult body_of(const wire_kill_counts &wire);
BodyResult body_of(const wire_process_identity &wire);
BodyResult body_of(const wire_cgroup_names &wire);
BodyResult body_of(const wire_log_line &wire);

} // namespace oomtrace
