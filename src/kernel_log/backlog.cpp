// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/backlog.h"

#include <algorithm>
#include <utility>

#include "kernel_log/report_incident.h"

namespace oomtrace::kernel_log
{

void Backlog::on_line(const KernelLogLine &line, const std::optional<HostFacts> &host)
{
    if (!line.before_start || line.event != LogEvent::text)
        return;
    if (!reader_) {
        host_ = host.value_or(HostFacts{});
        earlier_boot_ = line.earlier_boot;
        reader_ = std::make_unique<LogReader>([this](const Incident &incident) { take(incident); }, host_.tracer_version);
    }
    if (earlier_boot_ != line.earlier_boot) {
        reader_->finish(); // what is open was cut off by the end of that boot
        earlier_boot_ = line.earlier_boot;
    }
    reader_->set_page_size(earlier_boot_ ? 0 : host_.page_size);
    reader_->feed(line.text);
    if (!line.more)
        reader_->feed("\n");
}

void Backlog::on_kill(const Kill &kill)
{
    killed_.insert(kill.task.pid);
    killed_.insert(kill.task.tgid);
}

void Backlog::take(Incident incident)
{
    incident.before_start = true;
    add_host_facts(incident, host_, !earlier_boot_);
    incidents_.push_back(std::move(incident));
}

std::vector<Incident> Backlog::end()
{
    if (reader_)
        reader_->finish();
    reader_.reset();
    std::vector<Incident> incidents = std::exchange(incidents_, {});
    std::erase_if(incidents, [this](const Incident &incident) {
        const bool this_boot = !incident.host.boot_id.empty();
        return this_boot && std::any_of(incident.kills.begin(), incident.kills.end(),
                                        [this](const KilledProcess &kill) { return killed_.contains(kill.process.pid); });
    });
    killed_.clear();
    return incidents;
}

} // namespace oomtrace::kernel_log
