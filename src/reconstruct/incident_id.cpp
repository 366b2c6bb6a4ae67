// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/incident_id.h"

#include <charconv>

#include <fmt/format.h>

namespace oomtrace
{

std::string boot_part(std::string_view boot_id)
{
    return std::string(boot_id.substr(0, 8));
}

std::string live_incident_id(std::string_view boot_id, std::uint64_t episode, std::uint64_t monotonic_ns)
{
    return fmt::format("{}-{}-{:x}", boot_part(boot_id), episode, monotonic_ns);
}

std::optional<LiveIncidentId> read_live_incident_id(std::string_view id)
{
    const std::size_t first = id.find('-');
    const std::size_t last = id.rfind('-');
    if (first == std::string_view::npos || first == last)
        return std::nullopt;
    LiveIncidentId read{boot_part(id.substr(0, first)), 0};
    const std::string_view time = id.substr(last + 1);
    const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), read.monotonic_ns, 16);
    if (error != std::errc() || end != time.data() + time.size())
        return std::nullopt;
    return read;
}

} // namespace oomtrace
