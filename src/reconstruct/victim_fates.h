// SPDX-License-Identifier: Apache-2.0
//
// victim_fates.h: what has become of the processes that an episode killed, as far as it decides when the episode is over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace oomtrace
{

// Every call is logarithmic in the number of processes, so that a group of many thousands, or a hostile recording, cannot
// hold up the stream.
class VictimFates
{
  public:
    // `mm` is 0 where it is not known. A second record about the same process adds what the first did not know.
    void note_kill(std::uint32_t tgid, std::uint64_t mm);
    // The last thread of `tgid` is exiting.
    void note_exit(std::uint32_t tgid, std::uint64_t time_ns);
    // Settles every process with that mm, also one whose kill is only noted later.
    void note_release(std::uint32_t tgid, std::uint64_t mm, std::uint64_t time_ns);

    [[nodiscard]] bool killed(std::uint32_t tgid) const { return fates_.contains(tgid); }
    // Of a process that was killed: it has not been noted yet.
    [[nodiscard]] bool awaits_exit(std::uint32_t tgid) const;
    [[nodiscard]] bool awaits_release(std::uint32_t tgid) const;
    // The first process that was killed with this mm, if its release has not been noted yet.
    [[nodiscard]] std::optional<std::uint32_t> waits_for(std::uint64_t mm) const;
    // When nothing more is to be waited for: each process exited and its mm released (the kernel decides by version which comes
    // first), or `grace_ns` after its exit where the mm is not known. Absent: something is still to come of at least one.
    [[nodiscard]] std::optional<std::uint64_t> settled_ns(std::uint64_t grace_ns) const;

  private:
    struct Fate {
        std::uint64_t mm = 0;
        std::optional<std::uint64_t> exited_ns, released_ns;
    };

    // Fills what `fate` does not know yet, and keeps the sets below in step.
    void update(Fate &fate, std::optional<std::uint64_t> exited_ns, std::optional<std::uint64_t> released_ns);
    void enter(const Fate &fate);
    void leave(const Fate &fate);

    std::unordered_map<std::uint32_t, Fate> fates_;
    std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> waiting_for_mm_; // mm -> processes, until its release
    std::unordered_map<std::uint32_t, std::uint64_t> exits_, releases_by_tgid_;    // of processes whose kill may still come
    std::unordered_map<std::uint64_t, std::uint64_t> releases_by_mm_;
    std::size_t pending_ = 0;                           // something is still to come
    std::multiset<std::uint64_t> exit_ns_, settled_ns_; // of those without an mm: the exit; the later of exit and release
};

} // namespace oomtrace
