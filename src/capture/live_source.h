// SPDX-License-Identifier: Apache-2.0
//
// live_source.h: the live ring as a record source. Adds what user space knows to the same stream, so that a recording of it
// replays to the same result: the host first; the lines of the kernel's log that came before a record; after an episode's
// closing record who its processes are, the symbols of its stack and the state of the host; a tick when a deadline passes,
// losses when they grow, and an end.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "capture/incident_cgroups.h"
#include "capture/kernel_session.h"
#include "capture/log_tap.h"
#include "capture/names_reader.h"
#include "host/kallsyms.h"
#include "host/system_state.h"
#include "host/unique_fd.h"
#include "oomtrace/record_source.h"
#include "oomtrace/wire_record.h"

namespace oomtrace
{

class LiveSource final : public RecordSource
{
  public:
    // `host` is the stream's first record, complete but for its place in the stream. `stop_fd` becomes readable when the stream
    // is to end (a signalfd, an eventfd); it is not read. The reader must outlive the source.
    static Result<std::unique_ptr<LiveSource>> start(const SessionOptions &options, const wire_host &host,
                                                     KernelDescription kernel, const SystemStateReader &system, int stop_fd,
                                                     const KernelLogOptions &log = {});

    // Ends the stream when this much time has passed; a timer of the kernel, not a poll.
    Result<void> stop_after(std::chrono::nanoseconds duration);

    // Calls `on_readable` from next() whenever `fd`, which must outlive the source, can be read; it reads what there is. For
    // what a long-running tracer has to attend to beside the ring: signals, a timer of the kernel's.
    Result<void> attend_to(int fd, std::function<void()> on_readable);
    // From now on the names of the cgroups' owners are in the stream too. The reader must outlive the source.
    void read_names(NamesReader &reader) { names_ = &reader; }

    // The stream ends with WIRE_STREAM_END: stopped, after what is in the ring; count_reached, at once.
    void stop(wire_end_reason reason);

    Result<std::optional<std::span<const std::byte>>> next(std::optional<std::chrono::nanoseconds> timeout) override;

    [[nodiscard]] const KernelSession &session() const { return *session_; }
    // For any thread: the hooks are in place; what there was at the start has been delivered; records delivered so far.
    [[nodiscard]] bool attached() const { return attached_.load(std::memory_order_relaxed); }
    [[nodiscard]] bool caught_up() const { return caught_up_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t records() const { return records_.load(std::memory_order_relaxed); }

  private:
    LiveSource(const SystemStateReader &system, const KernelLogOptions &log, std::size_t staging_size);

    bool stage(std::span<const std::byte> sample);
    [[nodiscard]] std::span<const std::byte> first_staged() const;
    std::optional<std::span<const std::byte>> take_staged();
    bool look_at_log();
    bool take_notice();
    [[nodiscard]] std::optional<std::chrono::nanoseconds>
    until_next_look(std::optional<std::chrono::nanoseconds> timeout) const;
    void after_delivery(std::span<const std::byte> record);
    void add_symbols(const wire_invocation_begin &begin);
    void add_names(std::uint64_t episode);
    void add_losses();
    void add_system_state(std::uint64_t episode); // 0: of none
    void add_end();
    template <typename Record>
    void add(Record record, wire_kind kind, std::uint64_t episode);
    template <typename Record>
    void add_at(std::uint64_t time_ns, Record record, wire_kind kind, std::uint64_t episode);
    Result<bool> wait(std::optional<std::chrono::nanoseconds> timeout);
    std::span<const std::byte> deliver(std::span<const std::byte> record);

    KernelSymbols symbols_;
    const SystemStateReader &system_;
    NamesReader *names_ = nullptr; // null: not asked for
    std::unique_ptr<KernelSession> session_;
    UniqueFd poll_fd_;
    UniqueFd timer_fd_;
    std::map<int, std::function<void()>> attended_; // key: file descriptor
    // Filled by the ring callback, which only copies and expands; allocated once.
    std::vector<std::byte> staging_;
    std::size_t staged_ = 0;
    std::size_t taken_ = 0;
    bool log_looked_at_ = false; // before the first staged record
    LogTap log_;
    std::deque<std::vector<std::byte>> own_records_;
    std::vector<std::byte> delivered_; // an own record, kept until the next call
    wire_invocation_begin begin_{};    // of the episode whose closing record is awaited
    IncidentCgroups cgroups_;          // of the same
    wire_loss losses_{};
    std::optional<wire_s64> kills_unseen_;       // kills that the kernel counted and the hooks did not see, at the last reading
    std::optional<std::uint64_t> look_again_ns_; // when the line that a notice was of must have come
    std::optional<std::uint64_t> clock_due_ns_;  // a deadline has passed: told after what the kernel has printed by then
    std::atomic<std::uint64_t> records_ = 0;
    std::atomic<bool> attached_ = true; // a source that is not has not started
    std::atomic<bool> caught_up_ = false;
    wire_end_reason end_reason_ = WIRE_END_STOPPED;
    bool stopping_ = false;
    bool ended_ = false;
};

} // namespace oomtrace
