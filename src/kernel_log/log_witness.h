// SPDX-License-Identifier: Apache-2.0
//
// log_witness.h: the kernel's own report of an OOM as a second witness of it. Keeps the last lines of the kernel's log; when an
// incident is built, finds the report of the same OOM among them, holds the two against each other, and takes from the report
// what no hook could give.
//
// The report is found by whom it names: never by its time, because the clock of printk() drifts from CLOCK_MONOTONIC. oom_lock
// keeps the reports of one kernel from interleaving, so that the lines of one stand between the first lines of two others; a
// text in which they do interleave is looked at again with more around.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oomtrace/incident.h"
#include "oomtrace/kernel_event.h"

namespace oomtrace::kernel_log
{

class LogWitness
{
  public:
    // The oldest lines are dropped beyond this.
    static constexpr std::size_t most_bytes = 1U << 20;

    void on_line(const KernelLogLine &line);
    // Fills incident.kernel_log_check, and what is absent otherwise: gfp_mask and order, the constraint, the cgroup that fired.
    void attend(Incident &incident);

    // The report that ended with the line that came last and killed nobody: for a method whose hooks do not tell of such an
    // OOM. Absent where the line is none that ends one.
    [[nodiscard]] std::optional<Incident> take_report_without_kill(std::uint64_t page_size);

    [[nodiscard]] std::size_t kept_bytes() const { return text_.size(); }

  private:
    void add(std::string_view text, bool ends);
    [[nodiscard]] std::optional<Incident> find_report(const Incident &incident);
    [[nodiscard]] std::optional<Incident> report_around(std::size_t hit, const Incident &incident) const;

    std::string text_; // whole lines, but for the last
    std::uint64_t dropped_bytes_ = 0;
    // Where the lines stand that reports were found by, counted with what was dropped; ascending.
    std::vector<std::uint64_t> used_;
    bool listening_ = false;
    bool overwritten_ = false; // since the last report that was found
    std::string unreadable_;
};

} // namespace oomtrace::kernel_log
