// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sinks/terminal/line.h"

namespace oomtrace::terminal
{

enum class Align : std::uint8_t { left, right };

struct Column {
    std::string title;
    Align align = Align::right;
    bool droppable = false; // may be left out where the terminal is too narrow
};

struct Cell {
    std::string text;
    Style style = Style::plain;
};

// A cell for each column. The style is that of the cells that have none.
struct Row {
    std::vector<Cell> cells;
    Style style = Style::plain;
};

// Columns as wide as their widest cell, never wrapped: a row is one line, whatever the width. A table that is too wide first
// closes its gaps from two columns to one, then leaves out its droppable columns, the last first, and then is too wide.
class Table
{
  public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) { rows_.reserve(usual_rows); }

    void add_row(std::vector<Cell> cells, Style style = Style::plain) { rows_.push_back({std::move(cells), style}); }
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    [[nodiscard]] Lines lines(std::size_t indent, std::size_t width) const
    {
        Lines lines;
        add_to(lines, indent, width);
        return lines;
    }
    void add_to(Lines &lines, std::size_t indent, std::size_t width) const;

  private:
    static constexpr std::size_t usual_rows = 8;

    std::vector<Column> columns_;
    std::vector<Row> rows_;
};

// A table of which no row is kept, for one that is as long as a host has tasks: `row_at` makes each row twice, first to find
// out how wide the columns are.
void write_long_table(const std::vector<Column> &columns, std::size_t rows, const std::function<Row(std::size_t)> &row_at,
                      std::size_t indent, std::size_t width, const TakeLines &take);

} // namespace oomtrace::terminal
