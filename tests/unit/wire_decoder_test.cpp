// SPDX-License-Identifier: Apache-2.0
#include "decode/wire_decoder.h"

#include <cstring>

#include <gmock/gmock.h>

#include "decode/wire_kinds.h"
#include "support/canned_episodes.h"

namespace oomtrace::test
{
namespace
{

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

template <typename Body>
Body body_in(const Bytes &record)
{
    auto event = decode(record);
    EXPECT_TRUE(event.has_value()) << (event ? "" : event.error().reason);
    return event ? std::get<Body>(event->body) : Body{};
}

DecodeErrorKind error_of(const Bytes &record)
{
    const auto event = decode(record);
    EXPECT_FALSE(event.has_value());
    return event ? DecodeErrorKind{0xff} : event.error().kind;
}

template <typename Wire>
DecodeErrorKind error_of(const Wire &wire)
{
    return error_of(bytes_of(wire));
}

// The smallest record of a kind that decodes.
Bytes record_of(const WireKind &kind)
{
    Bytes bytes(kind.size, std::byte{0});
    wire_header header{};
    header.size = static_cast<wire_u32>(kind.size);
    header.kind = kind.number;
    std::memcpy(bytes.data(), &header, sizeof(header));
    const auto edit = [&]<typename Wire>(Wire wire, auto change) {
        change(wire);
        wire.header = header;
        bytes = bytes_of(wire);
    };
    if (kind.number == WIRE_KILL) {
        edit(wire_kill{}, [](wire_kill &wire) { wire.event = wire.why = 1; });
    } else if (kind.number == WIRE_REAPER) {
        edit(wire_reaper{}, [](wire_reaper &wire) { wire.event = 1; });
    } else if (kind.number == WIRE_HOST) {
        edit(wire_host{}, [](wire_host &wire) { wire.page_size = 4096; });
    } else if (kind.number == WIRE_LOG_LINE) {
        edit(wire_log_line{}, [](wire_log_line &wire) { wire.event = WIRE_LOG_TEXT; });
    }
    return bytes;
}

class EveryKind : public testing::TestWithParam<WireKind>
{
};

TEST_P(EveryKind, DecodesToAnEventOfItsOwn)
{
    const auto event = decode(record_of(GetParam()));
    ASSERT_TRUE(event) << event.error().reason;
    // The variant's alternatives stand in the order of WIRE_KINDS.
    EXPECT_EQ(event->body.index(), static_cast<std::size_t>(find_wire_kind(GetParam().number) - wire_kinds.data()));
}

TEST_P(EveryKind, IsRefusedAtEveryTruncatedLength)
{
    const Bytes whole = record_of(GetParam());
    for (std::size_t length = 0; length < whole.size(); length++) {
        // As received: the header still says the full size.
        const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_EQ(error_of(cut), length < sizeof(wire_header) ? DecodeErrorKind::too_short : DecodeErrorKind::size_mismatch);
        if (length < sizeof(wire_header)) {
            continue;
        }
        // As a writer of another layout would send it: header and length agree, but not with the kind.
        Bytes shrunk = cut;
        const auto size = static_cast<wire_u32>(length);
        std::memcpy(shrunk.data() + offsetof(wire_header, size), &size, sizeof(size));
        EXPECT_EQ(error_of(shrunk), DecodeErrorKind::wrong_size_for_kind) << length;
    }
}

TEST_P(EveryKind, IsRefusedWhenLonger)
{
    Bytes longer = record_of(GetParam());
    longer.resize(longer.size() + 8);
    EXPECT_EQ(error_of(longer), DecodeErrorKind::size_mismatch);
    const auto size = static_cast<wire_u32>(longer.size());
    std::memcpy(longer.data() + offsetof(wire_header, size), &size, sizeof(size));
    EXPECT_EQ(error_of(longer), DecodeErrorKind::wrong_size_for_kind);
}

TEST_P(EveryKind, DecodesAtAnyAlignment)
{
    const Bytes whole = record_of(GetParam());
    for (std::size_t offset = 0; offset < 8; offset++) {
        Bytes buffer(offset);
        buffer.insert(buffer.end(), whole.begin(), whole.end());
        EXPECT_TRUE(decode(std::span(buffer).subspan(offset)));
    }
}

// Whatever the bytes are, decode() answers; under the sanitizers it also must not read or compute anything undefined.
TEST_P(EveryKind, SurvivesHostileBytes)
{
    std::uint64_t state = 42;
    for (int round = 0; round < 500; round++) {
        Bytes record = record_of(GetParam());
        for (std::size_t index = offsetof(wire_header, time_ns); index < record.size(); index++) {
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            if (round % 2 == 0 || state >> 60 == 0) {
                record[index] = static_cast<std::byte>(state >> 56);
            }
        }
        const auto event = decode(record);
        EXPECT_TRUE(event || event.error().kind == DecodeErrorKind::bad_value);
    }
    Bytes ones = record_of(GetParam());
    std::fill(ones.begin() + offsetof(wire_header, time_ns), ones.end(), std::byte{0xff});
    const auto event = decode(ones);
    EXPECT_TRUE(event || event.error().kind == DecodeErrorKind::bad_value);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryKind, testing::ValuesIn(wire_kinds),
                         [](const auto &kind) { return std::string(kind.param.name); });

TEST(WireDecoder, CountsAnUnknownKindAsThatAndNothingElse)
{
    auto wire = empty_record<wire_clock>(WIRE_CLOCK);
    wire.header.kind = 999;
    const auto event = decode(bytes_of(wire));
    ASSERT_FALSE(event);
    EXPECT_EQ(event.error().kind, DecodeErrorKind::unknown_kind);
    EXPECT_EQ(event.error().record_kind, 999);
    EXPECT_THAT(event.error().reason, HasSubstr("999"));
}

TEST(WireDecoder, KeepsTheHeader)
{
    auto wire = empty_record<wire_clock>(WIRE_CLOCK);
    wire.header.time_ns = 11;
    wire.header.episode = 12;
    wire.header.sequence = 13;
    wire.header.cpu = 14;
    const auto event = decode(bytes_of(wire));
    ASSERT_TRUE(event);
    EXPECT_EQ(event->header.time_ns, 11U);
    EXPECT_EQ(event->header.episode, 12U);
    EXPECT_EQ(event->header.sequence, 13U);
    EXPECT_EQ(event->header.cpu, 14U);
}

TEST(WireDecoder, EndsAStringAtItsNulOrItsField)
{
    const std::string full(WIRE_NAME_LEN, 'x');
    Stream stream;
    stream.memcg(1, 2, full).memcg(1, 2, "a\xff\nb").memcg(1, 2, "");
    EXPECT_EQ(body_in<MemcgState>(stream.records()[0]).name, full);
    EXPECT_EQ(body_in<MemcgState>(stream.records()[1]).name, "a\xff\nb");
    EXPECT_EQ(body_in<MemcgState>(stream.records()[2]).name, "");
    stream.kill(Task(1, "sixteen_bytes_xx").pid(5), WIRE_KILL_MARK);
    EXPECT_EQ(body_in<Kill>(stream.records()[3]).task.comm, "sixteen_bytes_xx");
}

TEST(WireDecoder, RefusesEnumValuesWithoutAMeaning)
{
    auto kill = empty_record<wire_kill>(WIRE_KILL);
    kill.event = WIRE_KILL_MARK;
    EXPECT_EQ(error_of(kill), DecodeErrorKind::bad_value); // why is 0
    kill.why = WIRE_KILL_ALREADY_EXITING + 1;
    EXPECT_EQ(error_of(kill), DecodeErrorKind::bad_value);
    kill.why = WIRE_KILL_CHOSEN;
    kill.event = WIRE_KILL_MARK + 1;
    EXPECT_EQ(error_of(kill), DecodeErrorKind::bad_value);

    auto reaper = empty_record<wire_reaper>(WIRE_REAPER);
    EXPECT_EQ(error_of(reaper), DecodeErrorKind::bad_value);
    reaper.event = WIRE_REAPER_SKIP + 1;
    EXPECT_EQ(error_of(reaper), DecodeErrorKind::bad_value);

    auto choice = empty_record<wire_choice>(WIRE_CHOICE);
    choice.constraint = 4;
    EXPECT_EQ(body_in<Choice>(bytes_of(choice)).has_oom_control, false); // its validity bit is not set: not looked at
    choice.valid = WIRE_CHOICE_OOM_CONTROL;
    EXPECT_EQ(error_of(choice), DecodeErrorKind::bad_value);

    auto begin = empty_record<wire_invocation_begin>(WIRE_INVOCATION_BEGIN);
    begin.constraint = 4;
    begin.valid = WIRE_BEGIN_CONSTRAINT;
    EXPECT_EQ(error_of(begin), DecodeErrorKind::bad_value);

    auto end = empty_record<wire_invocation_end>(WIRE_INVOCATION_END);
    end.walk_stop = WIRE_WALK_TIME_LIMIT + 1;
    EXPECT_EQ(error_of(end), DecodeErrorKind::bad_value);
}

TEST(WireDecoder, RefusesCountsBeyondTheirArrays)
{
    auto begin = empty_record<wire_invocation_begin>(WIRE_INVOCATION_BEGIN);
    begin.valid = WIRE_BEGIN_STACK;
    begin.stack_depth = WIRE_MAX_STACK + 1;
    EXPECT_EQ(error_of(begin), DecodeErrorKind::bad_value);
    begin.stack_depth = WIRE_MAX_STACK;
    EXPECT_EQ(body_in<InvocationBegin>(bytes_of(begin)).stack.size(), std::size_t{WIRE_MAX_STACK});

    auto zone = empty_record<wire_zone>(WIRE_ZONE);
    zone.nr_orders = WIRE_MAX_ORDERS + 1;
    EXPECT_EQ(error_of(zone), DecodeErrorKind::bad_value);
    zone.nr_orders = WIRE_MAX_ORDERS;
    zone.nr_zones = WIRE_MAX_ZONES + 1;
    EXPECT_EQ(error_of(zone), DecodeErrorKind::bad_value);

    auto system = empty_record<wire_system_state>(WIRE_SYSTEM_STATE);
    system.lowmem_reserve_ratio_count = WIRE_MAX_ZONES + 1;
    EXPECT_EQ(error_of(system), DecodeErrorKind::bad_value);
}

TEST(WireDecoder, RefusesAPageSizeThatIsNone)
{
    auto host = empty_record<wire_host>(WIRE_HOST);
    for (const wire_u64 page_size : {0ULL, 4095ULL, 1ULL << 40}) {
        host.page_size = page_size;
        EXPECT_EQ(error_of(host), DecodeErrorKind::bad_value) << page_size;
    }
    host.page_size = 65536;
    EXPECT_EQ(body_in<HostFacts>(bytes_of(host)).page_size, 65536U);
}

TEST(WireDecoder, MapsANewerOutcomeAndMethodToUnknown)
{
    auto end = empty_record<wire_invocation_end>(WIRE_INVOCATION_END);
    end.outcome = WIRE_OUTCOME_PANIC;
    EXPECT_EQ(body_in<InvocationEnd>(bytes_of(end)).outcome, InvocationOutcome::panic);
    end.outcome = WIRE_OUTCOME_PANIC + 1;
    EXPECT_EQ(body_in<InvocationEnd>(bytes_of(end)).outcome, InvocationOutcome::unknown);
    auto begin = empty_record<wire_invocation_begin>(WIRE_INVOCATION_BEGIN);
    begin.attach_method = 77;
    EXPECT_EQ(body_in<InvocationBegin>(bytes_of(begin)).attach_method, AttachMethod::unknown);
}

// Value, "there is none" and "could not look" are three answers.
TEST(WireDecoder, TellsZeroFromUnknownInABegin)
{
    auto wire = empty_record<wire_invocation_begin>(WIRE_INVOCATION_BEGIN);
    InvocationBegin begin = body_in<InvocationBegin>(bytes_of(wire));
    EXPECT_FALSE(begin.has_oom_control);
    EXPECT_FALSE(begin.gfp_mask || begin.order || begin.oom_memcg_id || begin.nodemask || begin.constraint ||
                 begin.total_pages || begin.mems_allowed || begin.entered_ns);
    EXPECT_FALSE(begin.trigger.facts.mems_disjoint);

    wire.valid = WIRE_BEGIN_OOM_CONTROL | WIRE_BEGIN_CONSTRAINT | WIRE_BEGIN_NODEMASK | WIRE_BEGIN_MEMS_ALLOWED |
                 WIRE_BEGIN_ENTERED | WIRE_BEGIN_BADNESS_UNSIGNED | WIRE_BEGIN_ZONELIST;
    wire.order = -1;
    wire.nodemask[0] = 1ULL << 63;
    wire.nodemask[15] = 1;
    wire.trigger.facts = WIRE_TASK_MEMS_READ;
    begin = body_in<InvocationBegin>(bytes_of(wire));
    EXPECT_EQ(begin.gfp_mask, 0U);
    EXPECT_EQ(begin.order, -1);
    EXPECT_EQ(begin.oom_memcg_id, 0U);
    EXPECT_THAT(*begin.nodemask, ElementsAre(63, 960));
    EXPECT_THAT(*begin.mems_allowed, IsEmpty());
    EXPECT_EQ(begin.constraint, Constraint::none);
    EXPECT_EQ(begin.total_pages, 0U);
    EXPECT_EQ(begin.entered_ns, 0U);
    EXPECT_EQ(begin.trigger.facts.mems_disjoint, false);
    EXPECT_TRUE(begin.badness_unsigned && begin.has_zonelist);
    EXPECT_FALSE(begin.oom_memcg_from_lock);

    EXPECT_FALSE(begin.policy_known || begin.policy_nodes);
    EXPECT_FALSE(begin.trigger.facts.policy_disjoint);

    wire.valid = WIRE_BEGIN_POLICY;
    wire.trigger.facts = WIRE_TASK_POLICY_READ;
    begin = body_in<InvocationBegin>(bytes_of(wire));
    EXPECT_TRUE(begin.policy_known);
    EXPECT_FALSE(begin.policy_nodes || begin.nodemask);
    EXPECT_EQ(begin.trigger.facts.policy_disjoint, false);
    wire.valid |= WIRE_BEGIN_NODEMASK;
    wire.trigger.facts |= WIRE_TASK_POLICY_DISJOINT;
    begin = body_in<InvocationBegin>(bytes_of(wire));
    EXPECT_THAT(*begin.policy_nodes, ElementsAre(63, 960));
    EXPECT_FALSE(begin.nodemask);
    EXPECT_EQ(begin.trigger.facts.policy_disjoint, true);

    wire.valid = WIRE_BEGIN_MEMCG_LOCKED;
    wire.oom_memcg_id = 5;
    begin = body_in<InvocationBegin>(bytes_of(wire));
    EXPECT_TRUE(begin.oom_memcg_from_lock);
    EXPECT_EQ(begin.oom_memcg_id, 5U);
    EXPECT_FALSE(begin.gfp_mask);
}

TEST(WireDecoder, TellsZeroFromUnknownInACandidate)
{
    Stream stream;
    stream.unscored_candidate(Task(1, "a").no_mm());
    stream.candidate(Task(2, "b").anon(5).exact(1, 2, 3, 4).fact(WIRE_TASK_IN_VFORK), 0,
                     [](wire_candidate &wire) { wire.facts |= WIRE_CANDIDATE_CHOSEN_POINTS | WIRE_CANDIDATE_BECAME_CHOSEN; });
    const auto bare = body_in<Candidate>(stream.records()[0]);
    EXPECT_FALSE(bare.mm || bare.observed_points || bare.chosen_points || bare.evaluated);
    const auto full = body_in<Candidate>(stream.records()[1]);
    EXPECT_EQ(full.observed_points, 0);
    EXPECT_EQ(full.chosen_points, 0);
    EXPECT_TRUE(full.evaluated && full.became_chosen && full.task.facts.in_vfork);
    ASSERT_TRUE(full.mm && full.mm->exact);
    EXPECT_EQ(full.mm->approximate.anon, 5);
    EXPECT_EQ(full.mm->exact->file, 1);
    EXPECT_EQ(full.mm->exact->anon, 2);
    EXPECT_EQ(full.mm->exact->swap, 3);
    EXPECT_EQ(full.mm->exact->shmem, 4);
}

TEST(WireDecoder, TellsZeroFromUnlimitedAndUnreadInAMemcg)
{
    Stream stream;
    stream.memcg(3, 2, "x", [](wire_memcg &wire) {
        wire.memory = {
            .usage = 1, .min = 0, .low = WIRE_UNLIMITED, .high = WIRE_UNLIMITED, .max = 0, .failcnt = 6, .watermark = 7};
        wire.valid |= WIRE_MEMCG_EVENTS | WIRE_MEMCG_SWAPPINESS | WIRE_MEMCG_HAS_OOM_LOCK;
        wire.event_oom_kill = 9;
    });
    stream.memcg(3, 0, "");
    const auto memcg = body_in<MemcgState>(stream.records()[0]);
    EXPECT_EQ(memcg.memory.min, 0U);
    EXPECT_FALSE(memcg.memory.low);
    EXPECT_EQ(memcg.memory.max, 0U);
    EXPECT_EQ(memcg.memory.failcnt, 6U);
    EXPECT_EQ(memcg.memory.watermark, 7U);
    ASSERT_TRUE(memcg.events);
    EXPECT_EQ(memcg.events->oom_kill, 9U);
    EXPECT_EQ(memcg.swappiness, 0);
    EXPECT_EQ(memcg.oom_locked, false);
    EXPECT_FALSE(memcg.root);
    const auto root = body_in<MemcgState>(stream.records()[1]);
    EXPECT_TRUE(root.root && root.v2);
    EXPECT_FALSE(root.events || root.swappiness || root.oom_locked || root.kmem);
}

TEST(WireDecoder, TakesOnlyTheItemsOfThisKernel)
{
    Stream stream;
    stream.node(1, 100, [](wire_node &wire) {
        wire.stat_valid = 1ULL << WIRE_NODE_SHMEM | 1ULL << (WIRE_NODE_ITEMS - 1) | 1ULL << 60;
        wire.stat[WIRE_NODE_SHMEM] = -3;
    });
    stream.zone(1, 2, "Normal", [](wire_zone &wire) {
        wire.nr_orders = 2;
        wire.nr_zones = 3;
        wire.nr_free[1] = 8;
        wire.free_types[1] = 1 << WIRE_MIGRATE_CMA;
        wire.valid = WIRE_ZONE_PCP;
        wire.watermark[2] = 30;
    });
    EXPECT_THAT(body_in<NodeState>(stream.records()[0]).stat,
                ElementsAre(Pair(WIRE_NODE_SHMEM, -3), Pair(WIRE_NODE_ITEMS - 1, 0)));
    const auto zone = body_in<ZoneState>(stream.records()[1]);
    EXPECT_EQ(zone.name, "Normal");
    EXPECT_EQ(zone.lowmem_reserve.size(), 3U);
    ASSERT_EQ(zone.free_blocks.size(), 2U);
    EXPECT_EQ(zone.free_blocks[1].count, 8U);
    EXPECT_EQ(zone.free_blocks[1].types, 16U);
    EXPECT_EQ(zone.free_pcp, 0U);
    EXPECT_FALSE(zone.cma_pages || zone.free_highatomic);
    EXPECT_EQ(zone.watermark[2], 30U);
}

TEST(WireDecoder, ReadsTheRestOfTheKinds)
{
    Stream stream;
    stream.begin_episode(1)
        .released(Task(9, "x").mm(77), [](wire_mm_released &wire) { wire.rescans = 4; })
        .exit(Task(9, "x"), [](wire_exit &wire) { wire.threads_left = 2; })
        .loss([](wire_loss &wire) { wire.dropped[WIRE_DROP_DEPTH_LIMIT] = 3; })
        .reaper(Task(9, "x").anon(6), WIRE_REAPER_FINISH)
        .symbol(0x10, "main", 3)
        .end(WIRE_OUTCOME_ABORTED, [](wire_invocation_end &wire) { wire.aborted_by_tgid = 55; })
        .swap(800, -2)
        .stream_end();
    const auto released = body_in<MmReleased>(stream.records()[0]);
    EXPECT_EQ(released.mm, 77U);
    EXPECT_EQ(released.rescans, 4U);
    EXPECT_FALSE(released.memcg_id || released.last_rescan_ns);
    EXPECT_EQ(body_in<ExitEvent>(stream.records()[1]).threads_left, 2U);
    EXPECT_EQ(body_in<LossTotals>(stream.records()[2]).dropped[WIRE_DROP_DEPTH_LIMIT], 3U);
    const auto reaper = body_in<ReaperEvent>(stream.records()[3]);
    EXPECT_EQ(reaper.step, ReaperStep::finish);
    EXPECT_EQ(reaper.mm->approximate.anon, 6);
    const auto symbol = body_in<Symbol>(stream.records()[4]);
    EXPECT_EQ(symbol.address, 0x10U);
    EXPECT_EQ(symbol.offset, 3U);
    EXPECT_EQ(symbol.name, "main");
    const auto end = body_in<InvocationEnd>(stream.records()[5]);
    EXPECT_EQ(end.outcome, InvocationOutcome::aborted);
    EXPECT_EQ(end.aborted_by_tgid, 55U);
    EXPECT_FALSE(end.returned);
    EXPECT_EQ(body_in<SwapCounts>(stream.records()[6]).total_pages, 800);
    EXPECT_EQ(body_in<SwapCounts>(stream.records()[6]).free_pages, -2);
    EXPECT_EQ(body_in<StreamEnd>(stream.records()[7]).records, 7U);
}

TEST(WireDecoder, LinesOfTheKernelsLog)
{
    Stream stream;
    stream.log_line(std::string(300, 'x'), WIRE_LOG_BEFORE_START).log_event(WIRE_LOG_BACKLOG_END);
    const auto piece = body_in<KernelLogLine>(stream.records()[0]);
    EXPECT_EQ(piece.event, LogEvent::text);
    EXPECT_EQ(piece.text, std::string(256, 'x'));
    EXPECT_TRUE(piece.more && piece.before_start && !piece.earlier_boot);
    const auto rest = body_in<KernelLogLine>(stream.records()[1]);
    EXPECT_EQ(rest.text, std::string(44, 'x'));
    EXPECT_FALSE(rest.more);
    EXPECT_EQ(body_in<KernelLogLine>(stream.records()[2]).event, LogEvent::backlog_end);

    auto wire = empty_record<wire_log_line>(WIRE_LOG_LINE);
    wire.event = WIRE_LOG_TEXT;
    wire.length = WIRE_LOG_TEXT_LEN + 1;
    EXPECT_EQ(error_of(wire), DecodeErrorKind::bad_value);
    wire.length = 0;
    wire.event = 99;
    EXPECT_EQ(error_of(wire), DecodeErrorKind::bad_value);
}

TEST(WireDecoder, ArgumentsAsTheyAreShown)
{
    using namespace std::string_literals;
    auto wire = empty_record<wire_process_identity>(WIRE_PROCESS_IDENTITY);
    const auto with = [&](const std::string &text, std::uint64_t bytes, wire_u32 valid) {
        std::ranges::fill(wire.arguments, wire_u8{0});
        std::ranges::copy(text, std::begin(wire.arguments));
        wire.arguments_copied = static_cast<wire_u32>(text.size());
        wire.argument_bytes = bytes;
        wire.valid = valid;
        const auto identity = body_in<ProcessIdentityRead>(bytes_of(wire));
        return std::pair(identity.cmdline, identity.arguments);
    };
    constexpr wire_u32 all = WIRE_IDENTITY_ARGUMENTS, first = all | WIRE_IDENTITY_FIRST_ALONE;
    EXPECT_EQ(with("app\0--password\0hunter2\0"s, 23, all), std::pair("app --password hunter2"s, ArgumentsState::whole));
    EXPECT_EQ(with("app"s, 23, first), std::pair("app"s, ArgumentsState::whole)) << "the others were not asked for";
    EXPECT_EQ(with(std::string(16, '\0'), 16, all), std::pair(""s, ArgumentsState::none));
    EXPECT_EQ(with(""s, 0, 0), std::pair(""s, ArgumentsState::none));
    EXPECT_EQ(with(""s, 9, 0), std::pair(""s, ArgumentsState::not_in_memory));
    EXPECT_EQ(with(""s, 0, WIRE_IDENTITY_WITHHELD), std::pair(""s, ArgumentsState::withheld));
    EXPECT_EQ(with(std::string(2048, 'x'), 2049, all), std::pair(std::string(2048, 'x'), ArgumentsState::cut));
    EXPECT_EQ(with(std::string(2047, 'x'), 9, first), std::pair(std::string(2047, 'x'), ArgumentsState::cut));

    wire.arguments_copied = sizeof(wire.arguments) + 1;
    EXPECT_EQ(error_of(wire), DecodeErrorKind::bad_value);
}

TEST(WireDecoder, ThePathOfAProgramFromItsNames)
{
    using namespace std::string_literals;
    auto wire = empty_record<wire_process_identity>(WIRE_PROCESS_IDENTITY);
    const auto with = [&](const std::string &names, wire_u32 valid) {
        std::ranges::fill(wire.exe, wire_u8{0});
        std::ranges::copy(names, std::begin(wire.exe));
        wire.valid = valid;
        return body_in<ProcessIdentityRead>(bytes_of(wire)).exe;
    };
    EXPECT_EQ(with("app\0bin\0usr"s, WIRE_IDENTITY_EXE), "/usr/bin/app");
    EXPECT_EQ(with("app\0bin\0usr"s, WIRE_IDENTITY_EXE | WIRE_IDENTITY_EXE_DELETED), "/usr/bin/app (deleted)");
    EXPECT_EQ(with("memfd:x"s, WIRE_IDENTITY_EXE | WIRE_IDENTITY_EXE_DELETED), "/memfd:x (deleted)");
    EXPECT_EQ(with("app\0bin"s, WIRE_IDENTITY_EXE | WIRE_IDENTITY_EXE_CUT), ".../bin/app");
    EXPECT_EQ(with(std::string(1024, 'x'), WIRE_IDENTITY_EXE), "/" + std::string(1024, 'x'));
    EXPECT_EQ(with("app"s, 0), std::nullopt);
}

} // namespace
} // namespace oomtrace::test
