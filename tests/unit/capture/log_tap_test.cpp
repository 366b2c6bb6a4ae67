// SPDX-License-Identifier: Apache-2.0
#include "capture/log_tap.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/canned_episodes.h"
#include "support/fixture_tree.h"
#include "support/replay.h"

namespace oomtrace::test
{
namespace
{

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<KernelLogLine> all_of(LogTap &tap)
{
    std::vector<KernelLogLine> lines;
    while (const auto record = tap.next(77)) {
        const KernelEvent event = decoded(Bytes(record->begin(), record->end()));
        EXPECT_EQ(event.header.time_ns, 77U);
        EXPECT_EQ(event.header.episode, 0U);
        lines.push_back(std::get<KernelLogLine>(event.body));
    }
    return lines;
}

TEST(LogTap, SaysOnceWhyTheLogIsNotRead)
{
    const FixtureTree tree;
    LogTap tap({.kmsg = tree.at("/dev/kmsg"), .pstore = tree.at("/pstore")});
    tap.begin();
    const std::vector<KernelLogLine> lines = all_of(tap);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].event, LogEvent::unreadable);
    EXPECT_THAT(lines[0].text, HasSubstr("No such file or directory"));
    tap.look(1);
    EXPECT_TRUE(all_of(tap).empty());
    EXPECT_FALSE(tap.owes_backlog_end());
}

TEST(LogTap, GivesTheDumpsOfEarlierBootsInTheirOrder)
{
    const FixtureTree tree;
    tree.write("/pstore/dmesg-efi-2", "Panic#1 Part1\nsecond\n");
    tree.write("/pstore/dmesg-efi-1", "Panic#1 Part2\n" + std::string(300, 'x') + "\n");
    tree.write("/pstore/console-ramoops-0", "not a dump\n");
    LogTap tap({.since_boot = true, .kmsg = tree.at("/dev/kmsg"), .pstore = tree.at("/pstore")});
    tap.begin();
    std::vector<std::string> texts;
    for (const KernelLogLine &line : all_of(tap)) {
        if (line.event != LogEvent::text)
            continue;
        EXPECT_TRUE(line.before_start);
        EXPECT_TRUE(line.earlier_boot);
        EXPECT_EQ(line.more, line.text.size() == WIRE_LOG_TEXT_LEN);
        texts.push_back(line.text);
    }
    EXPECT_THAT(texts, ElementsAre("Panic#1 Part2", std::string(256, 'x'), std::string(44, 'x'), "Panic#1 Part1", "second"));
    ASSERT_TRUE(tap.owes_backlog_end());
    tap.end_backlog();
    const std::vector<KernelLogLine> end = all_of(tap);
    ASSERT_EQ(end.size(), 1U);
    EXPECT_EQ(end[0].event, LogEvent::backlog_end);
    EXPECT_FALSE(tap.owes_backlog_end());
}

TEST(LogTap, LooksBeforeWhatMayCloseAnIncident)
{
    const auto looks = [](const Stream &stream) { return LogTap::comes_before(stream.records().back()); };
    Stream stream;
    stream.host().begin_episode(7).begin(leaky(), app_id);
    EXPECT_FALSE(looks(stream));
    EXPECT_FALSE(looks(stream.kill(leaky(), WIRE_KILL_MARK)));
    EXPECT_TRUE(looks(stream.end(WIRE_OUTCOME_KILLED)));
    EXPECT_TRUE(looks(stream.released(leaky())));
    EXPECT_TRUE(looks(stream.exit(leaky())));
    EXPECT_TRUE(looks(stream.reaper(leaky(), WIRE_REAPER_FINISH)));
    EXPECT_FALSE(looks(stream.system_state()));
    EXPECT_FALSE(looks(stream.begin_episode(8).end(WIRE_OUTCOME_PANIC)));
    EXPECT_FALSE(LogTap::comes_before({}));
}

} // namespace
} // namespace oomtrace::test
