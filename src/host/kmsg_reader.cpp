// SPDX-License-Identifier: Apache-2.0
#include "host/kmsg_reader.h"

#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace oomtrace
{

namespace
{

constexpr std::uint64_t facility_shift = 3; // below it stands the level; facility 0 is the kernel

// Takes "number," from the front.
std::optional<std::uint64_t> take_field(std::string_view &text)
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end == text.data() + text.size() || *end != ',')
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    return value;
}

} // namespace

Result<KmsgReader> KmsgReader::open(From from, const std::filesystem::path &path)
{
    const std::string attempted = fmt::format("open {} to read the kernel's log", path.string());
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!fd) {
        const bool refused = errno == EPERM || errno == EACCES;
        return fail_errno(attempted, errno, refused ? "reading it takes CAP_SYSLOG where kernel.dmesg_restrict is 1" : "");
    }
    if (::lseek(fd.get(), 0, from == From::now ? SEEK_END : SEEK_SET) < 0)
        return fail_errno(attempted, errno);
    return KmsgReader(std::move(fd));
}

std::optional<KmsgLine> KmsgReader::next()
{
    for (;;) {
        const ssize_t size = ::read(fd_.get(), buffer_.data(), buffer_.size());
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EPIPE) {
            ++times_overwritten_; // the next read goes on with the oldest that is left
            continue;
        }
        if (size <= 0)
            return std::nullopt;
        std::string_view record(buffer_.data(), static_cast<std::size_t>(size));
        record = record.substr(0, record.find('\n'));
        std::string_view fields = record;
        const auto priority = take_field(fields);
        const auto sequence = take_field(fields);
        if (priority && sequence && *priority >> facility_shift == 0)
            return KmsgLine{*sequence, record};
    }
}

} // namespace oomtrace
