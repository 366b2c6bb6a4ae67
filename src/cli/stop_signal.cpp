// SPDX-License-Identifier: Apache-2.0
#include "cli/stop_signal.h"

#include <cerrno>
#include <csignal>

#include <poll.h>
#include <sys/signalfd.h>

namespace oomtrace
{

Result<StopSignal> StopSignal::catch_signals()
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0 || ::signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return fail_errno("catch SIGINT and SIGTERM", errno);
    UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd)
        return fail_errno("catch SIGINT and SIGTERM", errno);
    return StopSignal(std::move(fd));
}

bool StopSignal::raised() const
{
    pollfd poll_for{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&poll_for, 1, 0) > 0;
}

} // namespace oomtrace
