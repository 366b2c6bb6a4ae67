// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal_sink.h"

#include "sinks/loss_text.h"
#include "sinks/terminal/line.h"
#include "sinks/terminal/report.h"
#include "sinks/text_escape.h"
#include "sinks/write_text.h"

namespace oomtrace
{

Result<void> TerminalSink::on_incident(const Incident &incident, const Verdict &verdict)
{
    constexpr std::size_t piece = 32UL << 10;
    Result<void> result;
    std::string &text = text_;
    text.clear();
    const auto write = [&] {
        if (result)
            result = write_text(out_, text, "print the report of incident " + escape_text(incident.id));
        text.clear();
    };
    terminal::write_report(incident, verdict, options_, [&](const terminal::Lines &part) {
        part.print(options_.color, text);
        if (text.size() >= piece)
            write();
    });
    write();
    return result;
}

Result<void> TerminalSink::on_loss(const LossTotals &totals)
{
    return write_text(out_, terminal::print(terminal::line_of(loss_text(totals), terminal::Style::warning), options_.color),
                      "print a note of lost records");
}

Result<void> TerminalSink::flush()
{
    return write_text(out_, {}, "flush the report output");
}

} // namespace oomtrace
