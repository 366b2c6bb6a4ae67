// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/line.h"

#include <algorithm>
#include <array>
#include <iterator>
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

// As wide as `width`, or as it is.
std::string padded(std::string_view text, std::size_t width)
{
    std::string result(text);
    result.append(width - std::min(display_width(text), width), ' ');
    return result;
}

bool is_unit(std::string_view word)
{
    constexpr std::size_t longest = 8; // with what may stand behind it
    if (word.size() > longest)
        return false;
    while (!word.empty() && (word.back() == ',' || word.back() == ';' || word.back() == ')' || word.back() == ':'))
        word.remove_suffix(1);
    return std::find(units.begin(), units.end(), word) != units.end();
}

// The end of the word that begins at `begin`; a number and its unit are one.
std::size_t end_of_word(std::string_view text, std::size_t begin)
{
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (end == text.size())
        return end;
    const std::size_t next_end = std::min(text.find(' ', end + 1), text.size());
    return is_unit(text.substr(end + 1, next_end - end - 1)) ? next_end : end;
}

// `first` stands before the text on the first line and is as wide as `indent`, or as wide as it is.
Lines wrapped(Span first, std::string_view text, std::size_t width, std::size_t indent, Style style)
{
    Lines lines;
    Span prefix = std::move(first);
    std::size_t used = display_width(prefix.text);
    const bool ascii = is_ascii(text);
    const auto add_line = [&](std::string_view words) {
        Line &line = lines.emplace_back();
        line.spans.reserve(2);
        if (!prefix.text.empty())
            line.spans.push_back(std::move(prefix));
        line.spans.push_back({std::string(words), style});
    };
    if (ascii && used + text.size() <= width && !text.starts_with(' ')) { // as most are
        add_line(text);
        return lines;
    }
    std::string current;
    current.reserve(std::min(width, text.size()));
    const auto finish_line = [&] {
        add_line(current);
        current.clear();
        prefix = Span{std::string(indent, ' ')};
        used = indent;
    };
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = end_of_word(text, begin);
        const std::string_view word = text.substr(begin, end - begin);
        begin = end + 1;
        const std::size_t word_width = ascii ? word.size() : display_width(word);
        if (!current.empty() && used + 1 + word_width > width)
            finish_line();
        if (!current.empty()) {
            current += ' ';
            ++used;
        }
        current += word;
        used += word_width;
    }
    finish_line();
    return lines;
}

} // namespace

Line line_of(std::string text, Style style)
{
    return Line{{{std::move(text), style}}};
}

void append(Lines &lines, Lines more)
{
    lines.insert(lines.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Lines labelled(std::string_view label, std::string_view text, std::size_t width, Style style)
{
    return wrapped(Span{"  " + padded(label, label_width - 3) + " "}, text, width, label_width, style);
}

Lines section(std::string_view name, std::string_view text, std::size_t width)
{
    return wrapped(Span{padded(name, label_width), Style::title}, text, width, label_width, Style::plain);
}

Lines paragraph(std::string_view text, std::size_t width, std::size_t indent, Style style)
{
    return wrapped(Span{}, text, width, indent, style);
}

void print(const Lines &lines, bool color, std::string &out)
{
    for (const Line &line : lines) {
        for (const Span &span : line.spans) {
            const std::string_view code = color ? ansi(span.style) : "";
            out += code;
            out += span.text;
            if (!code.empty())
                out += "\x1b[0m";
        }
        out += '\n';
    }
}

std::string print(const Lines &lines, bool color)
{
    std::string out;
    print(lines, color, out);
    return out;
}

} // namespace oomtrace::terminal
