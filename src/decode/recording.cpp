// SPDX-License-Identifier: Apache-2.0
#include "decode/recording.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <istream>
#include <ostream>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "decode/wire_bytes.h"
#include "oomtrace/wire_record.h"

namespace oomtrace
{
namespace
{

// The magic without the string's NUL.
constexpr std::string_view magic(WIRE_MAGIC);
static_assert(magic.size() == sizeof(wire_file_header::magic));

// Far above every record there is, so that a newer writer's larger record is skipped as an unknown kind rather than refused;
// small enough that a damaged size cannot make the reader ask for gigabytes.
constexpr std::uint32_t max_record_size = 1U << 20;

constexpr std::string_view damaged_hint = "copy the file again from where it was made";

// An episode without its candidates many times over, with a few thousand of them.
constexpr std::size_t pending_capacity = std::size_t{256} << 10;

constexpr std::uint32_t swapped(std::uint32_t value)
{
    return value >> 24 | (value >> 8 & 0xff00U) | (value << 8 & 0xff0000U) | value << 24;
}

// How many bytes could be read: fewer than asked for at the end of the file.
std::size_t read_up_to(std::istream &in, std::span<std::byte> bytes)
{
    in.read(reinterpret_cast<char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return static_cast<std::size_t>(in.gcount());
}

} // namespace

RecordingWriter::RecordingWriter(std::ostream &out, std::string name)
    : out_(&out), name_(std::move(name)), pending_(pending_capacity)
{
}

Result<RecordingWriter> RecordingWriter::start(std::ostream &out, std::string name)
{
    RecordingWriter writer(out, std::move(name));
    wire_file_header head{};
    std::memcpy(head.magic, magic.data(), magic.size());
    head.version = WIRE_VERSION;
    head.header_size = sizeof(head);
    head.byte_order = WIRE_BYTE_ORDER;
    if (Result<void> written = writer.write(std::as_bytes(std::span(&head, 1))); !written) {
        return tl::unexpected(std::move(written.error()));
    }
    return writer;
}

Result<void> RecordingWriter::write(std::span<const std::byte> bytes)
{
    // iostreams say only that it failed; the system call's errno is still there when the buffer gave up in this call.
    errno = 0;
    out_->write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!*out_) {
        return errno != 0 ? fail_errno("write recording " + name_, errno)
                          : fail("write recording " + name_, "the write failed");
    }
    return {};
}

Result<void> RecordingWriter::append(std::span<const std::byte> record)
{
    if (record.size() > pending_.size() - pending_bytes_) {
        if (Result<void> written = write_pending(); !written) {
            return written;
        }
    }
    if (record.size() > pending_.size()) {
        if (Result<void> written = write(record); !written) {
            return written;
        }
    } else {
        std::ranges::copy(record, pending_.begin() + static_cast<std::ptrdiff_t>(pending_bytes_));
        pending_bytes_ += record.size();
    }
    records_++;
    return {};
}

Result<void> RecordingWriter::write_pending()
{
    return write(std::span(pending_).first(std::exchange(pending_bytes_, 0)));
}

Result<void> RecordingWriter::flush()
{
    if (Result<void> written = write_pending(); !written) {
        return written;
    }
    errno = 0;
    if (!out_->flush()) {
        return errno != 0 ? fail_errno("write recording " + name_, errno)
                          : fail("write recording " + name_, "the flush failed");
    }
    return {};
}

RecordingSource::RecordingSource(std::istream &in, std::string name) : in_(&in), name_(std::move(name)) {}

Result<std::unique_ptr<RecordingSource>> RecordingSource::open(std::istream &in, std::string name)
{
    const std::string attempted = "open recording " + name;
    std::array<std::byte, sizeof(wire_file_header)> bytes{};
    const std::size_t got = read_up_to(in, bytes);
    if (in.bad()) {
        return fail(attempted, "the file cannot be read", "is it a file, and on a disk that works?");
    }
    const std::size_t comparable = std::min(got, magic.size());
    if (got == 0 || std::memcmp(bytes.data(), magic.data(), comparable) != 0) {
        return fail(attempted, got == 0 ? "not an oomtrace recording: the file is empty" : "not an oomtrace recording",
                    "recordings are made with `oomtrace trace --record FILE`");
    }
    if (got < bytes.size()) {
        return fail(attempted, fmt::format("truncated: its head has {} of {} bytes", got, bytes.size()),
                    "nothing can be read of it: the tracer was killed or the disk was full");
    }
    const auto head = read_as<wire_file_header>(bytes);
    if (head.byte_order == swapped(WIRE_BYTE_ORDER)) {
        return fail(attempted, "written on a machine of the other byte order",
                    "replay it on a machine like the one it was made on");
    }
    if (head.byte_order != WIRE_BYTE_ORDER) {
        return fail(attempted, fmt::format("damaged: its byte-order mark is {:#x}", head.byte_order),
                    std::string(damaged_hint));
    }
    if (head.version != WIRE_VERSION) {
        return fail(attempted, fmt::format("written by wire version {}, this oomtrace reads {}", head.version, WIRE_VERSION),
                    "replay it with the oomtrace that wrote it");
    }
    if (head.header_size != sizeof(head)) {
        return fail(attempted, fmt::format("damaged: its head says that it has {} bytes", head.header_size),
                    std::string(damaged_hint));
    }
    return std::unique_ptr<RecordingSource>(new RecordingSource(in, std::move(name)));
}

tl::unexpected<Error> RecordingSource::truncated(std::string where)
{
    at_end_ = true;
    return fail("read recording " + name_, fmt::format("truncated after {} whole records: {}", delivered_, where),
                "the tracer was killed or the disk was full; what was whole has been used");
}

Result<std::optional<std::span<const std::byte>>> RecordingSource::next(std::optional<std::chrono::nanoseconds>)
{
    using Answer = std::optional<std::span<const std::byte>>;
    if (at_end_) {
        return Answer();
    }
    buffer_.resize(sizeof(wire_header));
    const std::size_t got = read_up_to(*in_, buffer_);
    if (in_->bad()) {
        at_end_ = true;
        return fail("read recording " + name_, fmt::format("the file cannot be read after {} records", delivered_),
                    "is it on a disk that works?");
    }
    if (got == 0) {
        if (!counted_) {
            return truncated("the closing record is missing");
        }
        at_end_ = true;
        const std::uint64_t before_closing = delivered_ - 1;
        if (*counted_ != before_closing) {
            return fail("read recording " + name_,
                        fmt::format("its closing record counts {} records, the file holds {}", *counted_, before_closing),
                        std::string(damaged_hint));
        }
        return Answer();
    }
    if (counted_) {
        at_end_ = true;
        return fail("read recording " + name_, "there are bytes after the closing record", "is it two recordings in one file?");
    }
    if (got < buffer_.size()) {
        return truncated(fmt::format("the next record's header has {} of {} bytes", got, buffer_.size()));
    }
    const auto header = read_as<wire_header>(buffer_);
    if (header.size < sizeof(header) || header.size > max_record_size) {
        at_end_ = true;
        return fail("read recording " + name_,
                    fmt::format("damaged after {} whole records: the next one claims {} bytes", delivered_, header.size),
                    "what was whole before it has been used; copy the file again from where it was made");
    }
    buffer_.resize(header.size);
    const std::span<std::byte> rest = std::span(buffer_).subspan(sizeof(header));
    if (const std::size_t got_rest = read_up_to(*in_, rest); got_rest < rest.size()) {
        return truncated(fmt::format("the next record has {} of {} bytes", got_rest + sizeof(header), header.size));
    }
    delivered_++;
    if (header.kind == WIRE_STREAM_END && header.size == sizeof(wire_stream_end)) {
        counted_ = read_as<wire_stream_end>(buffer_).records;
    }
    return Answer(buffer_);
}

} // namespace oomtrace
