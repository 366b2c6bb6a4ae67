// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/table.h"

#include <algorithm>
#include <utility>

#include "sinks/terminal/safe_text.h"

namespace oomtrace::terminal
{

namespace
{

constexpr std::size_t usual_width = 120;
constexpr std::size_t part_rows = 256; // of a long table, that are handed on together

std::vector<std::size_t> title_widths(const std::vector<Column> &columns)
{
    std::vector<std::size_t> widths;
    widths.reserve(columns.size());
    for (const Column &column : columns)
        widths.push_back(display_width(column.title));
    return widths;
}

void widen(std::vector<std::size_t> &widths, const Row &row)
{
    for (std::size_t i = 0; i < std::min(widths.size(), row.cells.size()); ++i)
        widths[i] = std::max(widths[i], display_width(row.cells[i].text));
}

// Which columns are shown, and where.
class Layout
{
  public:
    Layout(const std::vector<Column> &columns, std::vector<std::size_t> widths, std::size_t indent, std::size_t width)
        : columns_(columns), widths_(std::move(widths)), indent_(indent)
    {
        for (std::size_t i = 0; i < columns.size(); ++i)
            shown_.push_back(i);
        const auto too_wide = [&] {
            std::size_t total = indent_;
            for (const std::size_t i : shown_)
                total += widths_[i] + gap_;
            return total - gap_ > width;
        };
        if (too_wide())
            gap_ = 1;
        while (too_wide()) {
            const auto last =
                std::find_if(shown_.rbegin(), shown_.rend(), [&](std::size_t i) { return columns_[i].droppable; });
            if (last == shown_.rend())
                break;
            shown_.erase(std::next(last).base());
        }
    }

    [[nodiscard]] Line title_line() const
    {
        Row titles;
        for (const Column &column : columns_)
            titles.cells.push_back({column.title, Style::dim});
        return line_of_row(titles);
    }

    [[nodiscard]] Line line_of_row(const Row &row) const
    {
        static const Cell empty;
        Line line;
        std::size_t blank = indent_;
        for (const std::size_t i : shown_) {
            const Cell &cell = i < row.cells.size() ? row.cells[i] : empty;
            const std::size_t padding = widths_[i] - display_width(cell.text);
            if (columns_[i].align == Align::right)
                blank += padding;
            if (!cell.text.empty()) {
                span_of(line, Style::plain).text.append(std::exchange(blank, 0), ' ');
                Span &span = span_of(line, cell.style == Style::plain ? row.style : cell.style);
                if (span.style == Style::plain) // what other cells follow in
                    span.text.reserve(usual_width);
                span.text += cell.text;
            }
            if (columns_[i].align == Align::left)
                blank += padding;
            blank += gap_;
        }
        return line; // what is left of `blank` would trail
    }

  private:
    // The last one, where that has the style: most of a row is plain.
    static Span &span_of(Line &line, Style style)
    {
        if (line.spans.empty() || line.spans.back().style != style)
            line.spans.push_back({{}, style});
        return line.spans.back();
    }

    const std::vector<Column> &columns_;
    std::vector<std::size_t> widths_;
    std::size_t indent_, gap_ = 2;
    std::vector<std::size_t> shown_;
};

} // namespace

Lines Table::lines(std::size_t indent, std::size_t width) const
{
    std::vector<std::size_t> widths = title_widths(columns_);
    for (const Row &row : rows_)
        widen(widths, row);
    const Layout layout(columns_, std::move(widths), indent, width);
    Lines lines;
    lines.reserve(1 + rows_.size());
    lines.push_back(layout.title_line());
    for (const Row &row : rows_)
        lines.push_back(layout.line_of_row(row));
    return lines;
}

void write_long_table(const std::vector<Column> &columns, std::size_t rows, const std::function<Row(std::size_t)> &row_at,
                      std::size_t indent, std::size_t width, const TakeLines &take)
{
    std::vector<std::size_t> widths = title_widths(columns);
    for (std::size_t i = 0; i < rows; ++i)
        widen(widths, row_at(i));
    const Layout layout(columns, std::move(widths), indent, width);
    Lines part = {layout.title_line()};
    for (std::size_t i = 0; i < rows; ++i) {
        part.push_back(layout.line_of_row(row_at(i)));
        if (part.size() >= part_rows) {
            take(part);
            part.clear();
        }
    }
    take(part);
}

} // namespace oomtrace::terminal
