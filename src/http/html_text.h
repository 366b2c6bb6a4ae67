// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace oomtrace::http
{

// Raw bytes of the kernel as text of an HTML page or the value of a quoted attribute: what is not printable becomes visible as
// on the terminal, and nothing in it is markup.
std::string html_name(std::string_view bytes);

// The same for text with lines, which is kept as it is but for bytes that are not UTF-8.
std::string html_lines(std::string_view text);

// "just now", "3 minutes ago", "2 days ago"; "in the future" where a clock was set back.
std::string ago_text(std::int64_t realtime_ns, std::int64_t now_ns);

} // namespace oomtrace::http
