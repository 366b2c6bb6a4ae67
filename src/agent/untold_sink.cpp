// SPDX-License-Identifier: Apache-2.0
#include "agent/untold_sink.h"

#include <spdlog/spdlog.h>

namespace oomtrace
{

Result<void> UntoldSink::on_incident(const Incident &incident, const Verdict &verdict)
{
    if (incident.before_start && kept_as_) {
        const auto kept = kept_as_(incident);
        if (kept && *kept) {
            spdlog::debug("the kernel's log still has {}, which was told as {}", incident.id, **kept);
            return forgetful_ == nullptr ? Result<void>{} : forgetful_->on_incident(incident, verdict);
        }
        // A store that cannot be read says so itself; rather twice than not at all.
    }
    return next_.on_incident(incident, verdict);
}

} // namespace oomtrace
