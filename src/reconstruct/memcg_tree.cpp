// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/memcg_tree.h"

#include <algorithm>

#include "oomtrace/wire_record.h"

namespace oomtrace
{

MemcgTree::MemcgTree(std::span<const MemcgState> memcgs)
{
    for (const MemcgState &memcg : memcgs) {
        // The group whose limit fired is read again at the choice: the later reading is the one the kernel reports.
        by_id_.insert_or_assign(memcg.id, &memcg);
    }
}

const MemcgState *MemcgTree::find(std::uint64_t id) const
{
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
}

std::vector<const MemcgState *> MemcgTree::chain(std::uint64_t id) const
{
    std::vector<const MemcgState *> levels;
    for (const MemcgState *level = find(id); level != nullptr; level = find(level->parent_id)) {
        levels.push_back(level);
        // The kernel side climbs no further either. The parents of a damaged recording may go round in a circle.
        if (level->root || levels.size() > WIRE_MAX_MEMCG_DEPTH) {
            break;
        }
    }
    return levels;
}

bool MemcgTree::reaches_root(std::uint64_t id) const
{
    const std::vector<const MemcgState *> levels = chain(id);
    return !levels.empty() && levels.back()->root;
}

std::optional<std::string> MemcgTree::path(std::uint64_t id) const
{
    std::vector<const MemcgState *> levels = chain(id);
    if (levels.empty() || !levels.back()->root) {
        return std::nullopt;
    }
    levels.pop_back();
    std::string path;
    for (const MemcgState *level : levels) {
        path.insert(0, "/" + level->name);
    }
    return path.empty() ? "/" : path;
}

std::optional<bool> MemcgTree::within(std::uint64_t id, std::uint64_t ancestor) const
{
    if (id == ancestor) {
        return true;
    }
    const std::vector<const MemcgState *> levels = chain(id);
    // The parent of the last one is known even where its record is not.
    if (std::ranges::any_of(levels, [&](const MemcgState *level) {
            return level->id == ancestor || (!level->root && level->parent_id == ancestor);
        })) {
        return true;
    }
    return !levels.empty() && levels.back()->root ? std::optional(false) : std::nullopt;
}

} // namespace oomtrace
