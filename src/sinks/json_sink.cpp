// SPDX-License-Identifier: Apache-2.0
#include "sinks/json_sink.h"

#include "sinks/incident_json.h"
#include "sinks/loss_text.h"
#include "sinks/text_escape.h"
#include "sinks/write_text.h"

namespace oomtrace
{

Result<void> JsonSink::on_incident(const Incident &incident, const Verdict &verdict)
{
    const std::string attempted = "write incident " + escape_text(incident.id) + " as JSON";
    Result<void> result;
    write_incident_line(incident, verdict, room_, [&](std::string_view piece) {
        result = write_text(out_, piece, attempted);
        return result.has_value();
    });
    return result;
}

Result<void> JsonSink::on_loss(const LossTotals &totals)
{
    return write_text(notes_, loss_text(totals) + "\n", "write a note of lost records");
}

Result<void> JsonSink::flush()
{
    return write_text(out_, {}, "flush the JSON output");
}

} // namespace oomtrace
