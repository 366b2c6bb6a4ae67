// SPDX-License-Identifier: Apache-2.0
#include "fragment_memory.h"

#include <sys/resource.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace
{

// The value of a line "KEY VALUE ..." of a file of /proc; nullopt: there is no such line.
std::optional<std::uint64_t> optional_proc_value(const char *path, std::string_view key)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    std::string all;
    char piece[4096]; // a read of /proc gives a page at most
    ssize_t got = fd < 0 ? -1 : 0;
    while (fd >= 0 && (got = read(fd, piece, sizeof piece)) > 0)
        all.append(piece, static_cast<std::size_t>(got));
    if (got < 0)
        fail(std::string("read ") + path, errno);
    close(fd);
    const std::size_t begin = all.find(key);
    if (begin == std::string::npos)
        return std::nullopt;
    std::uint64_t value = 0;
    const std::size_t digits = all.find_first_of("0123456789", begin + key.size());
    std::from_chars(all.data() + digits, all.data() + all.size(), value);
    return value;
}

std::uint64_t proc_value(const char *path, std::string_view key)
{
    const std::optional<std::uint64_t> value = optional_proc_value(path, key);
    if (!value)
        fail("find " + std::string(key) + " in " + path, ENODATA);
    return *value;
}

// What is free and may be had for pages that cannot be moved: the contiguous memory allocator's is not.
std::uint64_t free_for_pipes()
{
    return (proc_value("/proc/meminfo", "MemFree:") - optional_proc_value("/proc/meminfo", "CmaFree:").value_or(0)) << 10;
}

struct Pipe {
    int reader = -1, writer = -1;
};

// With the most slots that a pipe has by default: 256 of 40 bytes, which is a block of four pages.
std::optional<Pipe> large_pipe()
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return std::nullopt;
    if (fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) < 0) {
        close(ends[0]);
        close(ends[1]);
        return std::nullopt;
    }
    return Pipe{ends[0], ends[1]};
}

void close_pipe(const Pipe &pipe)
{
    close(pipe.reader);
    close(pipe.writer);
}

void fragment_memory(std::uint64_t spare_bytes, std::vector<Pipe> &kept)
{
    const std::string page(static_cast<std::size_t>(sysconf(_SC_PAGESIZE)), 'x');
    std::vector<Pipe> given_back;
    while (free_for_pipes() > spare_bytes) {
        const std::optional<Pipe> one = large_pipe(), other = large_pipe();
        if (!one || !other)
            fail("make a pipe of 1M", errno);
        const auto size = static_cast<ssize_t>(page.size());
        while (write(one->writer, page.data(), page.size()) == size && write(other->writer, page.data(), page.size()) == size)
            continue;
        kept.push_back(*one);
        given_back.push_back(*other);
    }
    for (const Pipe &pipe : given_back)
        close_pipe(pipe);
}

// Page by page, as larger pieces would be looked for. Left open: the cache of a disk goes when nobody has it open.
void read_into_cache(const std::string &path)
{
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM) != 0)
        fail("open " + path, errno);
    std::string page(static_cast<std::size_t>(sysconf(_SC_PAGESIZE)), ' ');
    ssize_t got = 0;
    while ((got = read(fd, page.data(), page.size())) > 0)
        continue;
    if (got < 0)
        fail("read " + path, errno);
}

} // namespace

void fail(const std::string &attempted, int error_number)
{
    std::fprintf(stderr, "oom_workload: cannot %s: %s\n", attempted.c_str(), std::strerror(error_number));
    std::exit(1);
}

std::uint64_t oom_kills()
{
    return proc_value("/proc/vmstat", "oom_kill ");
}

bool fragment_until_kill(std::uint64_t spare_bytes, const std::string &cached_file, const std::function<void()> &on_ready)
{
    constexpr rlim_t descriptors = 65536;
    const rlimit many_files{descriptors, descriptors};
    if (setrlimit(RLIMIT_NOFILE, &many_files) != 0)
        fail("raise the limit of open files", errno);
    std::vector<Pipe> kept;
    fragment_memory(spare_bytes, kept);
    if (!cached_file.empty())
        read_into_cache(cached_file);
    on_ready();
    const std::uint64_t kills = oom_kills();
    while (oom_kills() == kills) {
        const std::optional<Pipe> pipe = large_pipe();
        if (!pipe)
            return false;
        kept.push_back(*pipe);
    }
    return true;
}
