// SPDX-License-Identifier: Apache-2.0
#include "capture/kernel_session.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <system_error>
#include <utility>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/bpf_log.h"
#include "capture/lost_calls.h"
#include "capture/relocation_types.h"
#include "host/unique_fd.h"
#include "oomtrace/wire_record.h"

#include "tracer_state.h"

#include "oomtrace_bpf.skel.h"

namespace oomtrace
{

namespace
{

constexpr std::array methods_best_first{AttachMethod::fentry, AttachMethod::kprobe, AttachMethod::tracepoint};

wire_attach_method wire_method(AttachMethod method)
{
    switch (method) {
    case AttachMethod::kprobe:
        return WIRE_ATTACH_KPROBE;
    case AttachMethod::tracepoint:
        return WIRE_ATTACH_TRACEPOINT;
    default:
        return WIRE_ATTACH_FENTRY;
    }
}

struct SkeletonDeleter {
    void operator()(oomtrace_bpf *skeleton) const { oomtrace_bpf__destroy(skeleton); }
};
using SkeletonPtr = std::unique_ptr<oomtrace_bpf, SkeletonDeleter>;

struct LinkDeleter {
    void operator()(bpf_link *link) const { bpf_link__destroy(link); }
};
using LinkPtr = std::unique_ptr<bpf_link, LinkDeleter>;

struct RingDeleter {
    void operator()(ring_buffer *ring) const { ring_buffer__free(ring); }
};
using RingPtr = std::unique_ptr<ring_buffer, RingDeleter>;

std::string explain_errno(int error_number)
{
    switch (error_number) {
    case EPERM:
        return "refused by the kernel (EPERM: locked down, or a capability is missing)";
    case EOPNOTSUPP:
    case 524: // ENOTSUPP, which has no name in user space
        return "not supported by this kernel";
    case ENOENT:
        return "not offered by this kernel (ENOENT)";
    default:
        return std::generic_category().message(error_number);
    }
}

// A program of two instructions on the first function of the method: what refuses it refuses the method, and costs a
// thousandth of loading everything.
std::optional<std::string> why_no_trampoline(const btf *types)
{
    const BpfLog quiet;
    const int function = btf__find_by_name_kind(types, "out_of_memory", BTF_KIND_FUNC);
    if (function < 0)
        return "out_of_memory() is not in this kernel's BTF";
    constexpr std::array<bpf_insn, 2> return_zero{
        bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
        bpf_insn{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
    bpf_prog_load_opts options{};
    options.sz = sizeof(options);
    options.expected_attach_type = BPF_TRACE_FENTRY;
    options.attach_btf_id = static_cast<std::uint32_t>(function);
    const UniqueFd program(bpf_prog_load(BPF_PROG_TYPE_TRACING, "oomtrace_trial", "Dual BSD/GPL", return_zero.data(),
                                         return_zero.size(), &options));
    if (!program)
        return fmt::format("a trial program was {}", explain_errno(errno));
    const UniqueFd link(bpf_raw_tracepoint_open(nullptr, program.get()));
    if (!link)
        return fmt::format("a trial program loaded, but its attachment was {}", explain_errno(errno));
    return std::nullopt;
}

std::optional<std::string> why_no_kprobes()
{
    // The event source of kprobes, there since 4.17 if they are built in.
    if (::access("/sys/bus/event_source/devices/kprobe/type", F_OK) == 0)
        return std::nullopt;
    return "this kernel has no kprobes (CONFIG_KPROBE_EVENTS)";
}

KernelOffers offers_of(const btf *types, const ListedSymbols &symbols)
{
    auto has_function = [types](std::string_view name) {
        return btf__find_by_name_kind(types, std::string(name).c_str(), BTF_KIND_FUNC) >= 0;
    };
    return KernelOffers{
        .has_btf_function = has_function,
        .has_tracepoint =
            [types](std::string_view name) {
                return btf__find_by_name_kind(types, fmt::format("btf_trace_{}", name).c_str(), BTF_KIND_TYPEDEF) >= 0;
            },
        // Without CAP_SYSLOG the symbols are hidden: then only trying tells.
        .has_symbol = [&symbols](std::string_view name) { return symbols.empty() || symbols.range_of(name).has_value(); },
        .has_kfunc = has_function,
        .why_no_trampoline = why_no_trampoline(types),
        .why_no_kprobes = why_no_kprobes(),
    };
}

// THREAD_SIZE: of x86-64, and of arm64, where a stack is a whole number of pages. With KASAN it is more.
std::uint32_t thread_size()
{
    constexpr long stack_bytes = 16 << 10;
    return static_cast<std::uint32_t>(std::max(stack_bytes, ::sysconf(_SC_PAGESIZE)));
}

tracer_arguments tracer_arguments_of(CmdlineMode mode)
{
    switch (mode) {
    case CmdlineMode::program:
        return ARGUMENTS_FIRST;
    case CmdlineMode::full:
        return ARGUMENTS_ALL;
    case CmdlineMode::none:
        break;
    }
    return ARGUMENTS_NONE;
}

// The object's sizes are for hosts of a few CPUs: see maps.bpf.h.
void size_for_cpus(oomtrace_bpf &skeleton, std::uint32_t cpus)
{
    constexpr std::uint32_t taken_in_advance = 128, on_each_list = 32;
    const auto at_least = [](bpf_map *map, std::uint32_t entries) {
        bpf_map__set_max_entries(map, std::max(bpf_map__max_entries(map), entries));
    };
    at_least(skeleton.maps.announced_memcgs, bpf_map__max_entries(skeleton.maps.announced_memcgs) + taken_in_advance * cpus);
    at_least(skeleton.maps.exited_tasks, on_each_list * cpus);
    at_least(skeleton.maps.retry_ledgers, on_each_list * cpus);
}

void configure(oomtrace_bpf &skeleton, AttachMethod method, const SessionOptions &options, const ListedSymbols &symbols)
{
    auto &config = skeleton.rodata->tracer;
    config.attach_method = wire_method(method);
    config.nr_nodes = options.nr_nodes;
    config.nr_cpus = static_cast<std::uint32_t>(std::max(1, libbpf_num_possible_cpus()));
    config.stack_bytes = thread_size();
    // A table of the lowest level, one page of eight-byte entries, maps a huge page.
    config.pages_per_huge_page = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE)) / 8;
    config.walk_task_limit = options.walk_task_limit;
    config.walk_time_limit_ns = static_cast<std::uint64_t>(options.walk_time_limit.count());
    if (const auto range = symbols.range_of("mem_cgroup_out_of_memory")) {
        config.memcg_oom_begin = range->begin;
        config.memcg_oom_end = range->end;
    }
    config.sum_rss = options.sum_rss ? 1 : 0;
    config.arguments = tracer_arguments_of(options.cmdline);
    config.per_cpu_offset = symbols.data_address("__per_cpu_offset").value_or(0);
    config.nr_swap_pages = symbols.data_address("nr_swap_pages").value_or(0);
    config.total_swap_pages = symbols.data_address("total_swap_pages").value_or(0);
    bpf_map__set_max_entries(skeleton.maps.records, static_cast<std::uint32_t>(options.ring_bytes));
    size_for_cpus(skeleton, config.nr_cpus);
}

constexpr std::uint32_t verifier_statistics = 4; // BPF_LOG_STATS of linux/bpf_verifier.h, since 5.2: the closing lines alone

// What the kernel did not take, and why. A hook whose second program is refused, and not needed, goes on without it.
struct Refusals {
    std::map<const Hook *, std::string> hooks;
    std::map<const Hook *, std::string> companions;
};

std::array<std::string_view, 2> programs_of(const Hook &hook, const Refusals &refusals)
{
    return {hook.program, refusals.companions.contains(&hook) ? std::string_view() : hook.companion};
}

} // namespace

struct KernelSession::Kernel {
    MethodAttempt attempt;
    SkeletonPtr skeleton;
    std::vector<LinkPtr> links;
    RingPtr ring;
    OnRecord on_record;
    UniqueFd relocation_file; // while it loads

    bpf_program *program(std::string_view name) const
    {
        return bpf_object__find_program_by_name(skeleton->obj, std::string(name).c_str());
    }

    Result<void> open(const btf *types);
    Result<void> load(const std::vector<HookChoice> &choices, const Refusals &refusals, const SessionOptions &options,
                      const ListedSymbols &symbols, const btf *types, BpfLog &log, std::optional<std::string> &refused);
    std::optional<std::string> attach_program(std::string_view name, const Hook &hook);
    std::optional<std::string> attach(const Hook &hook, Refusals &refusals);
    std::optional<std::uint32_t> verified_instructions(const Hook &hook, const BpfLog &log) const;
    Result<void> open_ring();
    void touch_ring() const;
};

// libbpf takes the types for its relocations from a file, which it opens when it loads: one in memory, written once the object
// has told what it asks for. Where there can be none it takes all of the kernel's, later.
Result<void> KernelSession::Kernel::open(const btf *types)
{
    relocation_file = UniqueFd(::memfd_create("oomtrace_types", MFD_CLOEXEC));
    const std::string path = fmt::format("/proc/self/fd/{}", relocation_file.get());
    const bool readable = relocation_file && ::access(path.c_str(), R_OK) == 0;
    bpf_object_open_opts options{};
    options.sz = sizeof(options);
    options.btf_custom_path = readable ? path.c_str() : nullptr;
    skeleton.reset(oomtrace_bpf__open_opts(&options));
    if (!skeleton)
        return fail_errno("open the BPF object", errno);
    if (!readable)
        return {};
    const auto needed = relocation_types(*types, *bpf_object__btf(skeleton->obj));
    for (std::span<const std::byte> rest(needed); !rest.empty();) {
        const auto written = ::write(relocation_file.get(), rest.data(), rest.size());
        if (written < 0 && errno != EINTR)
            return fail_errno("hand the kernel's types to libbpf", errno);
        rest = rest.subspan(static_cast<std::size_t>(std::max<ssize_t>(0, written)));
    }
    return {};
}

// `refused` names the program that the kernel did not take, when that is what failed.
Result<void> KernelSession::Kernel::load(const std::vector<HookChoice> &choices, const Refusals &refusals,
                                         const SessionOptions &options, const ListedSymbols &symbols, const btf *types,
                                         BpfLog &log, std::optional<std::string> &refused)
{
    if (auto opened = open(types); !opened)
        return opened;
    if (skeleton->rodata->wire_version != WIRE_VERSION)
        return fail("open the BPF object", fmt::format("it writes wire version {}, this program reads {}",
                                                       std::uint32_t{skeleton->rodata->wire_version}, WIRE_VERSION));
    configure(*skeleton, attempt.method, options, symbols);
    // A return probe is missed where more tasks are in the function than the kernel keeps slots for (CPUs * 2, at least 10).
    skeleton->rodata->tracer.release_at_exit = std::none_of(choices.begin(), choices.end(), [](const HookChoice &choice) {
        return choice.selected && choice.hook->role == HookRole::release && choice.hook->kind != HookKind::kretprobe;
    });
    for (const HookChoice &choice : choices) {
        if (!choice.selected)
            continue;
        if (choice.hook->role == HookRole::reclaim_retry)
            skeleton->rodata->tracer.retries_watched |= WIRE_RETRIES_RECLAIM;
        if (choice.hook->role == HookRole::compact_retry)
            skeleton->rodata->tracer.retries_watched |= WIRE_RETRIES_COMPACTION;
        if (choice.hook->role == HookRole::signal)
            skeleton->rodata->tracer.kills_counted = 1;
        for (const std::string_view name : programs_of(*choice.hook, refusals)) {
            if (name.empty())
                continue;
            bpf_program__set_autoload(program(name), true);
            if (options.count_instructions)
                bpf_program__set_log_level(program(name), verifier_statistics);
        }
    }
    bpf_program__set_autoload(skeleton->progs.touch_ring, true);
    log.clear();
    const int error = oomtrace_bpf__load(skeleton.get());
    relocation_file = UniqueFd();
    if (error != 0) {
        refused = log.refused_program();
        std::string why = log.reason();
        return fail(fmt::format("load the BPF programs of the {} method", name_of(attempt.method)),
                    why.empty() ? explain_errno(-error) : fmt::format("{}: {}", explain_errno(-error), why));
    }
    return {};
}

std::optional<std::uint32_t> KernelSession::Kernel::verified_instructions(const Hook &hook, const BpfLog &log) const
{
    std::optional<std::uint32_t> all;
    for (const std::string_view name : {hook.program, hook.companion}) {
        if (name.empty())
            continue;
        bpf_prog_info info{};
        std::uint32_t size = sizeof(info);
        std::optional<std::uint32_t> told;
        if (bpf_obj_get_info_by_fd(bpf_program__fd(program(name)), &info, &size) == 0 && info.verified_insns != 0)
            told = info.verified_insns;
        else
            told = log.verified_instructions(std::string(name));
        if (told)
            all = all.value_or(0) + *told;
    }
    return all;
}

// Empty: attached. Otherwise why not.
std::optional<std::string> KernelSession::Kernel::attach_program(std::string_view name, const Hook &hook)
{
    bpf_program *const target = program(name);
    bpf_link *link = nullptr;
    if (hook.role == HookRole::badness_part)
        link = bpf_program__attach_kprobe(target, true, std::string(hook.target).c_str());
    else
        link = bpf_program__attach(target);
    if (!link)
        return explain_errno(errno);
    links.emplace_back(link);
    return std::nullopt;
}

// Likewise of the hook. `refusals` gets a second program that could not be attached and is not needed.
std::optional<std::string> KernelSession::Kernel::attach(const Hook &hook, Refusals &refusals)
{
    const auto [program, companion] = programs_of(hook, refusals);
    // The entry probe of a pair first: a return without its entry is harmless, an entry missed is not.
    if (hook.needs_companion()) {
        if (auto why = attach_program(companion, hook))
            return why;
    }
    if (auto why = attach_program(program, hook))
        return why;
    if (!hook.needs_companion() && !companion.empty()) {
        if (auto why = attach_program(companion, hook)) {
            const bool no_tracefs = ::access("/sys/kernel/tracing/events", F_OK) != 0;
            refusals.companions.emplace(&hook, no_tracefs ? "tracefs is not mounted at /sys/kernel/tracing" : std::move(*why));
        }
    }
    return std::nullopt;
}

Result<void> KernelSession::Kernel::open_ring()
{
    auto hand_over = [](void *context, void *data, std::size_t size) {
        auto *const kernel = static_cast<Kernel *>(context);
        const bool more = kernel->on_record(std::span(static_cast<const std::byte *>(data), size));
        return more ? 0 : -ENOBUFS;
    };
    ring.reset(ring_buffer__new(bpf_map__fd(skeleton->maps.records), hand_over, this, nullptr));
    if (!ring)
        return fail_errno("map the ring buffer", errno, "a smaller --ring-size may fit");
    return {};
}

// Before anything is attached, since it fills the ring. Where it fails (raw tracepoints can be run since 5.10) the ring is only
// as slow as it was.
void KernelSession::Kernel::touch_ring() const
{
    const int touch = bpf_program__fd(skeleton->progs.touch_ring);
    for (std::size_t runs = 0; runs <= bpf_map__max_entries(skeleton->maps.records) / (TOUCHED_PAGE_BYTES * PAGES_PER_TOUCH);
         ++runs) {
        bpf_test_run_opts options{};
        options.sz = sizeof(options);
        if (bpf_prog_test_run_opts(touch, &options) != 0 || options.retval != PAGES_PER_TOUCH)
            break;
    }
    ring_buffer__consume(ring.get());
}

KernelSession::KernelSession(std::unique_ptr<Kernel> kernel) : kernel_(std::move(kernel)) {}
KernelSession::~KernelSession() = default;

AttachMethod KernelSession::method() const
{
    return kernel_->attempt.method;
}

const MethodAttempt &KernelSession::attempt() const
{
    return kernel_->attempt;
}

int KernelSession::wakeup_fd() const
{
    return ring_buffer__epoll_fd(kernel_->ring.get());
}

Result<std::size_t> KernelSession::drain()
{
    const int drained = ring_buffer__consume(kernel_->ring.get());
    if (drained == -ENOBUFS)
        return std::size_t{1};
    if (drained < 0)
        return fail_errno("read the ring buffer", -drained);
    return static_cast<std::size_t>(drained);
}

std::vector<ProgramCost> KernelSession::program_costs() const
{
    std::vector<ProgramCost> costs;
    bpf_program *program = nullptr;
    bpf_object__for_each_program(program, kernel_->skeleton->obj)
    {
        const int fd = bpf_program__fd(program);
        if (fd < 0)
            continue;
        bpf_prog_info info{};
        std::uint32_t size = sizeof(info);
        if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0)
            continue;
        costs.push_back({bpf_program__name(program), info.run_cnt, info.run_time_ns, info.verified_insns});
    }
    return costs;
}

SessionCounters KernelSession::counters() const
{
    SessionCounters result;
    const auto &counters = kernel_->skeleton->bss->counters;
    for (std::size_t reason = 0; reason < result.dropped.size(); ++reason)
        result.dropped.at(reason) = counters.dropped[reason];
    result.episodes = counters.episodes;
    result.suppressed_scans = counters.suppressed_scans;

    std::map<std::string_view, std::uint64_t> skipped;
    bpf_program *program = nullptr;
    bpf_object__for_each_program(program, kernel_->skeleton->obj)
    {
        const int fd = bpf_program__fd(program);
        bpf_prog_info info{};
        std::uint32_t size = sizeof(info);
        if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
            skipped[bpf_program__name(program)] = info.recursion_misses;
    }
    const std::uint64_t made_up = __atomic_load_n(&counters.retries_made_up, __ATOMIC_ACQUIRE);
    result.recursion_misses = lost_calls([&](std::string_view name) { return skipped[name]; }, made_up);
    return result;
}

std::optional<std::uint64_t> KernelSession::kills_seen() const
{
    if (kernel_->skeleton->rodata->tracer.kills_counted == 0)
        return std::nullopt;
    return __atomic_load_n(&kernel_->skeleton->bss->counters.kills_seen, __ATOMIC_RELAXED);
}

std::uint64_t KernelSession::adjustments() const
{
    return __atomic_load_n(&kernel_->skeleton->bss->counters.adjustments, __ATOMIC_RELAXED);
}

void KernelSession::detach()
{
    kernel_->links.clear();
}

namespace
{

// Of every alternative for a role, because the last one tried is not the only one that could be mended.
std::string why_not_filled(HookRole role, const std::vector<HookChoice> &choices)
{
    std::string reasons;
    for (const HookChoice &choice : choices) {
        if (choice.hook->role == role)
            reasons += fmt::format("{}{} {}: {}", reasons.empty() ? "" : "; ", choice.hook->program, choice.hook->target,
                                   choice.reason);
    }
    return reasons;
}

HookStatus status_of(const HookChoice &choice, const Refusals &refusals)
{
    using State = HookStatus::State;
    if (choice.selected)
        return {choice.hook, State::attached, {}, {}};
    if (refusals.hooks.contains(choice.hook))
        return {choice.hook, State::refused, choice.reason, {}};
    const bool replaced = choice.reason.starts_with("not needed");
    return {choice.hook, replaced ? State::not_needed : State::not_there, choice.reason, {}};
}

// One method, from choosing to attaching. A hook that the kernel refuses gives way to the next of its role, and everything is
// loaded anew; so the number of rounds is bounded by the number of programs.
template <typename Kernel>
Result<std::unique_ptr<Kernel>> start_method(AttachMethod method, const SessionOptions &options, const ListedSymbols &symbols,
                                             const btf *types, const KernelOffers &offers, MethodAttempt &story)
{
    Refusals refusals;
    const auto why_refused = [&refusals](const Hook &hook) -> std::optional<std::string> {
        const auto found = refusals.hooks.find(&hook);
        return found == refusals.hooks.end() ? std::nullopt : std::optional(found->second);
    };
    for (std::size_t round = 0; round <= 2 * hook_table().size(); ++round) {
        const std::vector<HookChoice> choices = choose_hooks(method, offers, why_refused);
        story.hooks.clear();
        for (const HookChoice &choice : choices)
            story.hooks.push_back(status_of(choice, refusals));
        if (const HookChoice *const missing = missing_required(choices))
            return fail(fmt::format("attach by {}", name_of(method)), why_not_filled(missing->hook->role, choices));

        BpfLog log;
        auto kernel = std::make_unique<Kernel>();
        kernel->attempt.method = method;
        std::optional<std::string> culprit;
        if (auto loaded = kernel->load(choices, refusals, options, symbols, types, log, culprit); !loaded) {
            const auto guilty = std::find_if(choices.begin(), choices.end(), [&](const HookChoice &choice) {
                return choice.selected && culprit && (choice.hook->program == *culprit || choice.hook->companion == *culprit);
            });
            if (guilty == choices.end())
                return tl::unexpected(loaded.error());
            const bool can_do_without = culprit == guilty->hook->companion && !guilty->hook->needs_companion();
            (can_do_without ? refusals.companions : refusals.hooks).emplace(guilty->hook, loaded.error().reason);
            continue;
        }
        if (auto ring = kernel->open_ring(); !ring)
            return tl::unexpected(ring.error());
        kernel->touch_ring();
        bool again = false;
        for (const HookChoice &choice : choices) {
            if (!choice.selected)
                continue;
            if (auto why = kernel->attach(*choice.hook, refusals)) {
                refusals.hooks.emplace(choice.hook, std::move(*why));
                again = true;
                break;
            }
        }
        if (again)
            continue;
        for (HookStatus &status : story.hooks) {
            if (status.state != HookStatus::State::attached)
                continue;
            status.verified_instructions = kernel->verified_instructions(*status.hook, log);
            if (const auto missing = refusals.companions.find(status.hook); missing != refusals.companions.end())
                status.reason = fmt::format("without {} ({}): calls that the kernel skips are not made up for",
                                            status.hook->companion, missing->second);
        }
        kernel->attempt.hooks = story.hooks;
        return kernel;
    }
    return fail(fmt::format("attach by {}", name_of(method)), "no set of hooks was accepted");
}

} // namespace

Result<std::unique_ptr<KernelSession>> KernelSession::start(const SessionOptions &options, const KernelDescription &description,
                                                            OnRecord on_record, std::vector<MethodAttempt> *attempts)
{
    if (!description.types)
        return tl::unexpected(description.types.error());
    const btf *const types = description.types->get();
    const ListedSymbols &symbols = description.symbols;
    const KernelOffers offers = offers_of(types, symbols);

    std::string story;
    for (const AttachMethod method : methods_best_first) {
        if (options.method && *options.method != method)
            continue;
        MethodAttempt attempt{.method = method, .hooks = {}, .error = std::nullopt};
        auto kernel = start_method<Kernel>(method, options, symbols, types, offers, attempt);
        if (!kernel) {
            attempt.error = kernel.error();
            story += fmt::format("{}{}: {}", story.empty() ? "" : "; ", name_of(method), kernel.error().reason);
        }
        if (attempts)
            attempts->push_back(attempt);
        if (kernel) {
            (*kernel)->on_record = std::move(on_record);
            return std::unique_ptr<KernelSession>(new KernelSession(std::move(*kernel)));
        }
    }
    return fail(options.method ? fmt::format("attach by {}", name_of(*options.method)) : "attach to the kernel",
                std::move(story), "run \"oomtrace doctor\" for what this kernel allows, hook by hook");
}

Result<UniqueFd> count_program_costs()
{
    UniqueFd fd(::bpf_enable_stats(BPF_STATS_RUN_TIME));
    if (!fd)
        return fail_errno("have the kernel count what BPF programs cost", errno, "it takes CAP_SYS_ADMIN, and Linux 5.8");
    return fd;
}

std::vector<MethodAttempt> try_every_method(const SessionOptions &options, const KernelDescription &description)
{
    std::vector<MethodAttempt> attempts;
    for (const AttachMethod method : methods_best_first) {
        SessionOptions only = options;
        only.method = method;
        only.count_instructions = true;
        const std::size_t before = attempts.size();
        const auto session = KernelSession::start(
            only, description, [](std::span<const std::byte>) { return true; }, &attempts);
        if (attempts.size() == before) // not even that far: no BTF
            attempts.push_back({.method = method, .hooks = {}, .error = session.error()});
    }
    return attempts;
}

} // namespace oomtrace
