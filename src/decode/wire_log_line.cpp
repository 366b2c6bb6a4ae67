// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "decode/wire_bodies.h"

namespace oomtrace
{
namespace
{

std::optional<LogEvent> event_of(wire_u16 wire)
{
    switch (wire) {
    case WIRE_LOG_TEXT:
        return LogEvent::text;
    case WIRE_LOG_LISTENING:
        return LogEvent::listening;
    case WIRE_LOG_UNREADABLE:
        return LogEvent::unreadable;
    case WIRE_LOG_OVERWRITTEN:
        return LogEvent::overwritten;
    case WIRE_LOG_BACKLOG_END:
        return LogEvent::backlog_end;
    default:
        return std::nullopt;
    }
}

} // namespace

BodyResult body_of(const wire_log_line &wire)
{
    if (wire.length > sizeof(wire.text)) {
        return tl::unexpected(BadField{"length"});
    }
    const auto event = event_of(wire.event);
    if (!event) {
        return tl::unexpected(BadField{"event"});
    }
    KernelLogLine line;
    line.event = *event;
    line.log_sequence = wire.log_sequence;
    line.text.assign(reinterpret_cast<const char *>(wire.text), wire.length);
    line.more = (wire.flags & WIRE_LOG_MORE) != 0;
    line.before_start = (wire.flags & WIRE_LOG_BEFORE_START) != 0;
    line.earlier_boot = (wire.flags & WIRE_LOG_EARLIER_BOOT) != 0;
    return line;
}

} // namespace oomtrace
