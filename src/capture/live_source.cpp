// SPDX-License-Identifier: Apache-2.0
#include "capture/live_source.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <future>
#include <thread>
#include <utility>

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "capture/candidate_sample.h"
#include "decode/leading_record.h"
#include "host/monotonic_clock.h"

#include "tracer_state.h"

namespace oomtrace
{

namespace
{

using std::chrono::nanoseconds;

// What is taken out of the ring at once. The ring, not this, holds what the collector cannot keep up with.
constexpr std::size_t staging_bytes = 256U << 10;

template <typename Record>
std::optional<Record> record_as(std::span<const std::byte> bytes)
{
    if (bytes.size() != sizeof(Record))
        return std::nullopt;
    Record record{};
    std::memcpy(&record, bytes.data(), sizeof(record));
    return record;
}

} // namespace

LiveSource::LiveSource(const SystemStateReader &system, const KernelLogOptions &log, std::size_t staging_size)
    : system_(system), staging_(staging_size), log_(log)
{
}

Result<std::unique_ptr<LiveSource>> LiveSource::start(const SessionOptions &options, const wire_host &host,
                                                      KernelDescription kernel, const SystemStateReader &system, int stop_fd,
                                                      const KernelLogOptions &log)
{
    std::unique_ptr<LiveSource> source(new LiveSource(system, log, staging_bytes));
    // Beside the verifier.
    auto symbols = std::async(std::launch::async | std::launch::deferred, [&kernel] { return kernel.symbols.by_address(); });
    std::vector<MethodAttempt> attempts;
    auto session = KernelSession::start(
        options, kernel, [raw = source.get()](std::span<const std::byte> record) { return raw->stage(record); }, &attempts);
    if (!session)
        return tl::unexpected(session.error());
    source->session_ = std::move(*session);
    source->symbols_ = symbols.get();

    source->poll_fd_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
    source->timer_fd_ = UniqueFd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    for (const int fd : {source->session_->wakeup_fd(), stop_fd, source->timer_fd_.get()}) {
        epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
        if (::epoll_ctl(source->poll_fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
            return fail_errno("wait for the ring buffer", errno);
    }

    wire_host first = host;
    const auto &attempt = source->session_->attempt();
    first.attach_method = static_cast<wire_u32>(attempt.method);
    std::string note;
    for (const MethodAttempt &other : attempts) {
        if (other.error)
            note += (note.empty() ? "" : "; ") + std::string(name_of(other.method)) + " not possible: " + other.error->reason;
    }
    const std::size_t length = std::min(note.size(), sizeof(first.method_note) - 1);
    std::memcpy(first.method_note, note.data(), length);
    source->add(first, WIRE_HOST, 0);
    source->add_system_state(0); // what the kernel had counted before
    source->log_.begin();
    return source;
}

Result<void> LiveSource::stop_after(nanoseconds duration)
{
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
    itimerspec when{};
    when.it_value.tv_sec = seconds.count();
    when.it_value.tv_nsec = (duration - seconds).count();
    if (::timerfd_settime(timer_fd_.get(), 0, &when, nullptr) != 0)
        return fail_errno("set the timer of --duration", errno);
    return {};
}

Result<void> LiveSource::attend_to(int fd, std::function<void()> on_readable)
{
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    if (::epoll_ctl(poll_fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
        return fail_errno("wait for more than the ring buffer", errno);
    attended_[fd] = std::move(on_readable);
    return {};
}

void LiveSource::stop(wire_end_reason reason)
{
    end_reason_ = reason;
    stopping_ = true;
    if (reason == WIRE_END_COUNT_REACHED) {
        own_records_.clear();
        staged_ = taken_ = 0;
        add_end();
    }
}

void LiveSource::add_end()
{
    if (ended_)
        return;
    session_->detach();
    attached_ = false;
    if (end_reason_ == WIRE_END_STOPPED)
        add_losses();
    wire_stream_end end{};
    end.records = records_ + own_records_.size();
    end.reason = end_reason_;
    add(end, WIRE_STREAM_END, 0);
    ended_ = true;
}

// The ring callback: a sample holds one record, or many candidates. False: full for now; the rest stays in the ring.
bool LiveSource::stage(std::span<const std::byte> sample)
{
    staged_ += expand_sample(sample, std::span(staging_).subspan(staged_));
    return staging_.size() - staged_ >= largest_expansion();
}

std::span<const std::byte> LiveSource::first_staged() const
{
    return leading_record(std::span<const std::byte>(staging_.data() + taken_, staged_ - taken_));
}

std::optional<std::span<const std::byte>> LiveSource::take_staged()
{
    if (taken_ == staged_)
        return std::nullopt;
    const auto record = first_staged();
    taken_ += record.size();
    log_looked_at_ = false;
    return record;
}

// True: the record that is next comes after what the kernel has printed by now, which was not looked at yet.
bool LiveSource::look_at_log()
{
    if (log_looked_at_ || taken_ == staged_ || !LogTap::comes_before(first_staged()))
        return false;
    log_looked_at_ = true;
    log_.look(monotonic_now_ns());
    return true;
}

// True: what is next says that the kernel is printing; what it has printed is looked at.
bool LiveSource::take_notice()
{
    // From 5.15 on the tracepoint fires before the line can be read: by a moment, but for a processor that a hypervisor takes
    // away in it.
    constexpr std::chrono::milliseconds until_printed{5};
    constexpr std::chrono::milliseconds until_surely_printed{500};
    if (taken_ == staged_ || record_as<wire_header>(first_staged().first(sizeof(wire_header)))->kind != SAMPLE_OF_NOTICE)
        return false;
    (void)take_staged();
    std::this_thread::sleep_for(until_printed);
    const std::uint64_t now_ns = monotonic_now_ns();
    log_.look(now_ns);
    look_again_ns_ = now_ns + static_cast<std::uint64_t>(nanoseconds(until_surely_printed).count());
    return true;
}

// Until when to wait, if not for what the caller waits for.
std::optional<nanoseconds> LiveSource::until_next_look(std::optional<nanoseconds> timeout) const
{
    if (!look_again_ns_)
        return timeout;
    const std::uint64_t now_ns = monotonic_now_ns();
    const nanoseconds left(*look_again_ns_ > now_ns ? *look_again_ns_ - now_ns : 0);
    return timeout ? std::min(*timeout, left) : left;
}

template <typename Record>
void LiveSource::add(Record record, wire_kind kind, std::uint64_t episode)
{
    add_at(monotonic_now_ns(), record, kind, episode);
}

template <typename Record>
void LiveSource::add_at(std::uint64_t time_ns, Record record, wire_kind kind, std::uint64_t episode)
{
    record.header.size = sizeof(record);
    record.header.kind = static_cast<wire_u16>(kind);
    record.header.time_ns = time_ns;
    record.header.episode = episode;
    std::vector<std::byte> bytes(sizeof(record));
    std::memcpy(bytes.data(), &record, sizeof(record));
    own_records_.push_back(std::move(bytes));
}

void LiveSource::add_symbols(const wire_invocation_begin &begin)
{
    for (std::uint32_t frame = 0; frame < std::min<std::uint32_t>(begin.stack_depth, WIRE_MAX_STACK); ++frame) {
        // A return address points behind the call, which can be the first byte of the next function.
        const auto found = symbols_.find(begin.stack[frame] - 1);
        wire_symbol symbol{};
        symbol.address = begin.stack[frame];
        if (found) { // otherwise, code without a symbol: a BPF program's, with nothing behind it in the name
            symbol.offset = found->offset + 1;
            std::memcpy(symbol.name, found->name.data(), std::min(found->name.size(), sizeof(symbol.name) - 1));
        }
        add(symbol, WIRE_SYMBOL, begin.header.episode);
    }
}

// Late by so much at most: the ring has room.
void LiveSource::add_names(std::uint64_t episode)
{
    constexpr std::chrono::milliseconds patience{100};
    if (names_ == nullptr)
        return;
    for (const wire_cgroup_names &names : names_->ask(cgroups_.questions(), patience))
        add(names, WIRE_CGROUP_NAMES, episode);
}

// The kernel counts a kill a moment before the hooks see it, and a group is killed while this reads: so, as long as the two
// counts do not grow alike, once more.
void LiveSource::add_system_state(std::uint64_t episode)
{
    constexpr int most_readings = 5;
    wire_system_state state{};
    for (int reading = 0; reading < most_readings; ++reading) {
        if (reading != 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        const auto seen_before = session_->kills_seen();
        state = system_.read();
        const auto seen = session_->kills_seen();
        if (!seen || (state.valid & 1ULL << WIRE_SYS_VMSTAT_OOM_KILL) == 0)
            break;
        state.value[WIRE_SYS_KILLS_SEEN] = static_cast<wire_s64>(*seen);
        state.valid |= 1ULL << WIRE_SYS_KILLS_SEEN;
        const wire_s64 unseen = state.value[WIRE_SYS_VMSTAT_OOM_KILL] - state.value[WIRE_SYS_KILLS_SEEN];
        const bool settled = seen_before == seen && (!kills_unseen_ || *kills_unseen_ == unseen);
        if (settled || reading + 1 == most_readings) {
            kills_unseen_ = unseen;
            break;
        }
    }
    add(state, WIRE_SYSTEM_STATE, episode);
}

void LiveSource::add_losses()
{
    const SessionCounters counters = session_->counters();
    wire_loss now{};
    std::copy(counters.dropped.begin(), counters.dropped.end(), now.dropped);
    now.recursion_misses = counters.recursion_misses;
    const bool same = std::equal(std::begin(now.dropped), std::end(now.dropped), std::begin(losses_.dropped)) &&
                      now.recursion_misses == losses_.recursion_misses;
    if (same)
        return;
    losses_ = now;
    add(now, WIRE_LOSS, 0);
}

void LiveSource::after_delivery(std::span<const std::byte> record)
{
    if (record.size() < sizeof(wire_header))
        return;
    const auto header = record_as<wire_header>(record.first(sizeof(wire_header)));
    if (header->kind == WIRE_INVOCATION_BEGIN) {
        if (const auto begin = record_as<wire_invocation_begin>(record)) {
            begin_ = *begin;
            cgroups_.note(*begin);
        }
    } else if (header->kind == WIRE_MEMCG) {
        if (const auto memcg = record_as<wire_memcg>(record))
            cgroups_.note(*memcg);
    } else if (header->kind == WIRE_CHOICE) {
        if (const auto choice = record_as<wire_choice>(record))
            cgroups_.note(*choice);
    } else if (header->kind == WIRE_KILL) {
        if (const auto kill = record_as<wire_kill>(record))
            cgroups_.note(*kill);
    } else if (header->kind == WIRE_INVOCATION_END) {
        if (begin_.header.episode == header->episode)
            add_symbols(begin_);
        const auto end = record_as<wire_invocation_end>(record);
        if (end && end->outcome == WIRE_OUTCOME_PANIC) {
            // The kernel prints its report and is gone. To read anything of it needs memory, of which there is none: what has
            // been seen goes out as it is.
            add(wire_system_state{}, WIRE_SYSTEM_STATE, header->episode);
            return;
        }
        add_names(header->episode);
        add_system_state(header->episode);
        add_losses();
    }
}

// True: there may be something to read. False: the timeout passed.
Result<bool> LiveSource::wait(std::optional<nanoseconds> timeout)
{
    std::array<epoll_event, 8> events{};
    int milliseconds = -1;
    if (timeout)
        milliseconds = static_cast<int>(std::clamp<std::int64_t>((timeout->count() + 999'999) / 1'000'000, 0, 3'600'000));
    const int ready = ::epoll_wait(poll_fd_.get(), events.data(), static_cast<int>(events.size()), milliseconds);
    if (ready < 0 && errno != EINTR)
        return fail_errno("wait for the ring buffer", errno);
    for (int i = 0; i < ready; ++i) {
        const int fd = events.at(static_cast<std::size_t>(i)).data.fd;
        if (const auto attended = attended_.find(fd); attended != attended_.end())
            attended->second();
        else if (fd != session_->wakeup_fd())
            stopping_ = true;
    }
    return ready != 0;
}

std::span<const std::byte> LiveSource::deliver(std::span<const std::byte> record)
{
    ++records_;
    return record;
}

Result<std::optional<std::span<const std::byte>>> LiveSource::next(std::optional<nanoseconds> timeout)
{
    for (;;) {
        if (!own_records_.empty()) {
            delivered_ = std::move(own_records_.front());
            own_records_.pop_front();
            return deliver(delivered_);
        }
        if (ended_)
            return std::nullopt;
        if (const auto line = log_.next(monotonic_now_ns()))
            return deliver(*line);
        if (clock_due_ns_) {
            add_at(*std::exchange(clock_due_ns_, std::nullopt), wire_clock{}, WIRE_CLOCK, 0);
            continue;
        }
        if (look_at_log() || take_notice())
            continue;
        if (const auto record = take_staged()) {
            after_delivery(*record);
            return deliver(*record);
        }
        staged_ = taken_ = 0;
        const auto drained = session_->drain();
        if (!drained)
            return tl::unexpected(drained.error());
        if (*drained > 0)
            continue;
        if (log_.owes_backlog_end()) { // what was in the ring by now tells which of it is not from before
            log_.end_backlog();
            continue;
        }
        caught_up_ = true;
        if (stopping_) {
            add_end();
            continue;
        }
        const auto ready = wait(until_next_look(timeout));
        if (!ready)
            return tl::unexpected(ready.error());
        if (*ready)
            continue;
        // The ring is looked at once more after the clock: what it holds by then is older than the time that is told.
        const std::uint64_t now_ns = monotonic_now_ns();
        const auto late = session_->drain();
        if (!late)
            return tl::unexpected(late.error());
        if (*late == 0) {
            log_.look(now_ns);
            look_again_ns_.reset();
            clock_due_ns_ = now_ns;
        }
    }
}

} // namespace oomtrace
