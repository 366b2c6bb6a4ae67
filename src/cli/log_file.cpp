// SPDX-License-Identifier: Apache-2.0
#include "cli/log_file.h"

#include <cerrno>
#include <memory>

#include <archive.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "host/unique_fd.h"

namespace oomtrace
{

namespace
{

constexpr std::size_t block_bytes = 256UL << 10;

struct ArchiveDeleter {
    void operator()(archive *reader) const { archive_read_free(reader); }
};
using Archive = std::unique_ptr<archive, ArchiveDeleter>;

tl::unexpected<Error> archive_error(archive *reader, const std::string &attempted)
{
    const char *const reason = archive_error_string(reader);
    return fail(attempted, reason != nullptr ? reason : "not readable",
                "give a log as text, or compressed with gzip, xz, zstd or bzip2");
}

Result<Archive> open_raw(int fd, const std::string &attempted)
{
    Archive reader(archive_read_new());
    if (!reader)
        return fail(attempted, "out of memory");
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_filter_xz(reader.get());
    archive_read_support_filter_zstd(reader.get());
    archive_read_support_filter_bzip2(reader.get());
    archive_read_support_format_raw(reader.get());
    archive_read_support_format_empty(reader.get());
    if (archive_read_open_fd(reader.get(), fd, block_bytes) != ARCHIVE_OK)
        return archive_error(reader.get(), attempted);
    return reader;
}

} // namespace

Result<void> read_log_file(const std::string &path,
                           const std::function<bool(std::string_view bytes, const LogFileProgress &progress)> &take)
{
    const bool standard_input = path == "-";
    const std::string attempted = standard_input ? "read a kernel log from the standard input" : fmt::format("read {}", path);
    UniqueFd opened;
    if (!standard_input) {
        opened = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!opened)
            return fail_errno(attempted, errno, errno == EACCES ? "logs are often for root or the group adm only" : "");
    }
    const int fd = standard_input ? 0 : opened.get();
    LogFileProgress progress;
    struct stat status {
    };
    if (::fstat(fd, &status) != 0)
        return fail_errno(attempted, errno);
    if (S_ISDIR(status.st_mode))
        return fail_errno(attempted, EISDIR, "give the files in it");
    if (S_ISREG(status.st_mode))
        progress.bytes_total = static_cast<std::uint64_t>(status.st_size);

    auto reader = open_raw(fd, attempted);
    if (!reader)
        return tl::unexpected(reader.error());
    archive_entry *entry = nullptr;
    const int head = archive_read_next_header(reader->get(), &entry);
    if (head == ARCHIVE_EOF)
        return {};
    if (head < ARCHIVE_WARN)
        return archive_error(reader->get(), attempted);
    while (true) {
        const void *data = nullptr;
        std::size_t size = 0;
        la_int64_t offset = 0;
        const int status_of_block = archive_read_data_block(reader->get(), &data, &size, &offset);
        if (status_of_block == ARCHIVE_EOF)
            return {};
        if (status_of_block < ARCHIVE_WARN)
            return archive_error(reader->get(), attempted);
        progress.bytes_read = static_cast<std::uint64_t>(archive_filter_bytes(reader->get(), -1));
        if (!take(std::string_view(static_cast<const char *>(data), size), progress))
            return {};
    }
}

} // namespace oomtrace
