// SPDX-License-Identifier: Apache-2.0
#include "badness/badness_history.h"

#include <algorithm>
#include <limits>

namespace oomtrace
{
namespace
{

constexpr std::int32_t oom_disable = -17;

// Rounded down, as the kernel's int_sqrt().
std::uint64_t integer_square_root(std::uint64_t value)
{
    std::uint64_t root = 0;
    for (std::uint64_t bit = 1ULL << 31; bit != 0; bit >>= 1) {
        const std::uint64_t candidate = root | bit;
        if (candidate * candidate <= value) {
            root = candidate;
        }
    }
    return root;
}

std::uint64_t divided_by_root(std::uint64_t points, std::uint64_t root)
{
    return root != 0 ? points / root : points;
}

std::uint64_t at_least_one(std::int64_t points)
{
    return points > 0 ? static_cast<std::uint64_t>(points) : 1;
}

} // namespace

std::uint64_t badness_classic(const ClassicTask &task, ClassicBadness version)
{
    if (version == ClassicBadness::v2_6_32 && task.oom_adj == oom_disable) {
        return 0;
    }
    if (!task.has_mm) {
        return 0;
    }
    if (task.asked_to_be_first) {
        return std::numeric_limits<std::uint64_t>::max();
    }
    std::uint64_t points = task.total_vm_pages;
    for (const std::uint64_t child : task.children_vm_pages) {
        points += child / 2 + 1;
    }
    points = divided_by_root(points, integer_square_root(task.cpu_time));
    points = divided_by_root(points, integer_square_root(integer_square_root(task.run_time)));
    if (task.nice > 0) {
        points *= 2;
    }
    if (task.superuser) {
        points /= 4;
    }
    if (task.raw_io) {
        points /= 4;
    }
    if (!task.mems_intersect) {
        points /= 8;
    }
    const std::int32_t adj = std::clamp(task.oom_adj, oom_disable, 15);
    if (adj > 0) {
        if (version == ClassicBadness::v2_6_32) {
            points = std::max<std::uint64_t>(points, 1);
        }
        points <<= static_cast<unsigned>(adj);
    } else {
        points >>= static_cast<unsigned>(-adj);
    }
    return points;
}

std::uint32_t badness_per_mille(const PagesTask &task, std::uint64_t total_pages, PerMilleBadness version)
{
    const bool with_page_tables = version == PerMilleBadness::v2_6_39;
    const std::uint64_t pages = task.rss_pages + task.swap_pages + (with_page_tables ? task.page_table_pages : 0);
    auto points = static_cast<std::int64_t>(pages * 1000 / std::max<std::uint64_t>(total_pages, 1));
    points -= task.sys_admin ? 30 : 0;
    points += task.oom_score_adj;
    const std::int64_t lowest = with_page_tables ? 1 : 0;
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(points, lowest, 1000));
}

std::uint64_t badness_root_bonus(const PagesTask &task, std::uint64_t total_pages, RootBonus bonus)
{
    auto points = static_cast<std::int64_t>(task.rss_pages + task.swap_pages + task.page_table_pages);
    std::int64_t adj = task.oom_score_adj;
    if (task.sys_admin && bonus == RootBonus::of_the_domain) {
        adj -= 30;
    }
    if (task.sys_admin && bonus == RootBonus::of_the_task) {
        points -= static_cast<std::int64_t>(static_cast<std::uint64_t>(points) * 3) / 100;
    }
    // Unsigned, so that a hostile size wraps as the kernel's long does and is not undefined.
    points =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(points) + static_cast<std::uint64_t>(adj) * (total_pages / 1000));
    return at_least_one(points);
}

} // namespace oomtrace
