// SPDX-License-Identifier: Apache-2.0
//
// line_prefix.h: what each log format puts before the kernel's text, told by the shape of the single line.
//
//   dmesg                     [   12.345678] text          [   12.345678][  T123] text        [   12.3 <    0.000537>] text
//   dmesg -T, -e, iso         [Wed Nov 25 02:22:36 2026] text    [Nov25 02:22] text    2026-11-25T02:22:36,123456+00:00 text
//   dmesg -x, -r              kern  :warn  : [   12.3] text      <4>[   12.3] text
//   dmesg --json                    "msg": "text"                with "time": 12.3 on a line of its own before
//   /dev/kmsg                 6,1234,5678901,-;text              and " KEY=value" lines after it
//   journalctl, syslog        Nov 25 02:22:36 host kernel: text  2026-11-25T02:22:36+0000 host kernel: [   12.3] text
//                             Nov 25 02:22:36 host user.warn kernel: text     <6>1 2026-11-25T02:22:36Z host kernel - - - text
//   journalctl -o monotonic   [   12.345678] host kernel: text
//   journalctl -o json        {"MESSAGE":"text","_HOSTNAME":"host","__REALTIME_TIMESTAMP":"1764037356123456",...}
//   journalctl -o export      MESSAGE=text                       with _HOSTNAME=... on lines of their own
//   docker, CRI               {"log":"text\n","stream":"stdout","time":"2026-..."}    2026-11-25T02:22:36.1Z stdout F text
//   pstore                    <6>[   12.3] text                  after a line "Oops#1 Part1"
//
// Prefixes nest (a container's log of a syslog of dmesg); they are taken off one by one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace oomtrace::kernel_log
{

enum class Speaker : std::uint8_t {
    unmarked, // nothing says who wrote the line
    kernel,
    other, // another program's line
};

struct LogLine {
    std::string_view text; // the kernel's; may hold line feeds where a record of several lines was escaped
    Speaker speaker = Speaker::unmarked;
    std::optional<std::uint64_t> monotonic_ns;
    std::optional<std::int64_t> realtime_ns; // only where the log has date, time and zone
    std::string_view wall_clock;             // as printed; may be empty
    std::string_view host;
    std::string_view caller; // "T123" (task) or "C1" (processor), of kernels with CONFIG_PRINTK_CALLER

    // A line that says something about the record it stands in, and no text of the kernel's.
    bool field_only = false;
};

// `whole`: a line without its line feed. `scratch` keeps what had to be unescaped: the result points into it or into `whole`.
LogLine strip_prefixes(std::string_view whole, std::string &scratch);

} // namespace oomtrace::kernel_log
