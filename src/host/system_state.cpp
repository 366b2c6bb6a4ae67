// SPDX-License-Identifier: Apache-2.0
#include "host/system_state.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "host/proc_file.h"

namespace oomtrace
{

namespace
{

// The kernel allocates as many bytes as a read of a sysctl asks for, so ask for little.
constexpr std::size_t sysctl_buffer_size = 128;
// /proc/vmstat was 4.5 KiB in 6.18 and /proc/meminfo 1.5 KiB.
constexpr std::size_t table_buffer_size = 16384;

void set(wire_system_state &state, wire_system_item item, std::optional<std::int64_t> value, std::int64_t unit = 1)
{
    std::int64_t scaled = 0;
    if (!value || __builtin_mul_overflow(*value, unit, &scaled))
        return;
    state.value[item] = scaled;
    state.valid |= 1ULL << item;
}

void read_lowmem_reserve_ratio(wire_system_state &state, std::string_view text)
{
    auto rest = first_line(text);
    while (state.lowmem_reserve_ratio_count < WIRE_MAX_ZONES) {
        const auto begin = rest.find_first_not_of(" \t");
        if (begin == std::string_view::npos)
            return;
        rest.remove_prefix(begin);
        const auto value = parse_unsigned(rest);
        if (!value)
            return;
        state.lowmem_reserve_ratio[state.lowmem_reserve_ratio_count++] = static_cast<wire_u32>(*value);
        rest.remove_prefix(std::min(rest.find_first_of(" \t"), rest.size()));
    }
}

// "0.14 0.08 0.04 1/87 7947": the second number of the fourth field counts the threads that exist.
std::optional<std::int64_t> threads_of_loadavg(std::string_view text)
{
    const auto slash = text.find('/');
    return slash == std::string_view::npos ? std::nullopt : parse_integer(text.substr(slash + 1));
}

} // namespace

SystemStateReader::SystemStateReader(const std::filesystem::path &root)
    : lowmem_reserve_ratio_(open_for_reading(under_root(root, "/proc/sys/vm/lowmem_reserve_ratio"))),
      meminfo_(open_for_reading(under_root(root, "/proc/meminfo"))),
      vmstat_(open_for_reading(under_root(root, "/proc/vmstat"))), loadavg_(open_for_reading(under_root(root, "/proc/loadavg")))
{
    for (std::size_t i = 0; i < sysctls.size(); ++i)
        sysctl_fds_[i] = open_for_reading(under_root(root, sysctls[i].path));
    static_cast<void>(read());
}

wire_system_state SystemStateReader::read() const
{
    wire_system_state state{};
    state.header.size = sizeof(state);
    state.header.kind = WIRE_SYSTEM_STATE;

    char small[sysctl_buffer_size];
    for (std::size_t i = 0; i < sysctls.size(); ++i)
        set(state, sysctls[i].item, parse_integer(read_from_start(sysctl_fds_[i].get(), small)));
    read_lowmem_reserve_ratio(state, read_from_start(lowmem_reserve_ratio_.get(), small));
    set(state, WIRE_SYS_PROCESSES, threads_of_loadavg(read_from_start(loadavg_.get(), small)));

    char table[table_buffer_size];
    const auto meminfo = read_from_start(meminfo_.get(), table);
    set(state, WIRE_SYS_TOTAL_RAM_BYTES, value_of(meminfo, "MemTotal:"), 1024);
    set(state, WIRE_SYS_TOTAL_SWAP_BYTES, value_of(meminfo, "SwapTotal:"), 1024);
    set(state, WIRE_SYS_FREE_SWAP_BYTES, value_of(meminfo, "SwapFree:"), 1024);
    set(state, WIRE_SYS_HUGEPAGES_TOTAL, value_of(meminfo, "HugePages_Total:"));
    set(state, WIRE_SYS_HUGEPAGES_FREE, value_of(meminfo, "HugePages_Free:"));
    set(state, WIRE_SYS_HUGEPAGE_SIZE_BYTES, value_of(meminfo, "Hugepagesize:"), 1024);

    set(state, WIRE_SYS_VMSTAT_OOM_KILL, value_of(read_from_start(vmstat_.get(), table), "oom_kill"));
    return state;
}

} // namespace oomtrace
