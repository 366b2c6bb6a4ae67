// SPDX-License-Identifier: Apache-2.0
#include "host/host_tree.h"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace oomtrace
{

HostTree::HostTree(const std::filesystem::path &root) : root_(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

UniqueFd HostTree::open(std::string_view path, int flags) const
{
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    // EAGAIN: something was renamed while a ".." was looked up.
    for (int attempt = 0; attempt < 8; ++attempt) {
        UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, root_.get(), std::string(path).c_str(), &how, sizeof(how))));
        if (fd || errno != EAGAIN)
            return fd;
    }
    return {};
}

std::optional<std::string> HostTree::read(std::string_view path, std::size_t most_bytes,
                                          std::optional<std::uint32_t> owner) const
{
    const UniqueFd fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat status {
    };
    if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode) || (owner && status.st_uid != *owner) ||
        status.st_size < 0 || static_cast<std::size_t>(status.st_size) > most_bytes)
        return std::nullopt;
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t length = 0;
    while (length < text.size()) {
        const ssize_t got = ::read(fd.get(), text.data() + length, text.size() - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return std::nullopt;
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

bool HostTree::list(std::string_view path, std::size_t most_entries, const std::function<bool(std::string_view)> &each) const
{
    const UniqueFd fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (!fd)
        return false;
    const auto close = [](DIR *directory) { ::closedir(directory); };
    const std::unique_ptr<DIR, decltype(close)> directory(::fdopendir(::dup(fd.get())), close);
    if (!directory)
        return false;
    for (std::size_t count = 0; const dirent *const entry = ::readdir(directory.get());) {
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..")
            continue;
        if (++count > most_entries)
            return false;
        if (!each(name))
            return true;
    }
    return true;
}

} // namespace oomtrace
