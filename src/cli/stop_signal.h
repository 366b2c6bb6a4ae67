// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/unique_fd.h"
#include "oomtrace/result.h"

namespace oomtrace
{

// SIGINT and SIGTERM as a file descriptor: both are blocked from the construction on, for this and all later threads, and
// become readable instead of interrupting. SIGPIPE is ignored, so that a closed pipe is an error value.
class StopSignal
{
  public:
    static Result<StopSignal> catch_signals();

    [[nodiscard]] int fd() const { return fd_.get(); }
    // Has one of them come?
    [[nodiscard]] bool raised() const;

  private:
    explicit StopSignal(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

} // namespace oomtrace
