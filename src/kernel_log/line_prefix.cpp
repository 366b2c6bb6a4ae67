// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/line_prefix.h"

#include <array>

#include "kernel_log/json_line.h"
#include "kernel_log/text_cursor.h"
#include "kernel_log/wall_clock.h"

namespace oomtrace::kernel_log
{

namespace
{

constexpr int most_nested = 5;

// "12.345678" seconds, as nanoseconds.
std::optional<std::uint64_t> take_seconds(TextCursor &cursor)
{
    TextCursor ahead = cursor;
    const auto seconds = ahead.take_number<std::uint32_t>();
    if (!seconds || !ahead.take("."))
        return std::nullopt;
    std::uint64_t fraction = 0;
    std::uint64_t unit = 1'000'000'000; // of the last digit; what is less than a nanosecond is left out
    std::size_t digits = 0;
    for (; digits < ahead.rest.size() && is_digit(ahead.rest[digits]); ++digits) {
        unit /= 10;
        fraction += unit * static_cast<std::uint64_t>(ahead.rest[digits] - '0');
    }
    if (digits == 0)
        return std::nullopt;
    ahead.rest.remove_prefix(digits);
    cursor = ahead;
    return *seconds * 1'000'000'000ULL + fraction;
}

// "T123]" or "C1]", after "[" and spaces.
std::optional<std::string_view> take_caller(TextCursor &cursor)
{
    TextCursor ahead = cursor;
    if (!ahead.take("["))
        return std::nullopt;
    ahead.skip_spaces();
    if (ahead.peek() != 'T' && ahead.peek() != 'C')
        return std::nullopt;
    const char *const begin = ahead.rest.data();
    ahead.rest.remove_prefix(1);
    if (!ahead.take_number<std::uint32_t>())
        return std::nullopt;
    const std::string_view caller(begin, static_cast<std::size_t>(ahead.rest.data() - begin));
    if (!ahead.take("]"))
        return std::nullopt;
    cursor = ahead;
    return caller;
}

// "[   12.345678]", "[   12.3 <    0.000537>]", "[Wed Nov 25 02:22:36 2026]", "[Nov25 02:22]", "[  +0.000537]", and a caller.
bool take_bracket(TextCursor &cursor, LogLine &line)
{
    TextCursor ahead = cursor;
    if (!ahead.take("["))
        return false;
    ahead.skip_spaces();
    const char first = ahead.peek();
    if (is_digit(first)) {
        const auto stamp = take_seconds(ahead);
        if (!stamp)
            return false;
        ahead.skip_spaces();
        if (ahead.take("<")) {
            if (!ahead.take_until(">"))
                return false;
        }
        if (!ahead.take("]"))
            return false;
        line.monotonic_ns = stamp;
    } else if (first == '+') {
        ahead.take("+");
        if (!take_seconds(ahead) || !ahead.take("]"))
            return false;
    } else if (is_letter(first)) {
        const auto date = ahead.take_until("]");
        if (!date || !is_bracketed_date(*date)) {
            const auto caller = take_caller(cursor); // time stamps are off, callers are on
            if (!caller)
                return false;
            line.caller = *caller;
            line.speaker = Speaker::kernel;
            cursor.take(" ");
            return true;
        }
        line.wall_clock = *date;
    } else {
        return false;
    }
    if (const auto caller = take_caller(ahead))
        line.caller = *caller;
    ahead.take(" ");
    line.speaker = Speaker::kernel;
    cursor = ahead;
    return true;
}

// "<6>", "<30>".
bool take_priority(TextCursor &cursor)
{
    TextCursor ahead = cursor;
    if (!ahead.take("<"))
        return false;
    const auto priority = ahead.take_number<std::uint32_t>();
    if (!priority || *priority > 255 || !ahead.take(">"))
        return false;
    cursor = ahead;
    return true;
}

constexpr std::array<std::string_view, 18> facilities = {"kern",   "user",   "mail",   "daemon", "auth",     "syslog",
                                                         "lpr",    "news",   "uucp",   "cron",   "authpriv", "ftp",
                                                         "local0", "local1", "local2", "local3", "local4",   "local5"};
constexpr std::array<std::string_view, 8> levels = {"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"};

// dmesg -x: "kern  :warn  : ".
bool take_facility_and_level(TextCursor &cursor)
{
    // The facility is padded to six letters; one is longer.
    const std::string_view line = cursor.rest;
    if (line.size() < 16 || (line[6] != ':' && line[8] != ':'))
        return false;
    for (const std::string_view facility : facilities) {
        TextCursor ahead = cursor;
        if (!ahead.take(facility))
            continue;
        ahead.skip_spaces();
        if (!ahead.take(":"))
            continue;
        for (const std::string_view level : levels) {
            TextCursor further = ahead;
            if (!further.take(level))
                continue;
            further.skip_spaces();
            if (!further.take(":"))
                continue;
            further.take(" ");
            cursor = further;
            return true;
        }
    }
    return false;
}

// /dev/kmsg: "6,1234,5678901,-;" and more fields before the semicolon.
bool take_kmsg(TextCursor &cursor, LogLine &line)
{
    TextCursor ahead = cursor;
    if (!ahead.take_number<std::uint32_t>() || !ahead.take(",") || !ahead.take_number<std::uint64_t>() || !ahead.take(","))
        return false;
    const auto microseconds = ahead.take_number<std::uint64_t>();
    if (!microseconds || *microseconds > UINT64_MAX / 1000 || !ahead.take(","))
        return false;
    const auto flags = ahead.take_until(";");
    if (!flags || flags->size() > 64)
        return false;
    if (const std::size_t at = flags->find("caller="); at != std::string_view::npos) {
        const std::string_view caller = flags->substr(at + 7);
        line.caller = caller.substr(0, caller.find(','));
    }
    line.monotonic_ns = *microseconds * 1000;
    line.speaker = Speaker::kernel;
    cursor = ahead;
    return true;
}

int hex_digit(char c)
{
    return is_digit(c) ? c - '0' : lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

// What /dev/kmsg writes as \xNN: everything that is not printable ASCII, and the backslash.
std::string_view unescape_kmsg(std::string_view text, std::string &scratch)
{
    if (text.find("\\x") == std::string_view::npos)
        return text;
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x' && hex_digit(text[i + 2]) >= 0 &&
            hex_digit(text[i + 3]) >= 0) {
            out += static_cast<char>(hex_digit(text[i + 2]) * 16 + hex_digit(text[i + 3]));
            i += 3;
        } else {
            out += text[i];
        }
    }
    scratch = std::move(out);
    return scratch;
}

// What follows the date: "host kernel: ", "host user.warn kernel: ", "host sshd[12]: ", RFC 5424's "host kernel 12 - - ", and
// CRI's "stdout F ". An empty result: none of these.
bool take_origin(TextCursor &cursor, LogLine &line)
{
    TextCursor ahead = cursor;
    ahead.skip_spaces();
    const std::string_view first = ahead.take_word();
    if (first.empty() || first.size() > 255 || !ahead.take(" "))
        return false;
    if (first == "stdout" || first == "stderr") { // CRI, and what a container writes is not the kernel's yet
        if (ahead.take("F ") || ahead.take("P ")) {
            cursor = ahead;
            return true;
        }
    }
    if (first == "kernel:") { // a log without host names
        line.speaker = Speaker::kernel;
        cursor = ahead;
        return true;
    }
    for (int words = 0; words < 3; ++words) {
        TextCursor before = ahead;
        const std::string_view word = ahead.take_word();
        if (word.empty())
            return false;
        if (word.back() == ':') {
            const std::string_view tag = word.substr(0, word.size() - 1);
            const std::string_view name = tag.substr(0, tag.find('['));
            line.host = first;
            line.speaker = name == "kernel" || name == "vmunix" || name == "klogd" ? Speaker::kernel : Speaker::other;
            ahead.take(" ");
            cursor = ahead;
            return true;
        }
        // RFC 5424: APP-NAME PROCID MSGID STRUCTURED-DATA MSG
        if (words == 0) {
            TextCursor structured = ahead;
            if (structured.take(" ") && !structured.take_word().empty() && structured.take(" ") &&
                !structured.take_word().empty() && structured.take(" ") && structured.take("-")) {
                structured.take(" ");
                structured.take("\xef\xbb\xbf");
                line.host = first;
                line.speaker = word == "kernel" ? Speaker::kernel : Speaker::other;
                cursor = structured;
                return true;
            }
        }
        ahead = before;
        ahead.take_word();
        if (!ahead.take(" "))
            return false;
    }
    return false;
}

// A date at the start, and who wrote the line.
bool take_dated(TextCursor &cursor, LogLine &line)
{
    TextCursor ahead = cursor;
    ahead.take("1 "); // version of RFC 5424, after its priority
    const auto date = take_wall_clock(ahead.rest);
    if (!date)
        return false;
    LogLine named = line;
    named.wall_clock = ahead.rest.substr(0, date->length);
    if (date->realtime_ns)
        named.realtime_ns = date->realtime_ns;
    ahead.rest.remove_prefix(date->length);
    if (!take_origin(ahead, named)) {
        if (!date->iso_comma) // dmesg --time-format iso has no more than the date
            return false;
        ahead.take(" ");
        named.speaker = Speaker::kernel;
    }
    line = named;
    cursor = ahead;
    return true;
}

// journalctl -o short-monotonic: "host kernel: " after the bracket that dmesg has too.
void take_origin_after_stamp(TextCursor &cursor, LogLine &line)
{
    constexpr std::size_t longest = 119;
    TextCursor ahead = cursor;
    const std::string_view host = ahead.take_word();
    if (host.empty() || host.size() > longest || !ahead.take(" kernel: "))
        return;
    line.host = host;
    cursor = ahead;
}

// The lines of journalctl -o export, and of dmesg --json, that are not the message.
bool take_record_field(TextCursor &cursor, LogLine &line)
{
    if (cursor.peek() == 'M' && cursor.take("MESSAGE=")) {
        return true;
    }
    if (cursor.peek() != '_')
        return false;
    TextCursor ahead = cursor;
    if (ahead.take("_HOSTNAME=")) {
        line.host = ahead.rest;
    } else if (ahead.take("__REALTIME_TIMESTAMP=")) {
        if (const auto us = ahead.take_number<std::int64_t>(); us && *us < INT64_MAX / 1000 && *us > 0)
            line.realtime_ns = *us * 1000;
    } else if (ahead.take("_SOURCE_MONOTONIC_TIMESTAMP=")) {
        if (const auto us = ahead.take_number<std::uint64_t>(); us && *us < UINT64_MAX / 1000)
            line.monotonic_ns = *us * 1000;
    } else if (ahead.take("_TRANSPORT=")) {
        line.speaker = ahead.rest == "kernel" ? Speaker::kernel : Speaker::other;
    } else if (ahead.rest.find('=') == std::string_view::npos) {
        return false;
    }
    line.field_only = true;
    return true;
}

bool take_json(TextCursor &cursor, LogLine &line, std::string &scratch)
{
    const auto record = read_json_line(cursor.rest, scratch);
    if (!record)
        return false;
    if (record->monotonic_ns)
        line.monotonic_ns = record->monotonic_ns;
    if (record->realtime_ns)
        line.realtime_ns = record->realtime_ns;
    if (!record->host.empty())
        line.host = record->host;
    if (record->kernel)
        line.speaker = *record->kernel ? Speaker::kernel : Speaker::other;
    line.field_only = !record->message.has_value();
    cursor.rest = record->message.value_or(std::string_view{});
    return true;
}

// One prefix; false: there is none left.
bool take_prefix(TextCursor &cursor, LogLine &line, std::string &scratch)
{
    const char first = cursor.peek();
    switch (first) {
    case '[':
        if (!take_bracket(cursor, line))
            return false;
        take_origin_after_stamp(cursor, line);
        return true;
    case '<':
        return take_priority(cursor);
    case '{':
    case '"':
    case ' ':
    case '\t':
        return take_json(cursor, line, scratch);
    case '_':
    case 'M':
        if (take_record_field(cursor, line))
            return true;
        break;
    default:
        break;
    }
    if (is_digit(first)) {
        if (take_kmsg(cursor, line)) {
            cursor.rest = unescape_kmsg(cursor.rest, scratch);
            return true;
        }
        return take_dated(cursor, line);
    }
    if (first == 'k' && cursor.take("kernel: ")) // all that is left of a syslog's prefix
        return true;
    return is_letter(first) && (take_facility_and_level(cursor) || take_dated(cursor, line));
}

} // namespace

LogLine strip_prefixes(std::string_view whole, std::string &scratch)
{
    LogLine line;
    TextCursor cursor{whole};
    if (cursor.rest.ends_with('\r'))
        cursor.rest.remove_suffix(1);
    // The kernel's text may look like a prefix only where it is a row of the task table ("[  123]  0 ..."), which has no point.
    for (int i = 0; i < most_nested && !line.field_only && take_prefix(cursor, line, scratch); ++i) {
    }
    if (cursor.rest.ends_with('\r'))
        cursor.rest.remove_suffix(1);
    line.text = cursor.rest;
    return line;
}

} // namespace oomtrace::kernel_log
