// SPDX-License-Identifier: Apache-2.0
//
// text_escape.h: raw bytes of the kernel as UTF-8 text, without loss and without touching text that is clean.
//
// A comm or a cgroup name may hold any byte. Each byte that is not part of valid UTF-8 becomes U+FFFD followed by two
// lower-case hex digits; a genuine U+FFFD becomes its own three bytes written the same way, so that U+FFFD in the result always
// begins an escape. A backslash cannot be the escape: systemd's cgroup names hold it ("dev-disk\x2d1").
//
//     "caf\xc3\xa9"  ->  "café"
//     "caf\xe9"      ->  "caf\ufffde9"
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace oomtrace
{

// Always valid UTF-8.
std::string escape_text(std::string_view bytes);

// The bytes that escape_text() made `text` of; empty if it can have made it of none.
std::optional<std::string> unescape_text(std::string_view text);

} // namespace oomtrace
