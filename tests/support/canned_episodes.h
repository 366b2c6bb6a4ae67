// SPDX-License-Identifier: Apache-2.0
//
// canned_episodes.h: one OOM of a cgroup on v2, as each method of attachment sends it, from the host's record to the end of the
// stream. /app may use 50,000 pages; /app/web holds `leaky`, which is killed, `helper`, which is the runner-up, and `guard`,
// which must not be killed; /app/db holds `store`. /other is another cgroup. 1 GiB of RAM, no swap.
#pragma once

#include "support/wire_builder.h"

namespace oomtrace::test
{

inline constexpr std::uint64_t root_id = 1, app_id = 10, web_id = 11, db_id = 12, other_id = 20;
inline constexpr std::uint64_t app_max_pages = 50'000;
inline constexpr std::uint64_t node_present_pages = 262'144;
inline constexpr std::uint64_t first_frame = 0xffff'ffff'8100'1000, second_frame = 0xffff'ffff'8100'2000;

// Pages of page tables are part of the score: leaky 40,000 + 100 + 80, helper 5,000 + 20 + 200 * 50, store 4,000 + 10.
inline Task leaky()
{
    return Task(100, "leaky").memcg(web_id).total_vm(60'000).anon(40'000).file(100).pgtables_bytes(80 * 4096);
}
inline Task helper()
{
    return Task(101, "helper").memcg(web_id).anon(5'000).pgtables_bytes(20 * 4096).adj(200);
}
inline Task guard()
{
    return Task(102, "guard").memcg(web_id).anon(900).adj(-1000);
}
inline Task store()
{
    return Task(103, "store").memcg(db_id).anon(4'000).pgtables_bytes(10 * 4096);
}
inline Task bystander()
{
    return Task(104, "bystander").memcg(other_id).anon(90'000);
}
inline constexpr std::int64_t leaky_points = 40'180, helper_points = 15'020, store_points = 4'010;

inline void add_memcgs(Stream &stream)
{
    stream.memcg(root_id, 0, "")
        .memcg(app_id, root_id, "app",
               [](wire_memcg &wire) {
                   wire.memory.usage = app_max_pages - 1;
                   wire.memory.max = app_max_pages;
                   wire.memory.failcnt = 77;
               })
        .memcg(web_id, app_id, "web", [](wire_memcg &wire) { wire.memory.usage = 45'900; })
        .memcg(db_id, app_id, "db", [](wire_memcg &wire) { wire.memory.usage = 4'000; });
}

inline void add_memory(Stream &stream)
{
    stream.node(0, node_present_pages).zone(0, 2, "Normal", [](wire_zone &wire) {
        wire.managed_pages = 250'000;
        wire.present_pages = wire.spanned_pages = node_present_pages;
        wire.watermark[0] = 1'000;
        wire.watermark[1] = 1'250;
        wire.watermark[2] = 1'500;
        wire.stat[WIRE_ZONE_FREE] = 120'000;
    });
}

inline void add_aftermath(Stream &stream, const Task &victim = leaky())
{
    stream.after(20'000'000).released(victim, [](wire_mm_released &wire) {
        wire.memcg_id = app_id;
        wire.memcg_usage = 9'900;
    });
    stream.after(1'000'000).exit(victim);
}

inline Stream memcg_episode_fentry()
{
    Stream stream;
    stream.host().begin_episode(7).begin(leaky(), app_id, [](wire_invocation_begin &wire) {
        wire.stack[0] = first_frame;
        wire.stack[1] = second_frame;
        wire.stack_depth = 2;
    });
    add_memcgs(stream);
    add_memory(stream);
    stream.candidate(leaky(), leaky_points)
        .candidate(helper(), helper_points)
        .candidate(guard(), not_eligible)
        .candidate(store(), store_points)
        .choice(leaky(), leaky_points, app_max_pages)
        .kill(leaky(), WIRE_KILL_SIGNAL)
        .kill(leaky(), WIRE_KILL_MARK)
        .end(WIRE_OUTCOME_KILLED,
             [](wire_invocation_end &wire) {
                 wire.returned = 1;
                 wire.returned_valid = 1;
             })
        .symbol(first_frame, "out_of_memory")
        .symbol(second_frame, "mem_cgroup_out_of_memory")
        .system_state();
    add_aftermath(stream);
    return stream.stream_end();
}

inline Stream memcg_episode_tracepoint()
{
    Stream stream;
    stream.host([](wire_host &wire) { wire.attach_method = WIRE_ATTACH_TRACEPOINT; })
        .begin_episode(7)
        .begin(leaky(), 0, [](wire_invocation_begin &wire) {
            wire.attach_method = WIRE_ATTACH_TRACEPOINT;
            wire.valid = WIRE_BEGIN_MEMS_ALLOWED;
        });
    add_memcgs(stream);
    stream.memcg(other_id, root_id, "other");
    add_memory(stream);
    // Inside mark_oom_victim() the victim is one already.
    stream.kill(leaky().fact(WIRE_TASK_OOM_VICTIM), WIRE_KILL_MARK)
        .unscored_candidate(leaky().fact(WIRE_TASK_OOM_VICTIM))
        .unscored_candidate(helper())
        .unscored_candidate(guard())
        .unscored_candidate(store())
        .unscored_candidate(bystander())
        .end(WIRE_OUTCOME_UNKNOWN,
             [](wire_invocation_end &wire) {
                 wire.walk_stop = WIRE_WALK_COMPLETE;
                 wire.walk_ns = 40'000;
             })
        .system_state();
    add_aftermath(stream);
    return stream.stream_end();
}

} // namespace oomtrace::test
