// SPDX-License-Identifier: Apache-2.0
//
// memcg_tree.h: the memory cgroups of one episode, by id and through their parents.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "oomtrace/kernel_event.h"

namespace oomtrace
{

class MemcgTree
{
  public:
    // Keeps pointers into `memcgs`. Of two records with one id the first counts: its counters are those of the first mention.
    explicit MemcgTree(std::span<const MemcgState> memcgs);

    // Null: no record of it came.
    [[nodiscard]] const MemcgState *find(std::uint64_t id) const;
    // From `id` up to the root, as far as there are records.
    [[nodiscard]] std::vector<const MemcgState *> chain(std::uint64_t id) const;
    // Whether the chain from `id` ends at a root: no record of it was lost.
    [[nodiscard]] bool reaches_root(std::uint64_t id) const;
    // As the kernel prints it, "/" at the root. Absent where a record on the way up is missing: a path is never made up.
    [[nodiscard]] std::optional<std::string> path(std::uint64_t id) const;
    // Whether `id` is `ancestor` or below it. Absent: a missing record leaves it open.
    [[nodiscard]] std::optional<bool> within(std::uint64_t id, std::uint64_t ancestor) const;

  private:
    std::unordered_map<std::uint64_t, const MemcgState *> by_id_;
};

} // namespace oomtrace
