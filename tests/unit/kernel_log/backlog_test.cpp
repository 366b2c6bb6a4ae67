// SPDX-License-Identifier: Apache-2.0
// What the kernel remembered from before the start, through the whole of decode and reconstruct.
#include "kernel_log/backlog.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/canned_episodes.h"
#include "support/replay.h"
#include "support/report_file.h"

namespace oomtrace::test
{
namespace
{

// Two OOMs of the dump, two of this boot: of a group, and one that SysRq asked for.
Stream remembered()
{
    Stream stream;
    stream.host().log_event(WIRE_LOG_LISTENING);
    for (const std::string &line : lines_of(report_text("memcg_v2-6.12.txt")))
        stream.log_line(line, WIRE_LOG_BEFORE_START | WIRE_LOG_EARLIER_BOOT);
    for (const std::string &line : lines_of(report_text("group_and_sysrq-6.12.kmsg.txt")))
        stream.log_line(line, WIRE_LOG_BEFORE_START);
    return stream;
}

TEST(Backlog, GivesTheIncidentsFromBeforeAtItsEnd)
{
    Stream stream = remembered();
    EXPECT_TRUE(replay({stream.records().begin(), stream.records().end() - 1}).size() > 0); // finish() has them too
    Reconstructor reconstructor;
    std::vector<Incident> incidents;
    feed(reconstructor, stream.records(), incidents);
    EXPECT_TRUE(incidents.empty());
    stream.log_event(WIRE_LOG_BACKLOG_END, WIRE_LOG_BEFORE_START);
    feed(reconstructor, {stream.records().back()}, incidents);
    ASSERT_EQ(incidents.size(), 4U);
    for (const Incident &incident : incidents) {
        EXPECT_TRUE(incident.before_start);
        EXPECT_EQ(incident.host.attach_method, AttachMethod::kernel_log);
        EXPECT_EQ(incident.host.hostname, "box");
    }
    EXPECT_EQ(incidents[0].host.boot_id, "");
    EXPECT_EQ(incidents[0].realtime_ns, 0);
    EXPECT_EQ(incidents[2].host.boot_id, "01234567-89ab-cdef-0123-456789abcdef");
    EXPECT_EQ(incidents[2].monotonic_ns, 6'761'873'000U);
    EXPECT_EQ(incidents[2].realtime_ns, 1'700'000'006'761'873'000);
    EXPECT_EQ(incidents[3].scope, Scope::sysrq);
}

TEST(Backlog, LeavesOutWhatItsOwnRecordsTell)
{
    Stream stream = remembered();
    stream.begin_episode(7).begin(Task(154, "eater"), app_id).kill(Task(154, "eater"), WIRE_KILL_MARK);
    stream.log_event(WIRE_LOG_BACKLOG_END, WIRE_LOG_BEFORE_START);
    Reconstructor reconstructor;
    std::vector<Incident> incidents;
    feed(reconstructor, stream.records(), incidents);
    ASSERT_EQ(incidents.size(), 3U);
    EXPECT_EQ(incidents[2].scope, Scope::sysrq);
}

TEST(Backlog, LeavesALiveIncidentAlone)
{
    Stream live = memcg_episode_fentry();
    const std::vector<Incident> without = replay(live);
    std::vector<Bytes> records = live.records();
    Stream lines = remembered();
    lines.log_event(WIRE_LOG_BACKLOG_END, WIRE_LOG_BEFORE_START);
    records.insert(records.begin() + 1, lines.records().begin() + 1, lines.records().end());
    const std::vector<Incident> with = replay(records);
    ASSERT_EQ(with.size(), without.size() + 4);
    EXPECT_EQ(with.back().id, without.back().id);
    EXPECT_FALSE(with.back().before_start);
    EXPECT_EQ(with.back().kernel_log_check.note, "no report of this OOM was found in the kernel's log");
}

} // namespace
} // namespace oomtrace::test
