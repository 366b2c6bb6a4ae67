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

// The text of all lines is one piece: a report has sixty lines, and a log may be full of reports.
class Lines
{
  public:
    [[nodiscard]] bool empty() const { return text_.empty(); }
    void clear()
    {
        text_.clear();
        spans_.clear();
    }

    // To the line that has begun; `spaces` stand behind the text, in its style.
    void add(std::string_view text, Style style = Style::plain, std::size_t spaces = 0)
    {
        if (spans_.empty())
            make_room();
        text_ += text;
        if (spaces != 0)
            text_.append(spaces, ' ');
        set_style(style);
    }
    void add_spaces(std::size_t count) { add({}, Style::plain, count); }
    void end_line() { add("\n"); }
    void append(Lines more);

    // Each line with its end; ANSI colours only with `color`. Behind what is there.
    void print(bool color, std::string &out) const;

  private:
    struct Span {
        std::size_t end = 0; // in text_
        Style style = Style::plain;
    };

    void make_room();
    // Of what was added last; plain text that follows plain text is one span.
    void set_style(Style style)
    {
        if (style == Style::plain && !spans_.empty() && spans_.back().style == Style::plain)
            spans_.back().end = text_.size();
        else
            spans_.push_back({text_.size(), style});
    }

    std::string text_;
    std::vector<Span> spans_;
};

// Takes a part of a report, before the next part is made.
using TakeLines = std::function<void(const Lines &part)>;

Lines line_of(std::string_view text, Style style = Style::plain);

// Prose under a label: "  label     text", broken at spaces to fit `width`, with the following lines indented to the text. A
// word that is longer than the room stays whole: a path must be copied in one piece. A number stays with its unit.
void add_labelled(Lines &lines, std::string_view label, std::string_view text, std::size_t width, Style style = Style::plain);
Lines labelled(std::string_view label, std::string_view text, std::size_t width, Style style = Style::plain);

// The first lines of a section: its name, and what there is to say of the whole of it: "LIMIT         2 GiB, all of it used".
void add_section(Lines &lines, std::string_view name, std::string_view text, std::size_t width);
Lines section(std::string_view name, std::string_view text, std::size_t width);

// The same without a label, indented by `indent` from the second line on.
Lines paragraph(std::string_view text, std::size_t width, std::size_t indent, Style style = Style::plain);

std::string print(const Lines &lines, bool color);

} // namespace oomtrace::terminal
