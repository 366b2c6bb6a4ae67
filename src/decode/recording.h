// SPDX-License-Identifier: Apache-2.0
//
// recording.h: wire records in a file. A head (magic, version, byte order), then the records back to back as they came,
// closed by the WIRE_STREAM_END record that the live source emits when it stops on purpose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "oomtrace/record_source.h"

namespace oomtrace
{

class RecordingWriter
{
  public:
    // Writes the head. `name` is what errors call the recording ("/var/tmp/x.oom"); `out` must outlive the writer.
    static Result<RecordingWriter> start(std::ostream &out, std::string name);

    // Appends one record as it is. It stays in memory that is there already until flush(), or until an episode has outgrown
    // that: a write asks for page cache, which a host in need makes wait for, and the incident must not wait with it. An error
    // is sticky in the stream: later calls fail too.
    Result<void> append(std::span<const std::byte> record);
    // To be called before it goes: the destructor writes nothing.
    Result<void> flush();

    [[nodiscard]] std::uint64_t records() const { return records_; }

  private:
    RecordingWriter(std::ostream &out, std::string name);
    Result<void> write(std::span<const std::byte> bytes);
    Result<void> write_pending();

    std::ostream *out_;
    std::string name_;
    std::uint64_t records_ = 0;
    std::vector<std::byte> pending_; // all of it touched from the start
    std::size_t pending_bytes_ = 0;
};

// Delivers the records of a recording, each whole, in order; then an empty optional if the closing record was the last thing
// in the file and counts what was delivered, else, once, an Error that says what is missing. After that error the stream is at
// its end (empty optional). So a caller that stops at the first error has lost nothing that could be read.
//
// Only sizes are checked here; what a record says is decode()'s business.
class RecordingSource final : public RecordSource
{
  public:
    // Checks the head. Errors: not a recording, another version (named), another byte order, a head cut short.
    static Result<std::unique_ptr<RecordingSource>> open(std::istream &in, std::string name);

    Result<std::optional<std::span<const std::byte>>> next(std::optional<std::chrono::nanoseconds> timeout) override;

  private:
    RecordingSource(std::istream &in, std::string name);
    tl::unexpected<Error> truncated(std::string where);

    std::istream *in_;
    std::string name_;
    std::vector<std::byte> buffer_;
    std::uint64_t delivered_ = 0;
    std::optional<std::uint64_t> counted_; // by the closing record, once it has been delivered
    bool at_end_ = false;
};

} // namespace oomtrace
