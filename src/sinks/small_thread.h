// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

#include <pthread.h>

#include "oomtrace/result.h"

namespace oomtrace
{

// A thread of a process whose memory is locked: its stack is resident whole, so that it is small, and it takes no signals, so
// that they stay where they are waited for. The body has to end by itself; then join().
class SmallThread
{
  public:
    SmallThread() = default;
    SmallThread(const SmallThread &) = delete;
    SmallThread &operator=(const SmallThread &) = delete;
    ~SmallThread() { join(); }

    // `name`: at most 15 characters.
    Result<void> start(const char *name, std::size_t stack_bytes, std::function<void()> body);
    void join();

  private:
    pthread_t thread_{};
    bool running_ = false;
    std::function<void()> body_;
};

} // namespace oomtrace
