// SPDX-License-Identifier: Apache-2.0
#include "reconstruct/processes.h"

namespace oomtrace
{

Process process_of(const TaskSnapshot &task, const MemcgTree &memcgs)
{
    Process process;
    process.pid = task.pid;
    process.tgid = task.tgid;
    process.ppid = task.ppid;
    process.uid = task.uid;
    process.start_boottime_ns = task.start_boottime_ns;
    process.comm = task.comm;
    process.oom_score_adj = task.oom_score_adj;
    process.threads = task.threads;
    process.cgroup = memcgs.path(task.memcg_id);
    return process;
}

ProcessMemory memory_of(const MmSnapshot &mm, RssReading reading, const PageUnits &units)
{
    const RssPages rss = rss_as_read(mm, reading);
    ProcessMemory memory;
    memory.total_vm_bytes = units.bytes(mm.total_vm_pages);
    memory.rss_anon_bytes = units.bytes_clamped(rss.anon);
    memory.rss_file_bytes = units.bytes_clamped(rss.file);
    memory.rss_shmem_bytes = units.bytes_clamped(rss.shmem);
    memory.swap_bytes = units.bytes_clamped(rss.swap);
    memory.pgtables_bytes = mm.pgtables_bytes;
    memory.mm = mm.mm;
    return memory;
}

} // namespace oomtrace
