// SPDX-License-Identifier: Apache-2.0
//
// kernel_session.h: the one owner of what is loaded into the kernel. open -> configure -> load -> attach -> poll -> detach ->
// free; each step leaves the session in a state from which the destructor cleans up.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capture/hook_table.h"
#include "capture/identity_options.h"
#include "capture/kernel_description.h"
#include "host/unique_fd.h"
#include "oomtrace/result.h"

namespace oomtrace
{

struct SessionOptions {
    std::optional<AttachMethod> method;         // empty: the best one that attaches
    std::size_t ring_bytes = 0;                 // power of two
    std::uint32_t nr_nodes = 1;                 // highest possible node number + 1
    CmdlineMode cmdline = CmdlineMode::program; // what of the trigger's and the victim's command lines is sent
    bool sum_rss = false;                       // send the exact rss counters too: this kernel scores with them
    bool count_instructions = false;            // have the verifier say what it processed, on every kernel
    // The walk of the tracepoint method runs under the victim's task_lock.
    std::uint32_t walk_task_limit = 65536;
    std::chrono::nanoseconds walk_time_limit = std::chrono::milliseconds(20);
};

// What became of one hook.
struct HookStatus {
    const Hook *hook = nullptr;
    enum class State : std::uint8_t { attached, not_needed, not_there, refused } state = State::not_there;
    std::string reason; // why not attached; or, if it is, why it had to do without its second program
    // What the verifier processed to accept its program, and the one that goes with it. Empty: not attached, or neither asked
    // for (SessionOptions::count_instructions) nor told by the kernel (before 5.16).
    std::optional<std::uint32_t> verified_instructions;
};

// What became of one attach method. `error` is set when it cannot be used.
struct MethodAttempt {
    AttachMethod method = AttachMethod::unknown;
    std::vector<HookStatus> hooks;
    std::optional<Error> error;
};

struct SessionCounters {
    DropCounts dropped{};
    std::uint64_t episodes = 0;
    std::uint64_t suppressed_scans = 0;
    std::uint64_t recursion_misses = 0;
};

// Running cost of one program, as the kernel counts it while its statistics are switched on (bpf_enable_stats(2)).
struct ProgramCost {
    std::string program;
    std::uint64_t runs = 0;
    std::uint64_t run_ns = 0;
    std::uint32_t verified_instructions = 0;
};

class KernelSession
{
  public:
    // Called with each record's bytes, valid during the call only. Returning false stops the draining after this record.
    using OnRecord = std::function<bool(std::span<const std::byte>)>;

    // Tries the methods in the order fentry, kprobe, tracepoint (or only the one asked for) by really attaching; the error
    // names what stopped the last one, and `attempts`, if given, receives the story of each.
    static Result<std::unique_ptr<KernelSession>> start(const SessionOptions &options, const KernelDescription &description,
                                                        OnRecord on_record, std::vector<MethodAttempt> *attempts = nullptr);

    ~KernelSession();
    KernelSession(const KernelSession &) = delete;
    KernelSession &operator=(const KernelSession &) = delete;

    [[nodiscard]] AttachMethod method() const;
    [[nodiscard]] const MethodAttempt &attempt() const;

    // Readable when there are records; for epoll(7).
    [[nodiscard]] int wakeup_fd() const;

    // Hands every record that is in the ring to on_record. Returns how many.
    Result<std::size_t> drain();

    [[nodiscard]] SessionCounters counters() const;
    [[nodiscard]] std::vector<ProgramCost> program_costs() const;

    // How often any oom_score_adj was changed since the hooks were attached; 0 where that is not watched.
    [[nodiscard]] std::uint64_t adjustments() const;

    // Kills of those that /proc/vmstat counts as oom_kill, seen since the hooks were attached. Absent: the signals are not
    // watched.
    [[nodiscard]] std::optional<std::uint64_t> kills_seen() const;

    // No hook runs after this; what is in the ring can still be drained.
    void detach();

  private:
    struct Kernel;
    explicit KernelSession(std::unique_ptr<Kernel> kernel);
    std::unique_ptr<Kernel> kernel_;
};

// Has the kernel count runs and run time of BPF programs, of all on the host, for as long as the descriptor is open. Takes
// CAP_SYS_ADMIN.
Result<UniqueFd> count_program_costs();

// Every method tried in turn, attached and detached again; for `oomtrace doctor`.
std::vector<MethodAttempt> try_every_method(const SessionOptions &options, const KernelDescription &description);

} // namespace oomtrace
