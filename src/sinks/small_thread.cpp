// SPDX-License-Identifier: Apache-2.0
#include "sinks/small_thread.h"

#include <csignal>
#include <string>

namespace oomtrace
{

Result<void> SmallThread::start(const char *name, std::size_t stack_bytes, std::function<void()> body)
{
    body_ = std::move(body);
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, stack_bytes);
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = ::pthread_create(
        &thread_, &attributes,
        [](void *self) -> void * {
            static_cast<SmallThread *>(self)->body_();
            return nullptr;
        },
        this);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::pthread_attr_destroy(&attributes);
    if (error != 0)
        return fail_errno(std::string("start the thread ") + name, error, "see the limits on tasks and memory (TasksMax=)");
    ::pthread_setname_np(thread_, name);
    running_ = true;
    return {};
}

void SmallThread::join()
{
    if (running_)
        ::pthread_join(thread_, nullptr);
    running_ = false;
}

} // namespace oomtrace
