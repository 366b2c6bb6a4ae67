// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a kernel log: nothing may crash, hang or be undefined, and the incidents must not depend on the pieces in which
// the log arrives.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "kernel_log/log_reader.h"

namespace
{

using oomtrace::Incident;
using oomtrace::kernel_log::LogReader;

void require(bool holds, const char *what)
{
    if (holds)
        return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

// What is said of an incident in include/oomtrace/incident.h.
void check(const Incident &incident)
{
    std::size_t chosen = 0;
    for (const oomtrace::CandidateTask &candidate : incident.candidates) {
        require(candidate.eligible == (candidate.skip_reason == oomtrace::SkipReason::none),
                "skip_reason is none when eligible");
        require(!candidate.points || candidate.points_source == oomtrace::PointsSource::recomputed,
                "points of a log are recomputed");
        chosen += candidate.chosen ? 1 : 0;
    }
    require(chosen <= 1, "one candidate is chosen at most");
    require(incident.id.starts_with("log-"), "the id is made from the text");
    require(incident.host.page_size != 0, "there is a page size");
    for (std::size_t i = 1; i < incident.timeline.size(); ++i)
        require(incident.timeline[i - 1].monotonic_ns <= incident.timeline[i].monotonic_ns, "the timeline ascends");
    for (std::size_t i = 1; i < incident.nodes.size(); ++i)
        require(incident.nodes[i - 1].node < incident.nodes[i].node, "nodes ascend");
}

std::vector<std::string> ids_of(std::string_view log, std::size_t piece)
{
    std::vector<std::string> ids;
    LogReader reader(
        [&](const Incident &incident) {
            check(incident);
            ids.push_back(incident.id);
        },
        "fuzz");
    for (std::size_t at = 0; at < log.size(); at += piece)
        reader.feed(log.substr(at, piece));
    reader.finish();
    require(ids.size() == reader.totals().reports, "every report is delivered");
    return ids;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    // The bytes of a log are what they are: std::string_view is how the reader takes them.
    const std::string_view log(reinterpret_cast<const char *>(data), size);
    if (log.empty())
        return 0;
    const auto whole = ids_of(log, log.size());
    const auto last = static_cast<unsigned char>(log.back());
    if (last % 8 == 0) // one in eight: it takes as long as the rest
        require(whole == ids_of(log, 1 + last), "the pieces make no difference");
    return 0;
}
