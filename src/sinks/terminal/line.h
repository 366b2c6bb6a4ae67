// SPDX-License-Identifier: Apache-2.0
//
// line.h: a report is prepared as lines of styled spans and only then printed, so that what is said and how it looks are two
// things. A span's text is safe to print: whatever came from the kernel went through safe_text() on its way in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace oomtrace::terminal
{

enum class Style : std::uint8_t { plain, title, alert, warning, good, dim };

struct Span {
    std::string text;
    Style style = Style::plain;
};

struct Line {
    std::vector<Span> spans;
};

using Lines = std::vector<Line>;

// Takes a part of a report, before the next part is made.
using TakeLines = std::function<void(const Lines &part)>;

Line line_of(std::string text, Style style = Style::plain);
void append(Lines &lines, Lines more);

// Prose under a label: "  label     text", broken at spaces to fit `width`, with the following lines indented to the text. A
// word that is longer than the room stays whole: a path must be copied in one piece. A number stays with its unit.
Lines labelled(std::string_view label, std::string_view text, std::size_t width, Style style = Style::plain);

// The first lines of a section: its name, and what there is to say of the whole of it: "LIMIT         2 GiB, all of it used".
Lines section(std::string_view name, std::string_view text, std::size_t width);

// The same without a label, indented by `indent` from the second line on.
Lines paragraph(std::string_view text, std::size_t width, std::size_t indent, Style style = Style::plain);

// Each line with its end; ANSI colours only with `color`.
std::string print(const Lines &lines, bool color);
void print(const Lines &lines, bool color, std::string &out); // behind what is there

} // namespace oomtrace::terminal
