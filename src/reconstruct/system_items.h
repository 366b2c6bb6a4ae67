// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "oomtrace/kernel_event.h"

namespace oomtrace
{

// `item` is one of enum wire_system_item. Absent: user space could not read it, or the record did not come.
inline std::optional<std::int64_t> system_item(const std::optional<SystemState> &system, std::uint32_t item)
{
    if (!system) {
        return std::nullopt;
    }
    const auto found = system->value.find(item);
    return found == system->value.end() ? std::nullopt : std::optional(found->second);
}

} // namespace oomtrace
