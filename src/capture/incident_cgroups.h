// SPDX-License-Identifier: Apache-2.0
//
// incident_cgroups.h: the memory cgroups of the episode that is being captured, and which of them have an owner whose name may
// be in the host's files.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "capture/names_reader.h"
#include "oomtrace/kernel_event.h"
#include "oomtrace/wire_record.h"

namespace oomtrace
{

class IncidentCgroups
{
  public:
    // Each record of an episode, in their order; a begin forgets the episode before.
    void note(const wire_invocation_begin &begin);
    void note(const wire_choice &choice) { note_victim(choice.task); }
    void note(const wire_kill &kill) { note_victim(kill.task); }
    void note(const wire_memcg &memcg);

    // Of the trigger's cgroup, the victim's and the one whose limit fired, and of those above them.
    [[nodiscard]] std::vector<NamesReader::Question> questions() const;

  private:
    void note_victim(const wire_task &task);

    std::uint64_t trigger_ = 0, victim_ = 0, fired_ = 0; // cgroup ids; 0: none so far
    std::vector<MemcgState> memcgs_;
};

} // namespace oomtrace
