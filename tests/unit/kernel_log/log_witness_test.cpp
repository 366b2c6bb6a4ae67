// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/log_witness.h"

#include <ctime>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel_log/log_reader.h"
#include "support/report_file.h"

namespace oomtrace::kernel_log
{
namespace
{

using test::lines_of;
using test::report_text;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// As /dev/kmsg has them.
std::vector<std::string> kmsg_lines(const std::string &text, const std::string &caller = "")
{
    static std::uint64_t sequence = 0;
    std::vector<std::string> lines;
    for (const std::string &line : lines_of(text)) {
        const std::string plain = line.starts_with('[') ? line.substr(line.find("] ") + 2) : line;
        ++sequence;
        lines.push_back(fmt::format("6,{},{},-{};{}", sequence, 1'000'000 + sequence * 10,
                                    caller.empty() ? "" : ",caller=" + caller, plain));
    }
    return lines;
}

std::vector<Incident> reports_in(const std::string &text)
{
    std::vector<Incident> incidents;
    LogReader reader([&](const Incident &incident) { incidents.push_back(incident); }, "test");
    reader.feed(text);
    reader.finish();
    return incidents;
}

KernelLogLine event(LogEvent what, std::string text = {})
{
    KernelLogLine line;
    line.event = what;
    line.text = std::move(text);
    return line;
}

// The way the tracer feeds them: long lines in pieces.
void hear(LogWitness &witness, const std::vector<std::string> &lines)
{
    constexpr std::size_t piece = 256;
    for (const std::string &line : lines) {
        for (std::size_t at = 0; at == 0 || at < line.size(); at += piece) {
            KernelLogLine part = event(LogEvent::text, line.substr(at, piece));
            part.more = at + piece < line.size();
            witness.on_line(part);
        }
    }
}

LogWitness listening()
{
    LogWitness witness;
    witness.on_line(event(LogEvent::listening));
    return witness;
}

// Both OOMs of the file have the same trigger.
const std::string two_reports = "memcg_v2-6.12.txt";

TEST(LogWitness, FindsEachOfSeveralReports)
{
    const std::string text = report_text(two_reports) + report_text("global-6.12.txt") + report_text("memcg_v1-6.1.txt");
    LogWitness witness = listening();
    hear(witness, kmsg_lines(text));
    std::size_t found = 0;
    for (Incident incident : reports_in(text)) {
        incident.kernel_log_check = {};
        witness.attend(incident);
        EXPECT_GT(incident.kernel_log_check.compared, 50U) << incident.id;
        EXPECT_THAT(incident.kernel_log_check.mismatches, IsEmpty()) << incident.id;
        EXPECT_EQ(incident.kernel_log_check.note, "") << incident.id;
        ++found;
    }
    EXPECT_GE(found, 5U);
}

TEST(LogWitness, TakesNoOtherProcessesReport)
{
    LogWitness witness = listening();
    hear(witness, kmsg_lines(report_text(two_reports)));
    Incident incident = reports_in(report_text(two_reports)).at(0);
    incident.victim->process.pid = incident.victim->process.tgid = 17; // "pid=173" begins with it
    witness.attend(incident);
    EXPECT_EQ(incident.kernel_log_check.compared, 0U);
    EXPECT_EQ(incident.kernel_log_check.note, "no report of this OOM was found in the kernel's log");
}

TEST(LogWitness, SaysWhyNothingWasCompared)
{
    const Incident killed = reports_in(report_text(two_reports)).at(0);
    const auto note_of = [&](LogWitness &witness, Outcome outcome) {
        Incident incident = killed;
        incident.outcome = outcome;
        witness.attend(incident);
        EXPECT_EQ(incident.kernel_log_check.compared, 0U);
        return incident.kernel_log_check.note;
    };
    LogWitness deaf;
    EXPECT_EQ(note_of(deaf, Outcome::killed), "the kernel's log was not read");
    deaf.on_line(event(LogEvent::unreadable, "open /dev/kmsg: Operation not permitted"));
    EXPECT_EQ(note_of(deaf, Outcome::killed), "the kernel's log was not read: open /dev/kmsg: Operation not permitted");
    LogWitness witness = listening();
    EXPECT_THAT(note_of(witness, Outcome::victim_already_dying), HasSubstr("prints no report"));
    EXPECT_THAT(note_of(witness, Outcome::panic), HasSubstr("panics"));
    witness.on_line(event(LogEvent::overwritten));
    EXPECT_THAT(note_of(witness, Outcome::killed), HasSubstr("overwritten"));
}

TEST(LogWitness, ComparesALoneKillLineAsFarAsItGoes)
{
    const std::string text = report_text(two_reports);
    const std::vector<Incident> incidents = reports_in(text);
    std::vector<std::string> lines = kmsg_lines(text);
    std::vector<std::string> held_back(lines.begin(), lines.begin() + 99); // the first report, whole
    held_back.push_back(lines.at(196));                                    // of the second, the kill
    LogWitness witness = listening();
    hear(witness, held_back);
    Incident second = incidents.at(1);
    witness.attend(second);
    EXPECT_GE(second.kernel_log_check.compared, 8U);
    EXPECT_LT(second.kernel_log_check.compared, 20U);
    EXPECT_THAT(second.kernel_log_check.mismatches, IsEmpty());
    EXPECT_THAT(second.kernel_log_check.note, HasSubstr("held back"));
}

TEST(LogWitness, BearsAReportThatIsCutAnywhere)
{
    const std::string text = report_text(two_reports);
    const Incident incident = reports_in(text).at(0);
    const std::vector<std::string> lines = kmsg_lines(text);
    for (std::size_t last = 0; last < 99; last += 7) {
        LogWitness witness = listening();
        hear(witness, {lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(last)});
        Incident end_missing = incident;
        witness.attend(end_missing);
        EXPECT_THAT(end_missing.kernel_log_check.mismatches, IsEmpty()) << last;

        LogWitness late = listening();
        hear(late, {lines.begin() + static_cast<std::ptrdiff_t>(last), lines.begin() + 99});
        Incident head_missing = incident;
        late.attend(head_missing);
        EXPECT_THAT(head_missing.kernel_log_check.mismatches, IsEmpty()) << last;
        EXPECT_GT(head_missing.kernel_log_check.compared, 0U) << last;
    }
}

TEST(LogWitness, ReadsReportsThatInterleave)
{
    const std::string first = report_text("memcg_v1-6.1.txt"), second = report_text("global-6.12.txt");
    const std::vector<std::string> one = kmsg_lines(first, "T11"), other = kmsg_lines(second, "T22");
    std::vector<std::string> mixed;
    for (std::size_t i = 0; i < std::max(one.size(), other.size()); ++i) {
        if (i < one.size())
            mixed.push_back(one[i]);
        if (i < other.size())
            mixed.push_back(other[i]);
    }
    LogWitness witness = listening();
    hear(witness, mixed);
    for (Incident incident : {reports_in(first).at(0), reports_in(second).at(0)}) {
        witness.attend(incident);
        EXPECT_GT(incident.kernel_log_check.compared, 50U);
        EXPECT_THAT(incident.kernel_log_check.mismatches, IsEmpty());
    }
}

TEST(LogWitness, ReadsADoubledLogOnce)
{
    const std::string text = report_text(two_reports);
    std::vector<std::string> doubled;
    for (const std::string &line : kmsg_lines(text)) {
        doubled.push_back(line);
        doubled.push_back(line);
    }
    LogWitness witness = listening();
    hear(witness, doubled);
    Incident incident = reports_in(text).at(0);
    const std::size_t once = [&] {
        LogWitness single = listening();
        hear(single, kmsg_lines(text));
        Incident same = incident;
        single.attend(same);
        return same.kernel_log_check.compared;
    }();
    witness.attend(incident);
    EXPECT_EQ(incident.kernel_log_check.compared, once);
    EXPECT_THAT(incident.kernel_log_check.mismatches, IsEmpty());
}

TEST(LogWitness, GivesTheRecordWhatNoTracepointCarries)
{
    const std::string text = report_text(two_reports);
    const Incident kernel = reports_in(text).at(0);
    LogWitness witness = listening();
    hear(witness, kmsg_lines(text));
    Incident ours = kernel;
    ours.allocation.gfp_mask.reset();
    ours.allocation.gfp_flags.clear();
    ours.allocation.order.reset();
    ours.allocation.highest_zone.reset();
    ours.provenance.allocation = {Source::absent, "oom_control was not found on the asker's stack"};
    ours.constraint.reset();
    ours.scope = Scope::unknown;
    ours.memcg.path.reset();
    witness.attend(ours);
    EXPECT_EQ(ours.allocation.gfp_mask, 0xcc0U);
    EXPECT_EQ(ours.allocation.gfp_flags, std::vector<std::string>{"GFP_KERNEL"});
    EXPECT_EQ(ours.allocation.order, 0);
    EXPECT_EQ(ours.allocation.highest_zone, kernel.allocation.highest_zone);
    EXPECT_EQ(ours.provenance.allocation.source, Source::kernel_log);
    EXPECT_EQ(ours.constraint, Constraint::memcg);
    EXPECT_EQ(ours.scope, Scope::memcg);
    EXPECT_EQ(ours.memcg.path, "/limited");
    EXPECT_EQ(ours.provenance.memcg.source, Source::kernel_log);
}

TEST(LogWitness, KnowsTheSwapFromBeforeTheKill)
{
    const std::string text = report_text("global-6.12.txt");
    const Incident kernel = reports_in(text).at(0);
    ASSERT_EQ(kernel.swap.free_bytes, 0U);
    for (const auto &[source, expected] : {std::pair(Source::procfs, 0U), std::pair(Source::observed, 4096U)}) {
        LogWitness witness = listening();
        hear(witness, kmsg_lines(text));
        Incident ours = kernel;
        ours.swap.free_bytes = 4096;
        ours.provenance.swap = {source, ""};
        witness.attend(ours);
        EXPECT_EQ(ours.swap.free_bytes, expected);
        EXPECT_EQ(ours.provenance.swap.source, source == Source::observed ? Source::observed : Source::kernel_log);
    }
}

TEST(LogWitness, LeavesAloneWhatAHookSaw)
{
    const std::string text = report_text(two_reports);
    LogWitness witness = listening();
    hear(witness, kmsg_lines(text));
    Incident ours = reports_in(text).at(0);
    ours.provenance.allocation = {Source::observed, ""};
    ours.allocation.gfp_mask = 0xdc0;
    witness.attend(ours);
    EXPECT_EQ(ours.allocation.gfp_mask, 0xdc0U);
    EXPECT_EQ(ours.provenance.allocation.source, Source::observed);
    ASSERT_EQ(ours.kernel_log_check.mismatches.size(), 1U);
    EXPECT_EQ(ours.kernel_log_check.mismatches[0].field, "allocation.gfp_mask");
}

// The same task tries again and again where nothing may be killed: each report once, in order.
TEST(LogWitness, TakesEachReportWithoutAVictimOnce)
{
    const auto report = [](int order) {
        return fmt::format("stuck invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order={}, oom_score_adj=0\n"
                           "CPU: 0 PID: 44 Comm: stuck Not tainted 6.1.0-42-amd64 #1\n"
                           "memory: usage 32768kB, limit 32768kB, failcnt 9\n"
                           "Out of memory and no killable processes...\n",
                           order);
    };
    LogWitness witness = listening();
    hear(witness, kmsg_lines(report(0) + report(1)));
    for (const int order : {0, 1}) {
        Incident ours;
        ours.outcome = Outcome::no_killable_task;
        ours.provenance.trigger.source = Source::observed;
        ours.trigger.process.pid = ours.trigger.process.tgid = 44;
        ours.trigger.process.comm = "stuck";
        ours.allocation.order = order;
        witness.attend(ours);
        EXPECT_GT(ours.kernel_log_check.compared, 2U);
        EXPECT_THAT(ours.kernel_log_check.mismatches, IsEmpty());
    }
    Incident third;
    third.outcome = Outcome::no_killable_task;
    third.trigger.process.pid = 44;
    third.trigger.process.comm = "stuck";
    witness.attend(third);
    EXPECT_EQ(third.kernel_log_check.compared, 0U);
}

TEST(LogWitness, GivesTheReportThatKilledNobodyWhenItsLastLineHasCome)
{
    LogWitness witness = listening();
    std::vector<std::size_t> at;
    std::vector<Incident> given;
    const std::vector<std::string> lines = kmsg_lines(report_text("no_killable_task-6.12.txt"));
    for (std::size_t line = 0; line < lines.size(); ++line) {
        hear(witness, {lines[line]});
        if (auto incident = witness.take_report_without_kill(4096)) {
            at.push_back(line);
            given.push_back(std::move(*incident));
        }
    }
    ASSERT_THAT(given, SizeIs(2));
    for (std::size_t i = 0; i < given.size(); ++i) {
        EXPECT_THAT(lines[at[i]], HasSubstr("Out of memory and no killable processes"));
        EXPECT_EQ(given[i].outcome, Outcome::no_killable_task);
        EXPECT_FALSE(given[i].victim);
        EXPECT_EQ(given[i].trigger.process.comm, "eater");
        EXPECT_THAT(given[i].candidates, SizeIs(2));
    }
}

// The report of a cgroup has sizes in pages, and on arm64 nothing that says how large one is.
TEST(LogWitness, ReckonsWithThePagesOfItsHost)
{
    const auto given_with = [](std::uint64_t page_size) {
        LogWitness witness = listening();
        std::optional<Incident> given;
        for (const std::string &line : kmsg_lines(report_text("no_killable_task-6.12-arm64.txt"))) {
            hear(witness, {line});
            if (auto incident = witness.take_report_without_kill(page_size))
                given = std::move(incident);
        }
        return given;
    };
    for (const std::uint64_t page_size : {4096U, 65536U}) {
        const auto given = given_with(page_size);
        ASSERT_TRUE(given);
        ASSERT_THAT(given->candidates, SizeIs(2));
        EXPECT_EQ(given->candidates[0].memory->rss_anon_bytes, 2048 * page_size);
        EXPECT_EQ(given->host.page_size, page_size);
        EXPECT_THAT(given->completeness.missing, IsEmpty());
    }
    const auto given = given_with(0);
    ASSERT_TRUE(given);
    EXPECT_THAT(given->completeness.missing, SizeIs(1));
}

TEST(LogWitness, GivesTheReportOfOneThatWasExitingAndNotTheOneBefore)
{
    LogWitness witness = listening();
    std::vector<Incident> given;
    for (const std::string &line : kmsg_lines(report_text("already_exiting-6.12.txt"))) {
        hear(witness, {line});
        if (auto incident = witness.take_report_without_kill(4096))
            given.push_back(std::move(*incident));
    }
    ASSERT_THAT(given, SizeIs(1));
    EXPECT_EQ(given[0].outcome, Outcome::victim_already_dying);
    ASSERT_TRUE(given[0].victim);
    EXPECT_EQ(given[0].victim->process.pid, 1170U);
    EXPECT_EQ(given[0].victim->process.comm, "sharer");
    EXPECT_THAT(given[0].kills, IsEmpty());
    EXPECT_EQ(given[0].provenance.kills.source, Source::kernel_log);

    // It is nobody else's any more.
    Incident later;
    later.outcome = Outcome::killed;
    later.victim.emplace().process.pid = 1170;
    witness.attend(later);
    EXPECT_EQ(later.kernel_log_check.compared, 0U);
}

TEST(LogWitness, HoldsTheReportOfOneThatWasExitingAgainstTheRecord)
{
    LogWitness witness = listening();
    hear(witness, kmsg_lines(report_text("already_exiting-6.12.txt")));
    Incident ours;
    ours.outcome = Outcome::victim_already_dying;
    ours.victim.emplace().process.pid = 1170;
    witness.attend(ours);
    EXPECT_GT(ours.kernel_log_check.compared, 0U);

    Incident silent; // killed by the report before, and asking for memory as it dies: of that nothing is printed
    silent.outcome = Outcome::victim_already_dying;
    silent.victim.emplace().process.pid = 1171;
    witness.attend(silent);
    EXPECT_EQ(silent.kernel_log_check.compared, 0U);
    EXPECT_THAT(silent.kernel_log_check.note, HasSubstr("no report where it does not choose"));
}

// One more OOM of a storm is heard and attended to. Whether its report was found.
bool hear_and_attend(LogWitness &witness, const std::vector<std::string> &lines, const Incident &incident, std::uint32_t pid)
{
    std::vector<std::string> report(lines.begin(), lines.begin() + 99);
    for (std::string &line : report) {
        for (const std::string_view old : {std::string_view("pid=173,"), std::string_view("process 173 ")}) {
            if (const std::size_t at = line.find(old); at != std::string::npos)
                line.replace(line.find("173", at), 3, std::to_string(pid));
        }
    }
    hear(witness, report);
    Incident ours = incident;
    ours.victim->process.pid = ours.victim->process.tgid = pid;
    witness.attend(ours);
    return ours.kernel_log_check.compared > 50;
}

TEST(LogWitness, KeepsABoundedTextAndTimeInAStorm)
{
    const std::vector<std::string> lines = kmsg_lines(report_text(two_reports));
    const Incident incident = reports_in(report_text(two_reports)).at(0);
    constexpr std::uint32_t ooms = 400, first_pid = 100'000;
    std::uint32_t found = 0;

    const std::clock_t before_alone = std::clock();
    constexpr std::uint32_t alone = 50;
    for (std::uint32_t i = 0; i < alone; ++i) {
        LogWitness fresh = listening();
        ASSERT_TRUE(hear_and_attend(fresh, lines, incident, first_pid + i));
    }
    const std::clock_t before_storm = std::clock();
    LogWitness witness = listening();
    for (std::uint32_t i = 0; i < ooms; ++i) {
        found += hear_and_attend(witness, lines, incident, first_pid + i) ? 1 : 0;
        ASSERT_LE(witness.kept_bytes(), LogWitness::most_bytes);
    }
    const std::clock_t took = std::clock() - before_storm;
    EXPECT_EQ(found, ooms);
    // To parse all that is kept for each would take some hundred times as long as one report alone does.
    EXPECT_LT(took / ooms, 10 * (before_storm - before_alone) / alone);
}

} // namespace
} // namespace oomtrace::kernel_log
