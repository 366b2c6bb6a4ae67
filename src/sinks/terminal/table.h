// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
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

// Columns as wide as their widest cell, never wrapped: a row is one line, whatever the width. A table that is too wide first
// closes its gaps from two columns to one, then leaves out its droppable columns, the last first, and then is too wide.
class Table
{
  public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    // A row has a cell for each column. The style is that of its cells that have none.
    void add_row(std::vector<Cell> cells, Style style = Style::plain);
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    [[nodiscard]] Lines lines(std::size_t indent, std::size_t width) const;

  private:
    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

} // namespace oomtrace::terminal
