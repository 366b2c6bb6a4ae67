// SPDX-License-Identifier: Apache-2.0
#include "host/scratch_cgroup.h"

#include <cerrno>
#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "host/proc_file.h"

namespace oomtrace
{

namespace
{

constexpr std::string_view run_as_root = "run as root, on the host or in a privileged container";

bool writable_file_exists(const std::filesystem::path &path)
{
    return ::access(path.c_str(), W_OK) == 0;
}

} // namespace

ScratchCgroup::ScratchCgroup(const MemoryControllerMount &mount, std::string_view name)
    : version_(mount.version), directory_(mount.directory / name), kernel_path_("/" + std::string(name))
{
}

ScratchCgroup::ScratchCgroup(ScratchCgroup &&other) noexcept
    : version_(other.version_), directory_(std::exchange(other.directory_, {})), kernel_path_(std::move(other.kernel_path_))
{
}

ScratchCgroup &ScratchCgroup::operator=(ScratchCgroup &&other) noexcept
{
    std::swap(version_, other.version_);
    std::swap(directory_, other.directory_);
    std::swap(kernel_path_, other.kernel_path_);
    return *this;
}

ScratchCgroup::~ScratchCgroup()
{
    static_cast<void>(remove());
}

Result<ScratchCgroup> ScratchCgroup::create(std::string_view name, std::uint64_t limit_bytes, const std::filesystem::path &root)
{
    const auto mount = find_memory_controller(root);
    if (!mount)
        return tl::unexpected(mount.error());
    const auto directory = mount->directory / name;
    const auto attempted = "make the scratch cgroup " + directory.string();
    if (name.empty() || name.find('/') != std::string_view::npos || name.starts_with('.'))
        return fail(attempted, "the name is not that of one directory");
    // From here on the destructor undoes what was done, so ownership begins only once the directory is ours.
    if (::mkdir(directory.c_str(), 0755) != 0)
        return fail_errno(attempted, errno,
                          errno == EEXIST ? "one of an earlier run is left: rmdir " + directory.string()
                                          : std::string(run_as_root));
    ScratchCgroup cgroup(*mount, name);
    if (cgroup.version_ == 2)
        if (auto enabled = cgroup.enable_controller(); !enabled)
            return tl::unexpected(enabled.error());
    if (auto limited = cgroup.set_limit(limit_bytes); !limited)
        return tl::unexpected(limited.error());
    return cgroup;
}

Result<void> ScratchCgroup::enable_controller()
{
    const auto subtree_control = directory_.parent_path() / "cgroup.subtree_control";
    if (lists_memory_controller(subtree_control))
        return {};
    return write_file(subtree_control, "+memory",
                      "in a container, its own cgroup cannot do this while processes are in it: run on the host");
}

Result<void> ScratchCgroup::set_limit(std::uint64_t limit_bytes)
{
    const auto limit = fmt::format("{}", limit_bytes);
    auto limited = write_file(directory_ / (version_ == 2 ? "memory.max" : "memory.limit_in_bytes"), limit, run_as_root);
    if (!limited)
        return limited;
    // With swap to go to, the process would push its pages out instead of running out. The files are missing where the kernel
    // does not account swap.
    if (version_ == 2) {
        const auto swap = directory_ / "memory.swap.max";
        return writable_file_exists(swap) ? write_file(swap, "0", run_as_root) : Result<void>{};
    }
    // The kernel charges memory+swap before memory, and 6.18 does not count its failures: one page more, and it is the limit on
    // memory that is hit.
    const auto memory_and_swap = directory_ / "memory.memsw.limit_in_bytes";
    if (writable_file_exists(memory_and_swap))
        return write_file(memory_and_swap, fmt::format("{}", limit_bytes + static_cast<std::uint64_t>(::getpagesize())),
                          run_as_root);
    return write_file(directory_ / "memory.swappiness", "0", run_as_root);
}

Result<void> ScratchCgroup::add(pid_t tgid)
{
    return write_file(directory_ / "cgroup.procs", fmt::format("{}", tgid), run_as_root);
}

void ScratchCgroup::kill_all() const
{
    if (version_ == 2 && write_file(directory_ / "cgroup.kill", "1"))
        return;
    std::ifstream members(directory_ / "cgroup.procs");
    pid_t tgid = 0;
    while (members >> tgid)
        // 0 stands for a process of another pid namespace; kill(0) would hit our own process group.
        if (tgid > 0)
            ::kill(tgid, SIGKILL);
}

Result<void> ScratchCgroup::remove(std::chrono::milliseconds patience)
{
    if (directory_.empty())
        return {};
    constexpr std::chrono::milliseconds pause(10);
    for (auto waited = std::chrono::milliseconds(0);; waited += pause) {
        kill_all();
        if (::rmdir(directory_.c_str()) == 0 || errno == ENOENT)
            break;
        if (errno != EBUSY || waited >= patience)
            return fail_errno("remove the scratch cgroup " + directory_.string(), errno,
                              "stop the processes in its cgroup.procs, then: rmdir " + directory_.string());
        std::this_thread::sleep_for(pause);
    }
    directory_.clear();
    return {};
}

std::optional<std::uint64_t> ScratchCgroup::read_number(const char *file) const
{
    char buffer[64];
    const auto text = read_file(directory_ / file, buffer);
    return text ? parse_unsigned(*text) : std::nullopt;
}

std::optional<std::uint64_t> ScratchCgroup::read_field(const char *file, const char *field) const
{
    char buffer[1024];
    const auto text = read_file(directory_ / file, buffer);
    const auto value = text ? value_of(*text, field) : std::nullopt;
    return value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

std::optional<std::uint64_t> ScratchCgroup::usage_bytes() const
{
    return read_number(version_ == 2 ? "memory.current" : "memory.usage_in_bytes");
}

std::optional<std::uint64_t> ScratchCgroup::limit_hits() const
{
    return version_ == 2 ? read_field("memory.events", "max") : read_number("memory.failcnt");
}

std::optional<std::uint64_t> ScratchCgroup::oom_kills() const
{
    return read_field(version_ == 2 ? "memory.events" : "memory.oom_control", "oom_kill");
}

} // namespace oomtrace
