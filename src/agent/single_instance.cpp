// SPDX-License-Identifier: Apache-2.0
#include "agent/single_instance.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace oomtrace
{

namespace
{

// The text of the file; what another program wrote there is not believed.
std::string holder_of(int fd)
{
    std::array<char, 32> text{};
    const ssize_t length = ::pread(fd, text.data(), text.size(), 0);
    unsigned pid = 0;
    if (length <= 0 || std::from_chars(text.data(), text.data() + length, pid).ec != std::errc())
        return "another agent is running";
    return "another agent is running, pid " + std::to_string(pid);
}

} // namespace

Result<SingleInstance> SingleInstance::acquire(const std::filesystem::path &lock_file)
{
    const std::string attempted = "take the agent's lock " + lock_file.string();
    std::error_code failure;
    std::filesystem::create_directories(lock_file.parent_path(), failure); // a failure shows when the file is opened
    UniqueFd fd(::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd)
        return fail_errno(attempted, errno, "give another place with --lock-file");
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return fail(attempted, holder_of(fd.get()), "stop it first, or watch beside it with \"oomtrace trace\"");
        return fail_errno(attempted, errno);
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    // Only for the message above: without it the lock is as good.
    if (::ftruncate(fd.get(), 0) == 0) [[maybe_unused]]
        const auto written = ::pwrite(fd.get(), pid.data(), pid.size(), 0);
    return SingleInstance(std::move(fd));
}

} // namespace oomtrace
