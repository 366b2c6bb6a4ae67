// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>

#include "oomtrace/sink.h"

namespace oomtrace
{

// One JSON object per line, described by incident.schema.json. `out` carries incidents and nothing else, so that every line
// of it has the same schema: losses go to `notes` as a line of text (they also make the incidents that they fell into
// incomplete). Each line is flushed: an incident that sits in a buffer helps no one. Both streams must outlive the sink.
class JsonSink final : public Sink
{
  public:
    JsonSink(std::ostream &out, std::ostream &notes) : out_(out), notes_(notes) {}

    Result<void> on_incident(const Incident &incident, const Verdict &verdict) override;
    Result<void> on_loss(const LossTotals &totals) override;
    Result<void> flush() override;

  private:
    std::ostream &out_;
    std::ostream &notes_;
    std::string room_; // for the piece that is being written
};

} // namespace oomtrace
