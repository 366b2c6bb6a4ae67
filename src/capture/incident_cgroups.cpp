// SPDX-License-Identifier: Apache-2.0
#include "capture/incident_cgroups.h"

#include <algorithm>
#include <utility>

#include "decode/wire_bodies.h"
#include "identity/cgroup_path.h"
#include "reconstruct/memcg_tree.h"

namespace oomtrace
{

void IncidentCgroups::note(const wire_invocation_begin &begin)
{
    trigger_ = begin.trigger.memcg_id;
    fired_ = begin.oom_memcg_id;
    victim_ = 0;
    memcgs_.clear();
}

void IncidentCgroups::note_victim(const wire_task &task)
{
    if (victim_ == 0)
        victim_ = task.memcg_id;
}

void IncidentCgroups::note(const wire_memcg &memcg)
{
    if (auto body = body_of(memcg))
        memcgs_.push_back(std::get<MemcgState>(std::move(*body)));
}

std::vector<NamesReader::Question> IncidentCgroups::questions() const
{
    std::vector<NamesReader::Question> questions;
    const MemcgTree tree(memcgs_);
    for (const std::uint64_t id : {victim_, fired_, trigger_}) {
        for (const MemcgState *const level : tree.chain(id)) {
            const auto path = tree.path(level->id);
            const bool asked = std::ranges::any_of(questions, [&](const auto &other) { return other.memcg_id == level->id; });
            if (asked || !path)
                continue;
            CgroupIdentity identity = identify_cgroup(*path);
            if (identity.container_id || identity.pod_uid)
                questions.push_back({level->id, std::move(identity)});
        }
    }
    return questions;
}

} // namespace oomtrace
