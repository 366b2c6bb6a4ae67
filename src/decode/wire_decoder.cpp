// SPDX-License-Identifier: Apache-2.0
#include "decode/wire_decoder.h"

#include <utility>

#include <fmt/format.h>

#include "decode/wire_bodies.h"
#include "decode/wire_bytes.h"
#include "decode/wire_kinds.h"

namespace oomtrace
{
namespace
{

template <typename Wire>
BodyResult decode_body(std::span<const std::byte> record)
{
    return body_of(read_as<Wire>(record));
}

struct DecoderRow {
    std::uint16_t kind;
    BodyResult (*decode_body)(std::span<const std::byte>);
};

#define OOMTRACE_DECODER_ROW(kind, type) DecoderRow{kind, &decode_body<type>},
constexpr std::array decoders = {WIRE_KINDS(OOMTRACE_DECODER_ROW)};
#undef OOMTRACE_DECODER_ROW
static_assert(decoders.size() == wire_kinds.size());

tl::unexpected<DecodeError> refuse(DecodeErrorKind kind, std::uint16_t record_kind, std::string reason)
{
    const WireKind *known = find_wire_kind(record_kind);
    DecodeError error;
    error.attempted = known != nullptr ? fmt::format("decode a {} record", known->name) : std::string("decode a record");
    error.reason = std::move(reason);
    error.kind = kind;
    error.record_kind = record_kind;
    return tl::unexpected<DecodeError>(std::move(error));
}

} // namespace

tl::expected<KernelEvent, DecodeError> decode(std::span<const std::byte> record)
{
    if (record.size() < sizeof(wire_header)) {
        return refuse(DecodeErrorKind::too_short, 0,
                      fmt::format("{} bytes, a header alone has {}", record.size(), sizeof(wire_header)));
    }
    const auto header = read_as<wire_header>(record);
    if (header.size != record.size()) {
        return refuse(DecodeErrorKind::size_mismatch, header.kind,
                      fmt::format("its header says {} bytes, {} were received", header.size, record.size()));
    }
    const WireKind *kind = find_wire_kind(header.kind);
    if (kind == nullptr) {
        return refuse(DecodeErrorKind::unknown_kind, header.kind, fmt::format("kind {} is not known", header.kind));
    }
    if (record.size() != kind->size) {
        return refuse(DecodeErrorKind::wrong_size_for_kind, header.kind,
                      fmt::format("{} bytes, one of its kind has {}", record.size(), kind->size));
    }
    const auto row = static_cast<std::size_t>(kind - wire_kinds.data());
    BodyResult body = decoders[row].decode_body(record);
    if (!body) {
        return refuse(DecodeErrorKind::bad_value, header.kind,
                      fmt::format("the value of {} has no meaning", body.error().name));
    }
    return KernelEvent{EventHeader{header.time_ns, header.episode, header.sequence, header.cpu}, std::move(*body)};
}

std::string_view name_of(DecodeErrorKind kind)
{
    switch (kind) {
    case DecodeErrorKind::too_short:
        return "too_short";
    case DecodeErrorKind::size_mismatch:
        return "size_mismatch";
    case DecodeErrorKind::unknown_kind:
        return "unknown_kind";
    case DecodeErrorKind::wrong_size_for_kind:
        return "wrong_size_for_kind";
    case DecodeErrorKind::bad_value:
        return "bad_value";
    }
    return "unknown";
}

} // namespace oomtrace
