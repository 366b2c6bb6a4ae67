// SPDX-License-Identifier: Apache-2.0
#include "agent/fan_out_sink.h"

#include <utility>

#include <spdlog/spdlog.h>

namespace oomtrace
{

void FanOutSink::add(std::string name, Sink &sink)
{
    const std::lock_guard lock(mutex_);
    branches_.push_back({std::move(name), &sink, 0, false});
}

Result<void> FanOutSink::on_incident(const Incident &incident, const Verdict &verdict)
{
    for (Branch &branch : branches_)
        note(branch, branch.sink->on_incident(incident, verdict));
    return {};
}

Result<void> FanOutSink::on_loss(const LossTotals &totals)
{
    for (Branch &branch : branches_)
        note(branch, branch.sink->on_loss(totals));
    return {};
}

Result<void> FanOutSink::flush()
{
    for (Branch &branch : branches_)
        note(branch, branch.sink->flush());
    return {};
}

std::vector<FanOutSink::Failures> FanOutSink::failures() const
{
    const std::lock_guard lock(mutex_);
    std::vector<Failures> counts;
    counts.reserve(branches_.size());
    for (const Branch &branch : branches_)
        counts.push_back({branch.name, branch.failures});
    return counts;
}

void FanOutSink::note(Branch &branch, const Result<void> &result)
{
    if (result) {
        if (std::exchange(branch.failing, false))
            spdlog::info("{}: works again, after {} failures", branch.name, branch.failures);
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        ++branch.failures;
    }
    if (std::exchange(branch.failing, true))
        return;
    const Error &error = result.error();
    spdlog::warn("{}: {}: {}{}{}", branch.name, error.attempted, error.reason, error.hint.empty() ? "" : "; ", error.hint);
}

} // namespace oomtrace
