// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/table.h"

#include <algorithm>
#include <utility>

#include "sinks/terminal/safe_text.h"

namespace oomtrace::terminal
{

void Table::add_row(std::vector<Cell> cells, Style style)
{
    cells.resize(columns_.size());
    for (Cell &cell : cells) {
        if (cell.style == Style::plain)
            cell.style = style;
    }
    rows_.push_back(std::move(cells));
}

Lines Table::lines(std::size_t indent, std::size_t width) const
{
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t widest = display_width(columns_[i].title);
        for (const std::vector<Cell> &row : rows_)
            widest = std::max(widest, display_width(row[i].text));
        widths.push_back(widest);
    }

    std::vector<std::size_t> shown(columns_.size());
    for (std::size_t i = 0; i < shown.size(); ++i)
        shown[i] = i;
    std::size_t gap = 2;
    const auto too_wide = [&] {
        std::size_t total = indent;
        for (const std::size_t i : shown)
            total += widths[i] + gap;
        return total - gap > width;
    };
    if (too_wide())
        gap = 1;
    while (too_wide()) {
        const auto last = std::find_if(shown.rbegin(), shown.rend(), [&](std::size_t i) { return columns_[i].droppable; });
        if (last == shown.rend())
            break;
        shown.erase(std::next(last).base());
    }

    Lines lines;
    const auto add_line = [&](const auto &cell_at) {
        Line line;
        std::string blank(indent, ' ');
        for (const std::size_t i : shown) {
            const Cell cell = cell_at(i);
            const std::string padding(widths[i] - display_width(cell.text), ' ');
            if (columns_[i].align == Align::right)
                blank += padding;
            if (!cell.text.empty()) {
                line.spans.push_back({std::exchange(blank, {}), Style::plain});
                line.spans.push_back({cell.text, cell.style});
            }
            if (columns_[i].align == Align::left)
                blank += padding;
            blank += std::string(gap, ' ');
        }
        lines.push_back(std::move(line)); // what is left in `blank` would trail
    };
    add_line([&](std::size_t i) { return Cell{columns_[i].title, Style::dim}; });
    for (const std::vector<Cell> &row : rows_)
        add_line([&](std::size_t i) { return row[i]; });
    return lines;
}

} // namespace oomtrace::terminal
