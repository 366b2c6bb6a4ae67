// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/table.h"

#include <algorithm>
#include <utility>

#include "sinks/terminal/safe_text.h"

namespace oomtrace::terminal
{

namespace
{

constexpr std::size_t part_lines = 256; // of a long table, that are handed on together

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
        shown_.reserve(columns.size());
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

    void add_titles(Lines &lines) const
    {
        add_cells(lines, [this](std::size_t i) { return std::pair<std::string_view, Style>(columns_[i].title, Style::dim); });
    }

    void add_row(Lines &lines, const Row &row) const
    {
        add_cells(lines, [&row](std::size_t i) -> std::pair<std::string_view, Style> {
            if (i >= row.cells.size())
                return {};
            const Cell &cell = row.cells[i];
            return {cell.text, cell.style == Style::plain ? row.style : cell.style};
        });
    }

  private:
    template <typename CellAt>
    void add_cells(Lines &lines, const CellAt &cell_at) const
    {
        std::size_t blank = indent_;
        for (const std::size_t i : shown_) {
            const auto [text, style] = cell_at(i);
            const std::size_t padding = widths_[i] - display_width(text);
            if (columns_[i].align == Align::right)
                blank += padding;
            if (!text.empty()) {
                lines.add_spaces(std::exchange(blank, 0));
                lines.add(text, style);
            }
            if (columns_[i].align == Align::left)
                blank += padding;
            blank += gap_;
        }
        lines.end_line(); // what is left of `blank` would trail
    }

    const std::vector<Column> &columns_;
    std::vector<std::size_t> widths_;
    std::size_t indent_, gap_ = 2;
    std::vector<std::size_t> shown_;
};

} // namespace

void Table::add_to(Lines &lines, std::size_t indent, std::size_t width) const
{
    std::vector<std::size_t> widths = title_widths(columns_);
    for (const Row &row : rows_)
        widen(widths, row);
    const Layout layout(columns_, std::move(widths), indent, width);
    layout.add_titles(lines);
    for (const Row &row : rows_)
        layout.add_row(lines, row);
}

void write_long_table(const std::vector<Column> &columns, std::size_t rows, const std::function<Row(std::size_t)> &row_at,
                      std::size_t indent, std::size_t width, const TakeLines &take)
{
    std::vector<std::size_t> widths = title_widths(columns);
    for (std::size_t i = 0; i < rows; ++i)
        widen(widths, row_at(i));
    const Layout layout(columns, std::move(widths), indent, width);
    Lines part;
    layout.add_titles(part);
    std::size_t lines = 1;
    for (std::size_t i = 0; i < rows; ++i) {
        layout.add_row(part, row_at(i));
        if (++lines >= part_lines) {
            take(part);
            part.clear();
            lines = 0;
        }
    }
    take(part);
}

} // namespace oomtrace::terminal
