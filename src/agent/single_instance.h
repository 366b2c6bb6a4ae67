// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "host/unique_fd.h"
#include "oomtrace/result.h"

namespace oomtrace
{

// At most one agent per host: two would tell of every incident twice, and share a store. The lock goes with the process,
// however it ends; the file stays, with the pid of the one that holds it.
class SingleInstance
{
  public:
    // Makes the directory of `lock_file` where it is missing. Errors: it is held (by which pid), or the file cannot be had.
    static Result<SingleInstance> acquire(const std::filesystem::path &lock_file);

  private:
    explicit SingleInstance(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

} // namespace oomtrace
