// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <csignal>
#include <cstring>
#include <ctime>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "agent/agent_sinks.h"
#include "agent/health.h"
#include "agent/service_manager.h"
#include "agent/single_instance.h"
#include "cli/commands.h"
#include "cli/error_report.h"
#include "cli/pipeline.h"
#include "cli/stop_signal.h"
#include "cli/tracer_setup.h"
#include "host/monotonic_clock.h"
#include "host/privileges.h"

namespace oomtrace
{

namespace
{

// Locked memory is populated whole, stacks too: what glibc gives each thread, 8 MiB, would be half of what the agent may take.
constexpr std::size_t thread_stack_bytes = 256U << 10;

Result<UniqueFd> catch_hangup()
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0)
        return fail_errno("catch SIGHUP", errno);
    UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd)
        return fail_errno("catch SIGHUP", errno);
    return fd;
}

void limit_thread_stacks()
{
    pthread_attr_t attributes;
    if (::pthread_attr_init(&attributes) != 0)
        return;
    if (::pthread_attr_setstacksize(&attributes, thread_stack_bytes) != 0 || ::pthread_setattr_default_np(&attributes) != 0)
        spdlog::warn("threads keep stacks of the default size: {}", std::strerror(errno));
    ::pthread_attr_destroy(&attributes);
}

class AgentRun
{
  public:
    AgentRun(const AgentArguments &arguments, AgentOptions options) : arguments_(arguments), options_(std::move(options)) {}

    Result<PipelineTotals> run()
    {
        auto lock = SingleInstance::acquire(options_.lock_file);
        if (!lock)
            return tl::unexpected(lock.error());
        limit_thread_stacks();
        auto stop = StopSignal::catch_signals();
        if (!stop)
            return tl::unexpected(stop.error());
        auto hangup = catch_hangup();
        if (!hangup)
            return tl::unexpected(hangup.error());
        auto setup = set_up_tracer();
        if (!setup)
            return tl::unexpected(setup.error());
        std::unique_ptr<NamesReader> names; // outlives the source
        auto source = start_source(**setup, stop->fd());
        if (!source)
            return tl::unexpected(source.error());
        if (const auto attended = attend(**source, hangup->get()); !attended)
            return tl::unexpected(attended.error());
        UniqueFd costs = options_.bpf_stats ? count_costs() : UniqueFd();
        constexpr std::array<std::string_view, 1> of_the_store{"libzstd.so"};
        protect_tracer(of_the_store);
        // Before the first thread is started: capabilities are each thread's own.
        if (const auto kept = keep_only_tracing_capabilities(); kept)
            spdlog::info("kept of the capabilities: {}", kept->empty() ? "none" : fmt::format("{}", fmt::join(*kept, ", ")));
        else
            report_warning(kept.error());

        if (auto reader = NamesReader::start(options_.identity.host_root); reader) {
            names = std::move(*reader);
            (*source)->read_names(*names);
        } else {
            report_warning(reader.error());
        }
        AgentHealthReader health(**source, (*setup)->system, static_cast<bool>(costs));
        auto sinks = AgentSinks::start(options_, (*setup)->host, health);
        if (!sinks)
            return tl::unexpected(sinks.error());
        sinks_ = sinks->get();

        const std::string status = fmt::format("watching by {}", name_of((*source)->session().method()));
        spdlog::info("{}{}", status, sinks_->served_at().empty() ? "" : "; serving " + sinks_->served_at());
        notify_ready(status);
        auto totals = run_pipeline(**source, sinks_->all(),
                                   {.count = {}, .recorder = nullptr, .now_ns = monotonic_now_ns, .on_count_reached = {}});
        notify_stopping();
        return totals;
    }

  private:
    Result<std::unique_ptr<LiveSource>> start_source(TracerSetup &setup, int stop_fd) const
    {
        set_options(setup, options_);
        return LiveSource::start(setup.session, setup.host, std::move(setup.kernel), setup.system, stop_fd,
                                 {.since_boot = options_.since_boot});
    }

    static UniqueFd count_costs()
    {
        auto costs = count_program_costs();
        if (!costs) {
            report_warning(costs.error());
            return UniqueFd();
        }
        return std::move(*costs);
    }

    Result<void> attend(LiveSource &source, int hangup)
    {
        if (auto attended = source.attend_to(hangup, [this, hangup] { reload(hangup); }); !attended)
            return attended;
        const auto interval = watchdog_interval();
        if (!interval)
            return {};
        watchdog_ = UniqueFd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*interval);
        itimerspec when{};
        when.it_value.tv_sec = seconds.count();
        when.it_value.tv_nsec = std::chrono::nanoseconds(*interval - seconds).count();
        when.it_interval = when.it_value;
        if (!watchdog_ || ::timerfd_settime(watchdog_.get(), 0, &when, nullptr) != 0)
            return fail_errno("set a timer for the watchdog", errno);
        return source.attend_to(watchdog_.get(), [this] {
            std::uint64_t expirations = 0;
            if (::read(watchdog_.get(), &expirations, sizeof expirations) > 0)
                notify_alive();
        });
    }

    void reload(int hangup)
    {
        signalfd_siginfo info{};
        if (::read(hangup, &info, sizeof info) <= 0)
            return;
        notify_reloading();
        if (auto options = load_agent_options(arguments_); !options) {
            report_error(options.error());
            spdlog::warn("the configuration stays as it was");
        } else if (sinks_ != nullptr) {
            for (const std::string &name : needs_restart(options_, *options))
                spdlog::warn("{} is another now, which takes a restart", name);
            options_ = take_up(options_, *options);
            sinks_->reload(options_);
            spdlog::info("the configuration was read again{}",
                         sinks_->served_at().empty() ? "" : "; serving " + sinks_->served_at());
        }
        notify_ready("watching");
    }

    const AgentArguments &arguments_;
    AgentOptions options_;
    AgentSinks *sinks_ = nullptr;
    UniqueFd watchdog_;
};

} // namespace

ExitStatus run_agent(const AgentArguments &arguments)
{
    auto options = load_agent_options(arguments);
    if (!options) {
        report_error(options.error());
        return ExitStatus::bad_usage;
    }
    if (arguments.check_config) {
        spdlog::info("the configuration is fine");
        return ExitStatus::done;
    }
    return report_totals(AgentRun(arguments, std::move(*options)).run());
}

} // namespace oomtrace
