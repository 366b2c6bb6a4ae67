// SPDX-License-Identifier: Apache-2.0
//
// wire_builder.h: makes wire records next to the assertion that needs them. A Task is a process with its memory, a Stream is
// what a live source would deliver: it numbers the records of an episode and lets time pass between them. Everything that is
// not said has a plausible value; the last argument of each call changes the wire struct itself.
//
//     Stream stream;
//     stream.host().begin_episode(1).begin(Task(100, "web"));
//     stream.candidate(Task(100, "web").anon(500).adj(-1000), not_eligible);
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "oomtrace/wire_record.h"

namespace oomtrace::test
{

using Bytes = std::vector<std::byte>;

inline constexpr std::int64_t not_eligible = std::numeric_limits<std::int64_t>::min();

template <typename Wire>
Bytes bytes_of(const Wire &wire)
{
    Bytes bytes(sizeof(wire));
    std::memcpy(bytes.data(), &wire, sizeof(wire));
    return bytes;
}

template <typename Wire>
Wire wire_of(const Bytes &bytes)
{
    Wire wire{};
    std::memcpy(&wire, bytes.data(), std::min(bytes.size(), sizeof(wire)));
    return wire;
}

// Cuts the text where the field ends, without a NUL then: as a kernel string of full length.
template <std::size_t size>
void put_text(wire_u8 (&field)[size], std::string_view text)
{
    std::memset(field, 0, size);
    std::memcpy(field, text.data(), std::min(text.size(), size));
}

template <typename Wire>
Wire empty_record(wire_kind kind)
{
    Wire wire{};
    wire.header.size = sizeof(Wire);
    wire.header.kind = static_cast<wire_u16>(kind);
    return wire;
}

class Task
{
  public:
    Task(std::uint32_t tgid, std::string_view comm)
    {
        task_.pid = task_.tgid = tgid;
        task_.ppid = 1;
        task_.threads = 1;
        task_.start_boottime_ns = 1'000'000ULL * tgid;
        task_.facts = WIRE_TASK_HAS_MM;
        put_text(task_.comm, comm);
        mm_.mm = 0xffff'8880'0000'0000ULL + tgid * 0x1000ULL;
        mm_.mm_users = 1;
    }

    Task &pid(std::uint32_t value) { return set(task_.pid, value); }
    Task &uid(std::uint32_t value) { return set(task_.uid, value); }
    Task &adj(std::int32_t value) { return set(task_.oom_score_adj, value); }
    Task &memcg(std::uint64_t id) { return set(task_.memcg_id, id); }
    Task &fact(wire_task_fact bit) { return set(task_.facts, task_.facts | bit); }
    Task &no_mm()
    {
        mm_ = {};
        return set(task_.facts, task_.facts & ~std::uint32_t{WIRE_TASK_HAS_MM});
    }
    Task &mm(std::uint64_t address) { return set(mm_.mm, address); }
    Task &total_vm(std::uint64_t pages) { return set(mm_.total_vm, pages); }
    Task &anon(std::int64_t pages) { return set(mm_.rss[WIRE_RSS_ANON], pages); }
    Task &file(std::int64_t pages) { return set(mm_.rss[WIRE_RSS_FILE], pages); }
    Task &shmem(std::int64_t pages) { return set(mm_.rss[WIRE_RSS_SHMEM], pages); }
    Task &swap(std::int64_t pages) { return set(mm_.rss[WIRE_RSS_SWAP], pages); }
    Task &pgtables_bytes(std::uint64_t bytes) { return set(mm_.pgtables_bytes, bytes); }
    Task &exact(std::int64_t file, std::int64_t anon, std::int64_t swap, std::int64_t shmem)
    {
        mm_.rss_exact_valid = 1;
        mm_.rss_exact[WIRE_RSS_FILE] = file;
        mm_.rss_exact[WIRE_RSS_ANON] = anon;
        mm_.rss_exact[WIRE_RSS_SWAP] = swap;
        mm_.rss_exact[WIRE_RSS_SHMEM] = shmem;
        return *this;
    }

    [[nodiscard]] const wire_task &task() const { return task_; }
    [[nodiscard]] const wire_mm &memory() const { return mm_; }

  private:
    template <typename Field, typename Value>
    Task &set(Field &field, Value value)
    {
        field = static_cast<Field>(value);
        return *this;
    }

    wire_task task_{};
    wire_mm mm_{};
};

class Stream
{
  public:
    template <typename Wire>
    using Change = std::function<void(Wire &)>;

    static constexpr std::uint64_t start_ns = 1'000'000'000'000;
    static constexpr std::uint64_t step_ns = 1'000; // between two records

    // ---- what the kernel side sends ----

    // Numbers from 1 again.
    Stream &begin_episode(std::uint64_t id)
    {
        episode_ = id;
        sequence_ = 0;
        candidates_ = 0;
        return *this;
    }
    Stream &at(std::uint64_t time_ns)
    {
        now_ns_ = time_ns;
        return *this;
    }
    Stream &after(std::uint64_t duration_ns) { return at(now_ns_ + duration_ns); }
    [[nodiscard]] std::uint64_t now_ns() const { return now_ns_; }

    // With the kernel's oom_control: a cgroup's OOM if `oom_memcg` is not 0, for one page of GFP_KERNEL.
    Stream &begin(const Task &trigger, std::uint64_t oom_memcg = 0, const Change<wire_invocation_begin> &change = {})
    {
        auto wire = empty_record<wire_invocation_begin>(WIRE_INVOCATION_BEGIN);
        wire.trigger = trigger.task();
        wire.entered_ns = now_ns_;
        wire.oom_memcg_id = oom_memcg;
        wire.gfp_mask = 0xcc0;
        wire.attach_method = WIRE_ATTACH_FENTRY;
        wire.valid = WIRE_BEGIN_OOM_CONTROL | WIRE_BEGIN_ENTERED | WIRE_BEGIN_MEMS_ALLOWED | WIRE_BEGIN_STACK;
        wire.mems_allowed[0] = 1;
        put_text(wire.cpuset, "/");
        return numbered(wire, change);
    }
    // What a tracer sends that watches both tracepoints: none seen, unless `change` says otherwise.
    Stream &retries(const Change<wire_retries> &change = {})
    {
        auto wire = empty_record<wire_retries>(WIRE_RETRIES);
        wire.watched = WIRE_RETRIES_RECLAIM | WIRE_RETRIES_COMPACTION;
        return numbered(wire, change);
    }
    Stream &memcg(std::uint64_t id, std::uint64_t parent, std::string_view name, const Change<wire_memcg> &change = {})
    {
        auto wire = empty_record<wire_memcg>(WIRE_MEMCG);
        wire.id = id;
        wire.parent_id = parent;
        wire.valid = WIRE_MEMCG_V2 | (parent == 0 ? std::uint32_t{WIRE_MEMCG_ROOT} : 0U);
        for (wire_page_counter *counter : {&wire.memory, &wire.swap}) {
            counter->max = counter->high = WIRE_UNLIMITED;
        }
        put_text(wire.name, name);
        return numbered(wire, change);
    }
    Stream &node(std::uint32_t number, std::uint64_t present_pages, const Change<wire_node> &change = {})
    {
        auto wire = empty_record<wire_node>(WIRE_NODE);
        wire.node = number;
        wire.nr_zones = 1;
        wire.present_pages = wire.spanned_pages = present_pages;
        return numbered(wire, change);
    }
    Stream &zone(std::uint32_t node, std::uint32_t index, std::string_view name, const Change<wire_zone> &change = {})
    {
        auto wire = empty_record<wire_zone>(WIRE_ZONE);
        wire.node = node;
        wire.index = index;
        put_text(wire.name, name);
        wire.nr_orders = 11;
        wire.nr_zones = 4;
        wire.stat_valid = 1ULL << WIRE_ZONE_FREE;
        return numbered(wire, change);
    }
    // As seen around oom_badness().
    Stream &candidate(const Task &task, std::int64_t points, const Change<wire_candidate> &change = {})
    {
        return unscored_candidate(task, [&](wire_candidate &wire) {
            wire.points = points;
            wire.facts = WIRE_CANDIDATE_POINTS_OBSERVED | WIRE_CANDIDATE_EVALUATED;
            if (change) {
                change(wire);
            }
        });
    }
    Stream &unscored_candidate(const Task &task, const Change<wire_candidate> &change = {})
    {
        auto wire = empty_record<wire_candidate>(WIRE_CANDIDATE);
        wire.task = task.task();
        wire.mm = task.memory();
        candidates_++;
        return numbered(wire, change);
    }
    Stream &choice(const Task &task, std::int64_t points, std::uint64_t total_pages, const Change<wire_choice> &change = {})
    {
        auto wire = empty_record<wire_choice>(WIRE_CHOICE);
        wire.task = task.task();
        wire.points = points;
        wire.total_pages = total_pages;
        wire.constraint = 3;
        wire.valid = WIRE_CHOICE_OOM_CONTROL;
        put_text(wire.message, "Memory cgroup out of memory");
        return numbered(wire, change);
    }
    Stream &kill(const Task &task, wire_kill_event event, wire_kill_why why = WIRE_KILL_CHOSEN,
                 const Change<wire_kill> &change = {})
    {
        return numbered(kill_record(task, event, why), change);
    }
    Stream &late_kill(const Task &task, wire_kill_event event, wire_kill_why why, const Change<wire_kill> &change = {})
    {
        return unnumbered(kill_record(task, event, why), change);
    }
    // Of the cgroup's oom_kill: `before` at the choice, and after so many kills more.
    Stream &kill_counts(std::uint64_t memcg, std::uint64_t before, std::uint64_t more,
                        const Change<wire_kill_counts> &change = {})
    {
        auto wire = empty_record<wire_kill_counts>(WIRE_KILL_COUNTS);
        wire.memcg_id = memcg;
        wire.oom_kill_before = before;
        wire.oom_kill_after = before + more;
        wire.kills_seen = static_cast<wire_u32>(more);
        return numbered(wire, change);
    }
    Stream &end(wire_outcome outcome, const Change<wire_invocation_end> &change = {})
    {
        auto wire = empty_record<wire_invocation_end>(WIRE_INVOCATION_END);
        wire.outcome = outcome;
        wire.last_sequence = sequence_ + 1;
        wire.candidates_sent = wire.tasks_seen = candidates_;
        return numbered(wire, change);
    }
    Stream &reaper(const Task &task, wire_reaper_event event, const Change<wire_reaper> &change = {})
    {
        auto wire = empty_record<wire_reaper>(WIRE_REAPER);
        wire.event = event;
        wire.pid = task.task().pid;
        wire.tgid = task.task().tgid;
        wire.mm = task.memory();
        wire.mm_valid = 1;
        return unnumbered(wire, change);
    }
    Stream &exit(const Task &task, const Change<wire_exit> &change = {})
    {
        auto wire = empty_record<wire_exit>(WIRE_EXIT);
        wire.pid = task.task().pid;
        wire.tgid = task.task().tgid;
        wire.exit_code = 9;
        return unnumbered(wire, change);
    }
    Stream &released(const Task &task, const Change<wire_mm_released> &change = {})
    {
        auto wire = empty_record<wire_mm_released>(WIRE_MM_RELEASED);
        wire.mm = task.memory().mm;
        wire.tgid = task.task().tgid;
        return unnumbered(wire, change);
    }

    Stream &swap(std::int64_t total_pages, std::int64_t free_pages)
    {
        auto wire = empty_record<wire_swap>(WIRE_SWAP);
        wire.total_pages = total_pages;
        wire.free_pages = free_pages;
        return numbered(wire, {});
    }

    // ---- what the collector adds ----

    Stream &host(const Change<wire_host> &change = {})
    {
        auto wire = empty_record<wire_host>(WIRE_HOST);
        wire.page_size = 4096;
        wire.realtime_offset_ns = 1'700'000'000'000'000'000;
        wire.attach_method = WIRE_ATTACH_FENTRY;
        wire.cgroup_version = 2;
        put_text(wire.hostname, "box");
        put_text(wire.boot_id, "01234567-89ab-cdef-0123-456789abcdef");
        put_text(wire.kernel, "6.12.9-test");
        put_text(wire.arch, "x86_64");
        put_text(wire.tracer_version, "0.1.0");
        return outside(wire, change);
    }
    Stream &symbol(std::uint64_t address, std::string_view name, std::uint64_t offset = 0x1c)
    {
        auto wire = empty_record<wire_symbol>(WIRE_SYMBOL);
        wire.address = address;
        wire.offset = offset;
        put_text(wire.name, name);
        return unnumbered(wire, {});
    }
    // 1 GiB of RAM, no swap, swappiness 60.
    Stream &system_state(const Change<wire_system_state> &change = {})
    {
        auto wire = empty_record<wire_system_state>(WIRE_SYSTEM_STATE);
        set_item(wire, WIRE_SYS_TOTAL_RAM_BYTES, 1LL << 30);
        set_item(wire, WIRE_SYS_TOTAL_SWAP_BYTES, 0);
        set_item(wire, WIRE_SYS_FREE_SWAP_BYTES, 0);
        set_item(wire, WIRE_SYS_SWAPPINESS, 60);
        set_item(wire, WIRE_SYS_PANIC_ON_OOM, 0);
        return unnumbered(wire, change);
    }
    // The collector's reading at the start, which belongs to no episode.
    Stream &first_reading(std::int64_t counted, std::int64_t seen)
    {
        auto wire = empty_record<wire_system_state>(WIRE_SYSTEM_STATE);
        set_item(wire, WIRE_SYS_VMSTAT_OOM_KILL, counted);
        set_item(wire, WIRE_SYS_KILLS_SEEN, seen);
        return outside(wire, {});
    }
    static void set_item(wire_system_state &wire, wire_system_item item, std::int64_t value)
    {
        wire.value[item] = value;
        wire.valid |= 1ULL << item;
    }
    Stream &log_event(wire_log_event event, std::uint32_t flags = 0, std::string_view text = {})
    {
        auto wire = empty_record<wire_log_line>(WIRE_LOG_LINE);
        wire.event = static_cast<wire_u16>(event);
        wire.flags = flags;
        wire.length = static_cast<wire_u16>(text.size());
        std::copy(text.begin(), text.end(), wire.text);
        return outside(wire, {});
    }
    // In as many records as it takes.
    Stream &log_line(std::string_view line, std::uint32_t flags = 0)
    {
        while (line.size() > WIRE_LOG_TEXT_LEN) {
            log_event(WIRE_LOG_TEXT, flags | WIRE_LOG_MORE, line.substr(0, WIRE_LOG_TEXT_LEN));
            line.remove_prefix(WIRE_LOG_TEXT_LEN);
        }
        return log_event(WIRE_LOG_TEXT, flags, line);
    }
    Stream &clock() { return outside(empty_record<wire_clock>(WIRE_CLOCK), {}); }
    Stream &loss(const Change<wire_loss> &change) { return outside(empty_record<wire_loss>(WIRE_LOSS), change); }
    Stream &stream_end()
    {
        auto wire = empty_record<wire_stream_end>(WIRE_STREAM_END);
        wire.records = records_.size();
        return outside(wire, {});
    }

    [[nodiscard]] const std::vector<Bytes> &records() const { return records_; }
    [[nodiscard]] std::vector<Bytes> &records() { return records_; }

  private:
    static wire_kill kill_record(const Task &task, wire_kill_event event, wire_kill_why why)
    {
        auto wire = empty_record<wire_kill>(WIRE_KILL);
        wire.task = task.task();
        wire.mm = task.memory();
        wire.event = event;
        wire.why = why;
        return wire;
    }
    template <typename Wire>
    Stream &numbered(Wire wire, const Change<Wire> &change)
    {
        wire.header.episode = episode_;
        wire.header.sequence = ++sequence_;
        return append(wire, change);
    }
    template <typename Wire>
    Stream &unnumbered(Wire wire, const Change<Wire> &change)
    {
        wire.header.episode = episode_;
        return append(wire, change);
    }
    template <typename Wire>
    Stream &outside(Wire wire, const Change<Wire> &change)
    {
        return append(wire, change);
    }
    template <typename Wire>
    Stream &append(Wire &wire, const Change<Wire> &change)
    {
        wire.header.time_ns = now_ns_;
        if (change) {
            change(wire);
        }
        records_.push_back(bytes_of(wire));
        now_ns_ += step_ns;
        return *this;
    }

    std::vector<Bytes> records_;
    std::uint64_t now_ns_ = start_ns;
    std::uint64_t episode_ = 0;
    std::uint32_t sequence_ = 0;
    std::uint64_t candidates_ = 0;
};

} // namespace oomtrace::test
