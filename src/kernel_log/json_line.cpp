// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/json_line.h"

#include "kernel_log/text_cursor.h"
#include "kernel_log/wall_clock.h"

namespace oomtrace::kernel_log
{

namespace
{

void append_utf8(std::string &out, std::uint32_t code)
{
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0 | code >> 6);
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        out += static_cast<char>(0xe0 | code >> 12);
        out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | code >> 18);
        out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
        out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    }
}

std::optional<std::uint32_t> take_unicode(TextCursor &cursor)
{
    if (cursor.rest.size() < 4)
        return std::nullopt;
    TextCursor digits{cursor.rest.substr(0, 4)};
    const auto code = digits.take_any_number<std::uint32_t>(16);
    if (!code || !digits.at_end())
        return std::nullopt;
    cursor.rest.remove_prefix(4);
    return code;
}

// After the opening quote; the raw text up to the closing one, or up to the end of a line that was cut.
std::string_view take_quoted(TextCursor &cursor, bool &escaped)
{
    escaped = false;
    std::size_t i = 0;
    while (i < cursor.rest.size() && cursor.rest[i] != '"') {
        if (cursor.rest[i] == '\\') {
            escaped = true;
            ++i;
        }
        ++i;
    }
    const std::size_t end = i < cursor.rest.size() ? i : cursor.rest.size();
    const std::string_view raw = cursor.rest.substr(0, end);
    cursor.rest.remove_prefix(i < cursor.rest.size() ? i + 1 : cursor.rest.size());
    return raw;
}

std::string unescaped(std::string_view raw)
{
    std::string out;
    out.reserve(raw.size());
    TextCursor cursor{raw};
    while (!cursor.at_end()) {
        const char c = cursor.peek();
        cursor.rest.remove_prefix(1);
        if (c != '\\' || cursor.at_end()) {
            out += c;
            continue;
        }
        const char escape = cursor.peek();
        cursor.rest.remove_prefix(1);
        switch (escape) {
        case 'n':
            out += '\n';
            break;
        case 't':
            out += '\t';
            break;
        case 'r':
            out += '\r';
            break;
        case 'b':
            out += '\b';
            break;
        case 'f':
            out += '\f';
            break;
        case 'u': {
            auto code = take_unicode(cursor);
            if (code && *code >= 0xd800 && *code < 0xdc00 && begins(cursor.rest, "\\u")) {
                TextCursor ahead{cursor.rest.substr(2)};
                if (const auto low = take_unicode(ahead); low && *low >= 0xdc00 && *low < 0xe000) {
                    code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
                    cursor = ahead;
                }
            }
            if (code)
                append_utf8(out, *code);
            break;
        }
        default:
            out += escape;
        }
    }
    return out;
}

// A message that is not UTF-8 is an array of its bytes: [72,105].
std::string bytes_of_array(TextCursor &cursor)
{
    std::string out;
    while (!cursor.at_end() && cursor.peek() != ']') {
        if (const auto byte = cursor.take_number<std::uint32_t>()) {
            if (*byte < 256)
                out += static_cast<char>(*byte);
        } else {
            cursor.rest.remove_prefix(1);
        }
    }
    cursor.take("]");
    return out;
}

// Past an object, array or plain value.
void skip_value(TextCursor &cursor)
{
    int depth = 0;
    while (!cursor.at_end()) {
        const char c = cursor.peek();
        if (c == '"') {
            cursor.rest.remove_prefix(1);
            bool escaped = false;
            take_quoted(cursor, escaped);
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return;
        depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
        cursor.rest.remove_prefix(1);
    }
}

std::optional<std::uint64_t> microseconds_of(std::string_view text)
{
    TextCursor cursor{text};
    const auto us = cursor.take_number<std::uint64_t>();
    return us && *us < static_cast<std::uint64_t>(INT64_MAX) / 1000 ? us : std::nullopt;
}

struct Reader {
    JsonRecord record;
    std::string &scratch;
    bool known = false; // a member that only a log has

    void text_member(std::string_view key, std::string_view raw, bool escaped)
    {
        if (key == "MESSAGE" || key == "log" || key == "msg") {
            std::string_view text = raw;
            if (escaped) {
                scratch = unescaped(raw);
                text = scratch;
            }
            while (text.ends_with('\n'))
                text.remove_suffix(1);
            record.message = text;
            known = true;
            if (key == "msg")
                record.kernel = true;
        } else if (key == "_HOSTNAME") {
            record.host = raw;
        } else if (key == "_TRANSPORT") {
            record.kernel = raw == "kernel";
        } else if (key == "__REALTIME_TIMESTAMP") {
            if (const auto us = microseconds_of(raw))
                record.realtime_ns = static_cast<std::int64_t>(*us * 1000);
        } else if (key == "_SOURCE_MONOTONIC_TIMESTAMP") {
            if (const auto us = microseconds_of(raw))
                record.monotonic_ns = *us * 1000;
        } else if (key == "time") {
            if (const auto date = take_wall_clock(raw))
                record.realtime_ns = date->realtime_ns;
        }
    }

    void member(std::string_view key, TextCursor &cursor)
    {
        if (cursor.take("\"")) {
            bool escaped = false;
            const std::string_view raw = take_quoted(cursor, escaped);
            text_member(key, raw, escaped);
        } else if (key == "MESSAGE" && cursor.take("[")) {
            scratch = bytes_of_array(cursor);
            record.message = scratch;
            known = true;
        } else if (key == "time" && is_digit(cursor.peek())) { // dmesg --json: seconds since boot
            const auto seconds = cursor.take_number<std::uint32_t>();
            if (seconds && cursor.take(".")) {
                const std::string_view digits = cursor.rest;
                const auto microseconds = cursor.take_number<std::uint32_t>();
                if (microseconds && digits.size() - cursor.rest.size() == 6) {
                    record.monotonic_ns = *seconds * 1'000'000'000ULL + *microseconds * 1000ULL;
                    known = true;
                }
            }
            skip_value(cursor);
        } else {
            known = known || key == "pri";
            skip_value(cursor);
        }
    }
};

} // namespace

std::optional<JsonRecord> read_json_line(std::string_view line, std::string &scratch)
{
    TextCursor cursor{line};
    cursor.skip_spaces();
    if (!cursor.take("{"))
        cursor.skip_spaces();
    cursor.skip_spaces();
    if (cursor.peek() != '"')
        return std::nullopt;
    Reader reader{{}, scratch};
    while (cursor.take("\"")) {
        bool escaped = false;
        const std::string_view key = take_quoted(cursor, escaped);
        cursor.skip_spaces();
        if (!cursor.take(":"))
            break;
        cursor.skip_spaces();
        reader.member(key, cursor);
        cursor.skip_spaces();
        if (!cursor.take(","))
            break;
        cursor.skip_spaces();
    }
    if (!reader.known)
        return std::nullopt;
    return reader.record;
}

} // namespace oomtrace::kernel_log
