// SPDX-License-Identifier: Apache-2.0
#include "host/host_tree.h"

#include <array>
#include <cerrno>
#include <climits>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace oomtrace
{

namespace
{

// ELOOP: a link that leads to itself, or too deep, leads nowhere.
bool is_not_there(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

} // namespace

HostTree::HostTree(const std::filesystem::path &root) : root_(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

// Not openat2 with RESOLVE_IN_ROOT: its flags lie where seccomp cannot look, so that systemd refuses it to a service with
// RestrictSUIDSGID=, as ours is, and older runtimes refuse it to containers. Each part is opened where the one before it was
// found and followed by nobody but us: what is renamed or replaced meanwhile leads nowhere else.
UniqueFd HostTree::open(std::string_view path, int flags) const
{
    constexpr int most_links = 40;          // as the kernel
    constexpr std::size_t most_levels = 64; // each holds a descriptor, and a link may be somebody's who would use them all up
    if (!root_) {
        errno = ENOENT;
        return {};
    }
    std::vector<UniqueFd> levels;
    std::string rest(path);
    for (int links = 0;;) {
        rest.erase(0, rest.find_first_not_of('/'));
        std::string part = rest.substr(0, rest.find('/'));
        rest.erase(0, part.size());
        const bool last = rest.find_first_not_of('/') == std::string::npos;
        if (part == ".." && !levels.empty())
            levels.pop_back();
        if (part.empty() || part == "..")
            part = ".";
        const int directory = levels.empty() ? root_.get() : levels.back().get();

        std::array<char, PATH_MAX> target{};
        const ssize_t length = ::readlinkat(directory, part.c_str(), target.data(), target.size());
        if (length >= 0) {
            if (++links > most_links || static_cast<std::size_t>(length) == target.size()) {
                errno = ELOOP;
                return {};
            }
            if (target[0] == '/')
                levels.clear();
            rest.insert(0, target.data(), static_cast<std::size_t>(length));
            continue;
        }
        UniqueFd fd(::openat(directory, part.c_str(), (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC));
        if (!fd || last)
            return fd;
        if (part == ".")
            continue;
        if (levels.size() == most_levels) {
            errno = ELOOP;
            return {};
        }
        levels.push_back(std::move(fd));
    }
}

Result<std::optional<std::string>> HostTree::read(std::string_view path, std::size_t most_bytes,
                                                  std::optional<std::uint32_t> owner) const
{
    const auto attempted = [&] { return "read " + std::string(path); };
    const UniqueFd fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!fd && is_not_there(errno))
        return std::nullopt;
    struct stat status {
    };
    if (!fd || ::fstat(fd.get(), &status) != 0)
        return fail_errno(attempted(), errno);
    if (!S_ISREG(status.st_mode) || (owner && status.st_uid != *owner))
        return std::nullopt;
    if (status.st_size < 0 || static_cast<std::size_t>(status.st_size) > most_bytes)
        return fail_errno(attempted(), EFBIG);
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t length = 0;
    while (length < text.size()) {
        const ssize_t got = ::read(fd.get(), text.data() + length, text.size() - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(attempted(), errno);
        if (got == 0)
            break;
        length += static_cast<std::size_t>(got);
    }
    text.resize(length);
    return text;
}

bool HostTree::is_directory(std::string_view path) const
{
    return static_cast<bool>(open(path, O_PATH | O_DIRECTORY));
}

Result<void> HostTree::list(std::string_view path, std::size_t most_entries,
                            const std::function<bool(std::string_view)> &each) const
{
    const auto attempted = [&] { return "list " + std::string(path); };
    const UniqueFd fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (!fd && is_not_there(errno))
        return {};
    if (!fd)
        return fail_errno(attempted(), errno);
    const auto close = [](DIR *directory) { ::closedir(directory); };
    const std::unique_ptr<DIR, decltype(close)> directory(::fdopendir(::dup(fd.get())), close);
    if (!directory)
        return fail_errno(attempted(), errno);
    for (std::size_t count = 0; const dirent *const entry = ::readdir(directory.get());) {
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..")
            continue;
        if (++count > most_entries)
            return fail_errno(attempted(), EFBIG);
        if (!each(name))
            return {};
    }
    return {};
}

} // namespace oomtrace
