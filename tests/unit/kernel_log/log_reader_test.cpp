// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/log_reader.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/report_file.h"

namespace oomtrace::kernel_log
{
namespace
{

using test::report_text;
using testing::ElementsAre;

std::vector<Incident> incidents_of(std::string_view log, std::size_t piece = SIZE_MAX)
{
    std::vector<Incident> incidents;
    LogReader reader([&](const Incident &incident) { incidents.push_back(incident); }, "test");
    for (std::size_t at = 0; at < log.size(); at += std::min(piece, log.size()))
        reader.feed(log.substr(at, piece));
    reader.finish();
    return incidents;
}

std::vector<std::string> ids_of(std::string_view log, std::size_t piece = SIZE_MAX)
{
    std::vector<std::string> ids;
    for (const Incident &incident : incidents_of(log, piece))
        ids.push_back(incident.id);
    return ids;
}

std::vector<std::string> lines_of(const std::string &text)
{
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

std::string with_prefix(const std::string &text, const std::string &prefix)
{
    std::string result;
    for (const std::string &line : lines_of(text))
        result += prefix + line + "\n";
    return result;
}

// The text of the kernel alone, as a console has it.
std::string bare(const std::string &dmesg)
{
    std::string result;
    for (const std::string &line : lines_of(dmesg))
        result += line.substr(line.find("] ") + 2) + "\n";
    return result;
}

// python invoked oom-killer on 2.6.27, pasted into a page, prose around it.
constexpr const char *python_2_6_27 = "seed-2.6.27.txt";
// 2.6 with HighMem: no first line, no kill, and the lines run together.
constexpr const char *highmem_2_6 = "seed-2.6-highmem.txt";

TEST(LogReader, TellsWhichZoneOfAnOldKernelWasShort)
{
    const auto incidents = incidents_of(report_text(python_2_6_27));
    ASSERT_EQ(incidents.size(), 1U);
    const Incident &incident = incidents.front();
    EXPECT_EQ(incident.outcome, Outcome::killed);
    EXPECT_EQ(incident.scope, Scope::global);
    EXPECT_EQ(incident.trigger.process.comm, "python");
    EXPECT_EQ(incident.trigger.process.pid, 13996U);
    EXPECT_EQ(incident.trigger.process.oom_adj, 4);
    EXPECT_FALSE(incident.trigger.process.oom_score_adj_known);
    EXPECT_EQ(incident.allocation.gfp_mask, 0x1200d2U);
    EXPECT_THAT(incident.allocation.gfp_flags, ElementsAre("GFP_HIGHUSER_MOVABLE"));
    EXPECT_EQ(incident.host.kernel, "2.6.27-gentoo-r8cluster-e1000");
    ASSERT_EQ(incident.nodes.size(), 1U);
    ASSERT_EQ(incident.nodes[0].zones.size(), 2U);
    const Zone &dma = incident.nodes[0].zones[0];
    const Zone &dma32 = incident.nodes[0].zones[1];
    EXPECT_EQ(dma.name, "DMA");
    EXPECT_GT(dma.free_bytes, dma.high_bytes);
    EXPECT_THAT(dma.lowmem_reserve_bytes, ElementsAre(0, 2003 * 4096, 2003 * 4096, 2003 * 4096));
    EXPECT_EQ(dma32.name, "DMA32");
    EXPECT_EQ(dma32.free_bytes, 5608U * 1024);
    EXPECT_EQ(dma32.min_bytes, 5716U * 1024);
    EXPECT_EQ(dma32.all_unreclaimable, true);
    EXPECT_EQ(dma32.pages_scanned, 2941301U);
    EXPECT_FALSE(dma32.managed_bytes);
    EXPECT_EQ(dma32.free_blocks.size(), 11U);
    EXPECT_EQ(incident.swap.free_bytes, 151691424ULL * 1024);
    // The kernel chose a shell and killed a child of it.
    ASSERT_TRUE(incident.victim);
    EXPECT_EQ(incident.victim->process.pid, 13996U);
    EXPECT_THAT(incident.provenance.victim.note, testing::HasSubstr("bash[12965]"));
    EXPECT_FALSE(incident.victim->points);
    ASSERT_TRUE(incident.log_facts);
    EXPECT_EQ(incident.log_facts->kernel_score, 2236480);
    EXPECT_FALSE(incident.scores.choice_follows);
    EXPECT_FALSE(incident.scores.choice_note.empty());
}

TEST(LogReader, TakesRecordsThatRunTogetherForOneHostsThoughTheFirstNamesNone)
{
    const auto incidents = incidents_of("kernel: eater invoked oom-killer: gfp_mask=0x201da, order=0, oom_adj=0 "
                                        "Jun 10 13:33:11 db1 kernel: Pid: 13996, comm: eater Not tainted 2.6.27 #9 "
                                        "Jun 10 13:33:11 db1 kernel: Killed process 77 (eater)\n");
    ASSERT_EQ(incidents.size(), 1U);
    EXPECT_EQ(incidents.front().trigger.process.pid, 13'996U);
    ASSERT_TRUE(incidents.front().victim);
    EXPECT_EQ(incidents.front().victim->process.pid, 77U);
}

TEST(LogReader, FindsTheShortZoneInLinesThatRunTogether)
{
    const auto incidents = incidents_of(report_text(highmem_2_6));
    ASSERT_EQ(incidents.size(), 1U);
    const Incident &incident = incidents.front();
    EXPECT_EQ(incident.outcome, Outcome::unknown);
    EXPECT_FALSE(incident.allocation.gfp_mask);
    EXPECT_FALSE(incident.victim);
    ASSERT_EQ(incident.nodes.size(), 1U);
    std::vector<std::string> names;
    for (const Zone &zone : incident.nodes[0].zones)
        names.push_back(zone.name);
    EXPECT_THAT(names, ElementsAre("DMA", "Normal", "HighMem"));
    const Zone &normal = incident.nodes[0].zones[1];
    EXPECT_EQ(normal.index, 2U) << "there is a DMA32, though without pages";
    const Zone &highmem = incident.nodes[0].zones[2];
    EXPECT_EQ(normal.free_bytes, 1340U * 1024);
    EXPECT_EQ(normal.min_bytes, 3756U * 1024);
    EXPECT_EQ(normal.all_unreclaimable, true);
    EXPECT_EQ(highmem.free_bytes, 1615600U * 1024);
    EXPECT_EQ(highmem.all_unreclaimable, false);
    ASSERT_EQ(highmem.free_blocks.size(), 11U);
    EXPECT_EQ(highmem.free_blocks[10].count, 234U);
    ASSERT_EQ(normal.free_blocks.size(), 11U);
    EXPECT_EQ(normal.free_blocks[9].count, 0U);
    EXPECT_FALSE(incident.completeness.complete);
}

TEST(LogReader, HasTheSameIncidentsWhateverCarriesTheLog)
{
    const std::string dmesg = report_text("global-6.12.txt");
    const auto expected = ids_of(dmesg);
    ASSERT_EQ(expected.size(), 2U);
    const std::string plain = bare(dmesg);
    EXPECT_EQ(ids_of(plain), expected) << "a console";
    EXPECT_EQ(ids_of(with_prefix(dmesg, "<4>")), expected) << "dmesg -r";
    EXPECT_EQ(ids_of(with_prefix(dmesg, "kern  :warn  : ")), expected) << "dmesg -x";
    EXPECT_EQ(ids_of(with_prefix(dmesg, "Nov 25 02:22:36 db1 kernel: ")), expected) << "syslog";
    EXPECT_EQ(ids_of(with_prefix(plain, "2026-11-25T02:22:36+0000 db1 kernel: ")), expected) << "journal";
    EXPECT_EQ(ids_of(with_prefix(plain, "2026-11-25T02:22:36.5Z stdout F ")), expected) << "CRI";
    EXPECT_EQ(ids_of(with_prefix(plain, "[Wed Nov 25 02:22:36 2026] ")), expected) << "dmesg -T";
    std::string crlf;
    for (const std::string &line : lines_of(dmesg))
        crlf += line + "\r\n";
    EXPECT_EQ(ids_of(crlf), expected) << "CRLF";
    std::string doubled;
    for (const std::string &line : lines_of(dmesg))
        doubled += line + "\n" + line + "\n";
    EXPECT_EQ(ids_of(doubled), expected) << "each line twice";
    EXPECT_EQ(ids_of(dmesg + dmesg), expected) << "all of it twice";
}

TEST(LogReader, DoesNotDependOnThePiecesThatCome)
{
    for (const char *name : {"global-6.12.txt", "memcg_v2-7.3.txt", "group_and_sysrq-6.12.kmsg.txt", highmem_2_6}) {
        const std::string log = report_text(name);
        const auto expected = ids_of(log);
        EXPECT_FALSE(expected.empty());
        for (const std::size_t piece : {1UL, 7UL, 100UL, 4096UL})
            EXPECT_EQ(ids_of(log, piece), expected) << name << " in pieces of " << piece;
    }
}

TEST(LogReader, TellsHostsApartThatAreInterleavedLineByLine)
{
    const auto a = lines_of(bare(report_text("global-6.12.txt")));
    const auto b = lines_of(bare(report_text("memcg_v2-7.3.txt")));
    std::string log;
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        if (i < a.size())
            log += "Nov 25 02:22:36 alpha kernel: " + a[i] + "\n";
        if (i < b.size())
            log += "Nov 25 02:22:36 beta kernel: " + b[i] + "\n";
    }
    auto expected = ids_of(report_text("global-6.12.txt"));
    for (const std::string &id : ids_of(report_text("memcg_v2-7.3.txt")))
        expected.push_back(id);
    EXPECT_THAT(ids_of(log), testing::UnorderedElementsAreArray(expected));
}

TEST(LogReader, TellsCallersApartThatAreInterleavedLineByLine)
{
    const auto a = lines_of(bare(report_text("global-6.12.txt")));
    const auto b = lines_of(bare(report_text("memcg_v2-7.3.txt")));
    std::string log;
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        if (i < a.size())
            log += "[   12.000000][  T100] " + a[i] + "\n";
        if (i < b.size())
            log += "[   12.000000][  T200] " + b[i] + "\n";
    }
    EXPECT_EQ(ids_of(log).size(), 4U);
}

// Whatever is cut off: no crash, and nothing that the whole log does not say.
TEST(LogReader, InventsNothingWhereverTheLogIsCut)
{
    for (const char *name : {"global-6.12.txt", "memcg_v1-6.1.txt", "group_and_sysrq-5.10.kmsg.txt"}) {
        const auto lines = lines_of(report_text(name));
        const auto whole = incidents_of(report_text(name));
        std::vector<std::uint32_t> victims;
        for (const Incident &incident : whole) {
            for (const KilledProcess &kill : incident.kills)
                victims.push_back(kill.process.pid);
        }
        for (std::size_t cut = 0; cut <= lines.size(); ++cut) {
            std::string head;
            std::string tail;
            for (std::size_t i = 0; i < lines.size(); ++i)
                (i < cut ? head : tail) += lines[i] + "\n";
            for (const std::string &part : {head, tail}) {
                for (const Incident &incident : incidents_of(part)) {
                    EXPECT_LE(incident.candidates.size(), 64U);
                    if (incident.victim) {
                        EXPECT_THAT(victims, testing::Contains(incident.victim->process.pid)) << name << " at " << cut;
                    }
                    // Every row is one of the whole log's, and every score is the one it has there.
                    for (const CandidateTask &candidate : incident.candidates) {
                        EXPECT_TRUE(std::any_of(
                            whole.begin(), whole.end(),
                            [&](const Incident &one) {
                                return std::any_of(
                                    one.candidates.begin(), one.candidates.end(), [&](const CandidateTask &known) {
                                        return known.process.pid == candidate.process.pid &&
                                               known.process.comm == candidate.process.comm &&
                                               known.memory->rss_bytes() == candidate.memory->rss_bytes() &&
                                               (!candidate.points || candidate.points == known.points || !known.points);
                                    });
                            }))
                            << name << " at " << cut << ": " << candidate.process.comm;
                    }
                }
            }
        }
    }
}

TEST(LogReader, ReadsATableOfAHundredThousandRows)
{
    const auto lines = lines_of(report_text("global-6.12.txt"));
    std::string log;
    for (const std::string &line : lines) {
        log += line + "\n";
        if (line.find("total_vm") == std::string::npos)
            continue;
        for (int i = 0; i < 100'000; ++i)
            log += "[   12.000000] [ " + std::to_string(200'000 + i) + "]  1000 " + std::to_string(200'000 + i) +
                   "     1000      10        5        5         0    45056        0             0 filler\n";
    }
    const auto incidents = incidents_of(log);
    ASSERT_EQ(incidents.size(), 2U);
    EXPECT_GE(incidents[0].candidates.size(), 100'000U);
    EXPECT_EQ(incidents[0].scores.choice_follows, true);
}

TEST(LogReader, FindsNothingWhereThereIsNothing)
{
    EXPECT_TRUE(incidents_of("").empty());
    EXPECT_TRUE(incidents_of("\n\n\n").empty());
    EXPECT_TRUE(incidents_of("the oom-killer is a part of the kernel\nOut of memory is bad\n").empty());
    EXPECT_TRUE(incidents_of(std::string(100'000, '\xff')).empty());
    EXPECT_TRUE(incidents_of(std::string(100'000, '\0')).empty());
    // A page allocation failure prints Mem-Info too. Its first line begins with a name, which may look like a register.
    for (const char *name : {"kworker/0:1", "RAX: 0000000000", "Code: ff ff ff "}) {
        std::string failure = "[    9.0] " + std::string(name) + ": page allocation failure: order:5, mode:0x40cc0\n";
        for (int i = 0; i < 200; ++i)
            failure += "[    9.0]  ? swap_cache_alloc_folio+0x2ab/0x4e0\n";
        for (const std::string &line : lines_of(report_text("global-6.12.txt"))) {
            if (line.find("Tasks state") != std::string::npos)
                break;
            if (line.find("oom-killer") == std::string::npos)
                failure += line + "\n";
        }
        EXPECT_TRUE(incidents_of(failure).empty()) << name;
    }
}

TEST(LogReader, PutsThePartsOfAPstoreDumpInOrder)
{
    const auto lines = lines_of(with_prefix(report_text("global-6.12.txt"), "<4>"));
    std::string first;
    std::string second;
    for (std::size_t i = 0; i < lines.size(); ++i)
        (i < lines.size() / 3 ? first : second) += lines[i] + "\n";
    EXPECT_EQ(ids_of("Panic#1 Part1\n" + second + "Panic#1 Part2\n" + first), ids_of(report_text("global-6.12.txt")));
    EXPECT_EQ(ids_of("Panic#1 Part2\n" + first + "Panic#1 Part1\n" + second), ids_of(report_text("global-6.12.txt")));
}

TEST(LogReader, TakesTheHostsSwapFromItsBoot)
{
    const std::string report = report_text("memcg_v2-6.12.txt");
    const auto without = incidents_of(report);
    ASSERT_FALSE(without.empty());
    EXPECT_FALSE(without[0].total_pages);
    const auto with = incidents_of("[    0.000000] Linux version 6.12.117+deb12-cloud-amd64 (debian)\n" + report);
    ASSERT_FALSE(with.empty());
    EXPECT_EQ(with[0].total_pages, 64U * 256) << "no swap was added in this boot";
    const auto swap = incidents_of("[    0.000000] Linux version 6.12.117+deb12-cloud-amd64 (debian)\n[    3.000000] Adding "
                                   "1048572k swap on /dev/vda2.  Priority:-2 "
                                   "extents:1 across:1048572k\n" +
                                   report);
    ASSERT_FALSE(swap.empty());
    EXPECT_EQ(swap[0].total_pages, 64U * 256 + 262143);
}

TEST(LogReader, WorksOutTheScoresOfEachGeneration)
{
    // 3.10 with a printed score: 3 % of all there is less for root.
    const std::string head = "[  100.000000] java invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0\n"
                             "[  100.000001] java cpuset=/ mems_allowed=0\n"
                             "[  100.000002] CPU: 1 PID: 4242 Comm: java Not tainted 3.10.0-957.el7.x86_64 #1\n"
                             "[  100.000003] Mem-Info:\n"
                             "[  100.000004] Node 0 DMA: 1*4kB (U) 0*8kB = 4kB\n"
                             "[  100.000005] Total swap = 0kB\n"
                             "[  100.000006] 1000000 pages RAM\n"
                             "[  100.000007] 0 pages HighMem/MovableOnly\n"
                             "[  100.000008] 0 pages reserved\n"
                             "[  100.000009] [ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n"
                             "[  100.000010] [ 4242]     0  4242   900000   499000    1000        0             0 java\n"
                             "[  100.000011] [ 4300]  1000  4300   900000   100000     500      100           100 httpd\n";
    const auto incidents = incidents_of(
        head +
        "[  100.000012] Out of memory: Kill process 4242 (java) score 470 or sacrifice child\n"
        "[  100.000013] Killed process 4242 (java) total-vm:3600000kB, anon-rss:1996000kB, file-rss:0kB, shmem-rss:0kB\n");
    ASSERT_EQ(incidents.size(), 1U);
    const Incident &incident = incidents.front();
    EXPECT_EQ(incident.total_pages, 1'000'000U);
    ASSERT_EQ(incident.candidates.size(), 2U);
    EXPECT_EQ(incident.candidates[0].points, 500'000 - 30 * 1000);
    EXPECT_EQ(incident.candidates[1].points, 100'600 + 100 * 1000);
    EXPECT_EQ(incident.scores.matched, 1U);
    EXPECT_EQ(incident.scores.mismatched, 0U);
    EXPECT_EQ(incident.scores.choice_follows, true);
    EXPECT_EQ(incident.candidates[0].memory->rss_bytes(), 499'000U * 4096);
    EXPECT_TRUE(incident.candidates[0].memory->unknown.rss_parts);
    // In a container without CAP_SYS_ADMIN there is no bonus, and the printed score tells.
    const auto unprivileged = incidents_of(
        head +
        "[  100.000012] Out of memory: Kill process 4242 (java) score 500 or sacrifice child\n"
        "[  100.000013] Killed process 4242 (java) total-vm:3600000kB, anon-rss:1996000kB, file-rss:0kB, shmem-rss:0kB\n");
    ASSERT_EQ(unprivileged.size(), 1U);
    EXPECT_EQ(unprivileged[0].candidates[0].points, 500'000);
    EXPECT_EQ(unprivileged[0].scores.matched, 1U);
}

TEST(LogReader, SaysWhyTheTableDoesNotDecide)
{
    std::string no_table;
    for (const std::string &line : lines_of(report_text("global-6.12.txt"))) {
        const std::string text = line.substr(line.find("] ") + 2);
        if (text.empty() || text.front() != '[')
            no_table += line + "\n";
    }
    for (const Incident &incident : incidents_of(no_table)) {
        EXPECT_FALSE(incident.scores.choice_follows);
        EXPECT_THAT(incident.scores.choice_note, testing::HasSubstr("no task table"));
        EXPECT_EQ(incident.provenance.candidates.source, Source::absent);
    }
}

TEST(LogReader, LeavesOutAReportOfAnotherKindThatGoesOnBehindTheKill)
{
    // The victim runs out of memory as it dies, and its report of that is printed around the line of its kill.
    const auto incidents = incidents_of(report_text("allocation_failure-7.3.txt"));
    ASSERT_EQ(incidents.size(), 1U);
    ASSERT_EQ(incidents[0].kills.size(), 1U);
    EXPECT_EQ(incidents[0].kills[0].process.pid, 638U);
    EXPECT_FALSE(incidents[0].completeness.complete);
}

TEST(LogReader, AttributesTheReaperToTheKillThatItFollows)
{
    const std::string log =
        report_text("global-6.12.txt") +
        "[   99.000000] oom_reaper: reaped process 1 (nobody), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB\n";
    const auto incidents = incidents_of(log);
    ASSERT_EQ(incidents.size(), 2U);
    for (const Incident &incident : incidents)
        EXPECT_TRUE(std::none_of(incident.timeline.begin(), incident.timeline.end(),
                                 [](const TimelineEntry &entry) { return entry.monotonic_ns == 99'000'000'000U; }));
}

} // namespace
} // namespace oomtrace::kernel_log
