// SPDX-License-Identifier: Apache-2.0
#include "metrics/textfile_sink.h"

#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace oomtrace::metrics
{

namespace
{

constexpr const char *hint = "the directory must exist and be writable for the agent: it is node_exporter's "
                             "--collector.textfile.directory";

int write_all(int fd, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0)
            text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

// A new file of this name with `text` in it; an errno value, or 0. Not synced to disk: it is written again at the next start.
int write_new_file(const std::filesystem::path &path, std::string_view text)
{
    ::unlink(path.c_str()); // of a run that was killed in the middle
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return errno;
    int error = write_all(fd, text);
    // The collector runs as another user, whatever the agent's umask.
    if (error == 0 && ::fchmod(fd, 0644) != 0)
        error = errno;
    if (::close(fd) != 0 && error == 0)
        error = errno;
    return error;
}

} // namespace

Result<void> TextfileSink::write()
{
    const std::filesystem::path target = directory_ / "oomtrace.prom";
    const std::filesystem::path temporary = directory_ / ".oomtrace.prom.new"; // the collector reads *.prom only
    int error = write_new_file(temporary, metrics_.scrape(Format::text));
    if (error == 0 && ::rename(temporary.c_str(), target.c_str()) != 0)
        error = errno;
    if (error == 0)
        return {};
    ::unlink(temporary.c_str());
    return fail_errno("write the metrics to " + target.string(), error, hint);
}

} // namespace oomtrace::metrics
