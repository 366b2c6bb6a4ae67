// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/error_report.h"
#include "cli/pipeline.h"
#include "cli/selftest_checks.h"
#include "cli/stop_signal.h"
#include "cli/tracer_setup.h"
#include "explain/explain.h"
#include "host/monotonic_clock.h"
#include "host/scratch_cgroup.h"
#include "host/self_protection.h"
#include "sinks/json_sink.h"

namespace oomtrace
{

namespace
{

constexpr std::uint64_t limit_bytes = 64U << 20;
constexpr std::uint64_t holder_bytes = 8U << 20;
constexpr std::uint64_t eater_step_bytes = 1U << 20;
constexpr std::int32_t holder_adj = 100;
constexpr std::chrono::seconds patience{30};

// A process of our own that waits until it is told to start, so that it can be put into its cgroup first.
class Helper
{
  public:
    using Body = void (*)(int ready_fd);

    static Result<Helper> start(const char *name, std::int32_t oom_score_adj, Body body)
    {
        int go[2];
        int ready[2];
        if (::pipe2(go, O_CLOEXEC) != 0 || ::pipe2(ready, O_CLOEXEC) != 0)
            return fail_errno("start a process for the self-test", errno);
        const pid_t pid = ::fork();
        if (pid < 0)
            return fail_errno("start a process for the self-test", errno);
        if (pid == 0) {
            // Only what is safe after a fork: no logging, no allocation of ours.
            ::prctl(PR_SET_NAME, name);
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::close(go[1]);
            char byte = 0;
            if (set_oom_score_adj(oom_score_adj) && ::read(go[0], &byte, 1) == 1)
                body(ready[1]);
            ::_exit(1);
        }
        ::close(go[0]);
        ::close(ready[1]);
        return Helper(pid, UniqueFd(go[1]), UniqueFd(ready[0]));
    }

    Helper(Helper &&other) noexcept
        : pid_(std::exchange(other.pid_, -1)), go_(std::move(other.go_)), ready_(std::move(other.ready_))
    {
    }
    Helper &operator=(Helper &&) = delete;
    Helper(const Helper &) = delete;
    Helper &operator=(const Helper &) = delete;
    ~Helper()
    {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }

    [[nodiscard]] bool go() const { return ::write(go_.get(), "g", 1) == 1; }
    // False: it died before it was ready.
    [[nodiscard]] bool wait_until_ready() const
    {
        char byte = 0;
        return ::read(ready_.get(), &byte, 1) == 1;
    }
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    Helper(pid_t pid, UniqueFd go, UniqueFd ready) : pid_(pid), go_(std::move(go)), ready_(std::move(ready)) {}
    pid_t pid_ = -1;
    UniqueFd go_, ready_;
};

void *touch(std::uint64_t bytes)
{
    void *const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED)
        std::memset(memory, 1, bytes);
    return memory;
}

void hold(int ready_fd)
{
    touch(holder_bytes);
    if (::write(ready_fd, "r", 1) == 1)
        ::pause();
}

void eat(int)
{
    // Far beyond the limit, but not for ever: without a limit it must not eat the host.
    for (std::uint64_t eaten = 0; eaten < 4 * limit_bytes; eaten += eater_step_bytes)
        touch(eater_step_bytes);
}

// Keeps the incident for the checks.
class KeepingSink final : public Sink
{
  public:
    Result<void> on_incident(const Incident &incident, const Verdict &) override
    {
        last = incident;
        return {};
    }
    Result<void> on_loss(const LossTotals &) override { return {}; }
    Result<void> flush() override { return {}; }

    std::optional<Incident> last;
};

Result<std::string> json_of_replay(const std::string &recording)
{
    std::istringstream in(recording);
    auto source = RecordingSource::open(in, "the self-test's recording");
    if (!source)
        return tl::unexpected(source.error());
    std::ostringstream out;
    JsonSink sink(out, std::cerr);
    if (auto totals = run_pipeline(**source, sink, {}); !totals)
        return tl::unexpected(totals.error());
    return out.str();
}

struct Observed {
    Incident incident;
    SelftestSetup setup;
    std::string recording;
    AttachMethod method = AttachMethod::unknown;
};

Result<Observed> provoke(const SelftestOptions &options, const StopSignal &stop, TracerSetup &tracer)
{
    auto cgroup = ScratchCgroup::create(fmt::format("oomtrace-selftest-{}", ::getpid()), limit_bytes);
    if (!cgroup)
        return tl::unexpected(cgroup.error());
    auto holder = Helper::start("oomtrace-hold", holder_adj, hold);
    if (!holder)
        return tl::unexpected(holder.error());
    auto eater = Helper::start("oomtrace-eat", 0, eat);
    if (!eater)
        return tl::unexpected(eater.error());
    for (const Helper *helper : {&*holder, &*eater}) {
        if (auto added = cgroup->add(helper->pid()); !added)
            return tl::unexpected(added.error());
    }

    tracer.session.method = options.method;
    auto source = LiveSource::start(tracer.session, tracer.host, std::move(tracer.kernel), tracer.system, stop.fd());
    if (!source)
        return tl::unexpected(source.error());
    if (auto timer = (*source)->stop_after(patience); !timer)
        return tl::unexpected(timer.error());
    if (!holder->go() || !holder->wait_until_ready() || !eater->go())
        return fail("run the self-test's processes", "one of them ended early");

    std::ostringstream recording;
    auto recorder = RecordingWriter::start(recording, "the self-test's recording");
    if (!recorder)
        return tl::unexpected(recorder.error());
    KeepingSink sink;
    const auto totals =
        run_pipeline(**source, sink, {.count = 1, .recorder = &*recorder, .now_ns = monotonic_now_ns, .on_count_reached = [&] {
                                          (*source)->stop(WIRE_END_COUNT_REACHED);
                                      }});
    if (!totals)
        return tl::unexpected(totals.error());
    if (!sink.last)
        return fail("see the self-test's OOM", stop.raised() ? "stopped by a signal" : "nothing came within 30 seconds",
                    "\"oomtrace doctor\" tells which hooks are attached");
    Observed observed;
    observed.incident = std::move(*sink.last);
    observed.recording = recording.str();
    observed.method = (*source)->session().method();
    observed.setup = {.eater_tgid = static_cast<std::uint32_t>(eater->pid()),
                      .holder_tgid = static_cast<std::uint32_t>(holder->pid()),
                      .eater_adj = 0,
                      .holder_adj = holder_adj,
                      .holder_bytes = holder_bytes,
                      .limit_bytes = limit_bytes,
                      .page_size = tracer.host.page_size,
                      .oom_kills = cgroup->oom_kills().value_or(0),
                      .cgroup = cgroup->kernel_path()};
    return observed;
}

Result<bool> run_checks(const SelftestOptions &options)
{
    const auto stop = StopSignal::catch_signals();
    if (!stop)
        return tl::unexpected(stop.error());
    auto tracer = set_up_tracer();
    if (!tracer)
        return tl::unexpected(tracer.error());
    const auto observed = provoke(options, *stop, **tracer);
    if (!observed)
        return tl::unexpected(observed.error());

    std::vector<SelftestCheck> checks = check_incident(observed->incident, observed->setup);
    const auto replayed = json_of_replay(observed->recording);
    std::ostringstream live;
    JsonSink sink(live, std::cerr);
    if (auto written = sink.on_incident(observed->incident, explain(observed->incident)); !written)
        return tl::unexpected(written.error());
    checks.push_back({"a replay of the recording gives the same", replayed && *replayed == live.str(),
                      replayed ? "the JSON differs" : replayed.error().reason});

    fmt::print("selftest by {}: a process was driven out of memory in {}\n", name_of(observed->method), observed->setup.cgroup);
    bool all_passed = true;
    for (const SelftestCheck &check : checks) {
        fmt::print("  {:<6} {}{}\n", check.passed ? "ok" : "FAILED", check.what, check.passed ? "" : ": " + check.found);
        all_passed &= check.passed;
    }
    fmt::print("{}\n", all_passed ? "all checks passed" : "SELFTEST FAILED");
    return all_passed;
}

} // namespace

ExitStatus run_selftest(const SelftestOptions &options)
{
    const auto passed = run_checks(options);
    if (!passed) {
        report_error(passed.error());
        return ExitStatus::failed;
    }
    return *passed ? ExitStatus::done : ExitStatus::failed;
}

} // namespace oomtrace
