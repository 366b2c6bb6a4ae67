// SPDX-License-Identifier: Apache-2.0
//
// The task table: its header names the columns, and a row is read by them.
#include <array>
#include <utility>

#include "kernel_log/line_parser.h"
#include "kernel_log/text_cursor.h"

namespace oomtrace::kernel_log
{

namespace
{

constexpr std::size_t most_columns = 32;

constexpr std::array<std::pair<std::string_view, Column>, 14> columns = {{
    {"uid", Column::uid},
    {"tgid", Column::tgid},
    {"total_vm", Column::total_vm},
    {"rss", Column::rss},
    {"rss_anon", Column::rss_anon},
    {"rss_file", Column::rss_file},
    {"rss_shmem", Column::rss_shmem},
    {"pgtables_bytes", Column::pgtables_bytes},
    {"nr_ptes", Column::nr_ptes},
    {"nr_pmds", Column::nr_pmds},
    {"nr_puds", Column::nr_puds},
    {"swapents", Column::swapents},
    {"oom_score_adj", Column::oom_score_adj},
    {"oom_adj", Column::oom_adj},
}};

// [ pid ]   uid  tgid total_vm      rss cpu oom_adj name
// [  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name
bool parse_header(std::string_view text, ParsedReport &report)
{
    TextCursor cursor{text};
    if (!cursor.take_until("]"))
        return false;
    TableShape shape;
    while (true) {
        cursor.skip_spaces();
        const std::string_view word = without_trailing_spaces(cursor.take_word());
        if (word == "name")
            break;
        if (word.empty() || shape.columns.size() >= most_columns)
            return false;
        Column column = Column::other;
        for (const auto &[name, known] : columns) {
            if (word == name)
                column = known;
        }
        shape.add(column);
    }
    if (shape.columns.empty())
        return false;
    if (report.table) {
        report.foreign_lines = true;
        return false;
    }
    report.table = std::move(shape);
    return true;
}

bool parse_row(std::string_view text, ParsedReport &report)
{
    if (!report.table) {
        ++report.rows_unplaced;
        return false;
    }
    if (report.rows.size() >= most_rows) {
        ++report.rows_dropped;
        return true;
    }
    TextCursor cursor{text};
    TaskRow row;
    cursor.take("[");
    cursor.skip_spaces();
    const auto pid = cursor.take_number<std::uint32_t>();
    cursor.skip_spaces();
    if (!pid || !cursor.take("]")) {
        ++report.rows_damaged;
        return false;
    }
    row.pid = *pid;
    for (const Column column : report.table->columns) {
        cursor.skip_spaces();
        const auto value = cursor.take_number<std::int64_t>();
        if (!value || (!cursor.at_end() && cursor.peek() != ' ')) {
            ++report.rows_damaged;
            return false;
        }
        const auto size = static_cast<std::uint64_t>(*value);
        switch (column) {
        case Column::uid:
            row.uid = static_cast<std::uint32_t>(*value);
            break;
        case Column::tgid:
            row.tgid = static_cast<std::uint32_t>(*value);
            break;
        case Column::total_vm:
            row.total_vm_pages = size;
            break;
        case Column::rss:
            row.rss_pages = size;
            break;
        case Column::rss_anon:
            row.rss_anon_pages = size;
            break;
        case Column::rss_file:
            row.rss_file_pages = size;
            break;
        case Column::rss_shmem:
            row.rss_shmem_pages = size;
            break;
        case Column::pgtables_bytes:
        case Column::nr_ptes:
        case Column::nr_pmds:
        case Column::nr_puds:
            row.page_tables += size;
            break;
        case Column::swapents:
            row.swap_entries = size;
            break;
        case Column::oom_score_adj:
            row.oom_score_adj = static_cast<std::int32_t>(*value);
            break;
        case Column::oom_adj:
            row.oom_adj = static_cast<std::int32_t>(*value);
            break;
        case Column::other:
            break;
        }
        const bool is_size = column != Column::oom_score_adj && column != Column::oom_adj && column != Column::other;
        // No kernel has more pages than fit its addresses: a larger number is damage, and would overflow as bytes.
        if ((is_size && (*value < 0 || size > UINT64_MAX >> 16)) || row.oom_score_adj < -1000 || row.oom_score_adj > 1000) {
            ++report.rows_damaged;
            return false;
        }
    }
    cursor.take(" ");
    row.comm = cursor.rest;
    report.rows.push_back(std::move(row));
    return true;
}

} // namespace

bool parse_table_line(LineKind kind, std::string_view text, ParsedReport &report)
{
    return kind == LineKind::table_header ? parse_header(text, report) : parse_row(text, report);
}

} // namespace oomtrace::kernel_log
