// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>

#include "oomtrace/sink.h"

namespace oomtrace
{

enum class TerminalMode : std::uint8_t {
    brief,  // one line per incident
    normal, // what a person who was paged wants to know
    full,   // everything in the incident
};

struct TerminalOptions {
    TerminalMode mode = TerminalMode::normal;
    bool color = false; // the caller knows whether the stream is a terminal, and NO_COLOR
    std::size_t width = 100;
    std::size_t top = 5; // candidates in the normal report
};

// A report per incident, and a line per loss, on one stream, which must outlive the sink. Each is flushed.
class TerminalSink final : public Sink
{
  public:
    TerminalSink(std::ostream &out, TerminalOptions options) : out_(out), options_(options) {}

    Result<void> on_incident(const Incident &incident, const Verdict &verdict) override;
    Result<void> on_loss(const LossTotals &totals) override;
    Result<void> flush() override;

  private:
    std::ostream &out_;
    TerminalOptions options_;
    std::string text_; // of the incident that is being written, as far as it is not written yet
};

} // namespace oomtrace
