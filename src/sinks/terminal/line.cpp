// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/line.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sinks/terminal/safe_text.h"
#include "sinks/utf8.h"

namespace oomtrace::terminal
{

namespace
{

constexpr std::size_t label_width = 14; // two of indent, the longest label, a space
constexpr std::array<std::string_view, 11> units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ns", "µs", "ms", "s"};

std::string_view ansi(Style style)
{
    switch (style) {
    case Style::plain:
        return "";
    case Style::title:
        return "\x1b[1m";
    case Style::alert:
        return "\x1b[1;31m";
    case Style::warning:
        return "\x1b[33m";
    case Style::good:
        return "\x1b[32m";
    case Style::dim:
        return "\x1b[2m";
    }
    return "";
}

bool is_unit(std::string_view word)
{
    constexpr std::size_t longest = 8; // with what may stand behind it
    constexpr std::string_view first_bytes = "BKMGTPEnm\xc2s";
    if (word.empty() || word.size() > longest || first_bytes.find(word.front()) == std::string_view::npos)
        return false;
    while (!word.empty() && (word.back() == ',' || word.back() == ';' || word.back() == ')' || word.back() == ':'))
        word.remove_suffix(1);
    return std::find(units.begin(), units.end(), word) != units.end();
}

// Whether the word that begins there is one.
bool is_unit_at(std::string_view text, std::size_t begin)
{
    constexpr std::size_t looked_at = 9;
    const std::string_view rest = text.substr(begin, looked_at);
    return is_unit(rest.substr(0, rest.find(' ')));
}

// The end of the word that begins at `begin`; a number and its unit are one.
std::size_t end_of_word(std::string_view text, std::size_t begin)
{
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (end == text.size() || !is_unit_at(text, end + 1))
        return end;
    return std::min(text.find(' ', end + 1), text.size());
}

// What stands before the text on the first line has been added, and is `used` wide.
void add_wrapped(Lines &lines, std::size_t used, std::string_view text, std::size_t width, std::size_t indent, Style style)
{
    const bool ascii = is_ascii(text);
    if (ascii && used + text.size() <= width && !text.starts_with(' ')) { // as most are
        lines.add(text, style);
        lines.end_line();
        return;
    }
    // The line is text from `begin` to `end`, for words stand one space apart in it as they do in the text.
    std::size_t begin = 0, end = 0;
    const auto finish_line = [&] {
        lines.add(text.substr(begin, end - begin), style);
        lines.end_line();
    };
    for (std::size_t word_begin = 0; word_begin <= text.size();) {
        const std::size_t word_end = end_of_word(text, word_begin);
        const std::size_t word_width =
            ascii ? word_end - word_begin : display_width(text.substr(word_begin, word_end - word_begin));
        if (begin != end && used + 1 + word_width > width) {
            finish_line();
            lines.add_spaces(indent);
            used = indent;
            begin = end = word_begin;
        }
        if (begin == end)
            begin = word_begin; // spaces do not begin a line
        else
            ++used;
        end = word_end;
        used += word_width;
        word_begin = word_end + 1;
    }
    finish_line();
}

// The text, and spaces up to `width`; how wide that is.
std::size_t add_padded(Lines &lines, std::string_view text, std::size_t width, Style style)
{
    const std::size_t own = display_width(text);
    lines.add(text, style, width - std::min(own, width));
    return std::max(own, width);
}

} // namespace

// For a section as most are.
void Lines::make_room()
{
    constexpr std::size_t usual_bytes = 1000, usual_spans = 30;
    text_.reserve(usual_bytes);
    spans_.reserve(usual_spans);
}

void Lines::append(Lines more)
{
    if (text_.empty()) {
        *this = std::move(more);
        return;
    }
    const std::size_t before = text_.size();
    text_ += more.text_;
    for (const Span &span : more.spans_)
        spans_.push_back({before + span.end, span.style});
}

void Lines::print(bool color, std::string &out) const
{
    if (!color) {
        out += text_;
        return;
    }
    std::size_t begin = 0;
    for (const Span &span : spans_) {
        const std::string_view code = ansi(span.style);
        out += code;
        out += std::string_view(text_).substr(begin, span.end - begin);
        if (!code.empty())
            out += "\x1b[0m";
        begin = span.end;
    }
}

Lines line_of(std::string_view text, Style style)
{
    Lines lines;
    lines.add(text, style);
    lines.end_line();
    return lines;
}

void add_labelled(Lines &lines, std::string_view label, std::string_view text, std::size_t width, Style style)
{
    constexpr std::size_t before = 2;
    lines.add_spaces(before);
    const std::size_t label_end = before + add_padded(lines, label, label_width - before - 1, Style::plain);
    lines.add_spaces(1);
    add_wrapped(lines, label_end + 1, text, width, label_width, style);
}

Lines labelled(std::string_view label, std::string_view text, std::size_t width, Style style)
{
    Lines lines;
    add_labelled(lines, label, text, width, style);
    return lines;
}

void add_section(Lines &lines, std::string_view name, std::string_view text, std::size_t width)
{
    const std::size_t used = add_padded(lines, name, label_width, Style::title);
    add_wrapped(lines, used, text, width, label_width, Style::plain);
}

Lines section(std::string_view name, std::string_view text, std::size_t width)
{
    Lines lines;
    add_section(lines, name, text, width);
    return lines;
}

Lines paragraph(std::string_view text, std::size_t width, std::size_t indent, Style style)
{
    Lines lines;
    add_wrapped(lines, 0, text, width, indent, style);
    return lines;
}

std::string print(const Lines &lines, bool color)
{
    std::string out;
    lines.print(color, out);
    return out;
}

} // namespace oomtrace::terminal
