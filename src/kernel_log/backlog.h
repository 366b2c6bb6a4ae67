// SPDX-License-Identifier: Apache-2.0
//
// backlog.h: what the kernel remembered of OOMs from before the tracer ran, as incidents.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "kernel_log/log_reader.h"
#include "oomtrace/incident.h"
#include "oomtrace/kernel_event.h"

namespace oomtrace::kernel_log
{

class Backlog
{
  public:
    // Lines that are not of before the start are not taken.
    void on_line(const KernelLogLine &line, const std::optional<HostFacts> &host);
    // The log is read when the hooks are in place already: an OOM of that moment is in both, and told by its own records. Only
    // to be called while open(): they are kept until the end.
    void on_kill(const Kill &kill);
    // What it held, in order: dumps of earlier boots first. It is empty then.
    std::vector<Incident> end();

    // It holds lines, and waits for their end.
    [[nodiscard]] bool open() const { return reader_ != nullptr; }

  private:
    void take(Incident incident);

    std::unique_ptr<LogReader> reader_;
    HostFacts host_;
    bool earlier_boot_ = false;
    std::vector<Incident> incidents_;
    std::unordered_set<std::uint32_t> killed_; // pids, since the hooks are in place
};

} // namespace oomtrace::kernel_log
