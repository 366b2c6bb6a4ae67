// SPDX-License-Identifier: Apache-2.0
#include "cli/selftest_checks.h"

#include <algorithm>

#include <fmt/format.h>

namespace oomtrace
{

namespace
{

class Checks
{
  public:
    void add(std::string what, bool passed, std::string found) { all_.push_back({std::move(what), passed, std::move(found)}); }

    template <typename Value>
    void equal(const std::string &what, const Value &expected, const Value &found)
    {
        add(what, expected == found, fmt::format("{} instead of {}", found, expected));
    }

    std::vector<SelftestCheck> take() { return std::move(all_); }

  private:
    std::vector<SelftestCheck> all_;
};

const CandidateTask *candidate(const Incident &incident, std::uint32_t tgid)
{
    const auto found =
        std::ranges::find_if(incident.candidates, [tgid](const CandidateTask &task) { return task.process.tgid == tgid; });
    return found == incident.candidates.end() ? nullptr : &*found;
}

void check_choice(Checks &checks, const Incident &incident, const SelftestSetup &setup)
{
    checks.equal<std::string>("outcome", "killed", std::string(name_of(incident.outcome)));
    checks.equal<std::string>("scope", "memcg", std::string(name_of(incident.scope)));
    if (incident.victim)
        checks.equal("victim", setup.eater_tgid, incident.victim->process.tgid);
    else
        checks.add("victim", false, "there is none");
    checks.equal("processes killed", std::size_t{1}, incident.kills.size());
    checks.equal<std::uint64_t>("kills the cgroup counted", setup.oom_kills, incident.kills.size());
}

void check_ledger(Checks &checks, const Incident &incident, const SelftestSetup &setup)
{
    checks.equal("tasks weighed", std::size_t{2}, incident.candidates.size());
    const CandidateTask *const eater = candidate(incident, setup.eater_tgid);
    const CandidateTask *const holder = candidate(incident, setup.holder_tgid);
    checks.add("both processes were weighed", eater && holder, "one is missing");
    if (!eater || !holder || !eater->memory || !holder->memory)
        return;
    checks.equal("oom_score_adj of the eater", setup.eater_adj, eater->process.oom_score_adj);
    checks.equal("oom_score_adj of the holder", setup.holder_adj, holder->process.oom_score_adj);
    checks.add("memory of the holder", holder->memory->rss_bytes() >= setup.holder_bytes,
               fmt::format("{} bytes, but it holds {}", holder->memory->rss_bytes(), setup.holder_bytes));
    checks.add("the eater scored higher", eater->points && holder->points && *eater->points > *holder->points, "it did not");
    checks.add("scores add up", incident.scores.mismatched == 0 && eater->points == eater->recomputed_points,
               fmt::format("{} do not", incident.scores.mismatched));
}

void check_limit(Checks &checks, const Incident &incident, const SelftestSetup &setup)
{
    checks.equal<std::string>("cgroup whose limit fired", setup.cgroup, incident.memcg.path.value_or("unknown"));
    checks.equal<std::uint64_t>("its limit", setup.limit_bytes, incident.memcg.limit_bytes.value_or(0));
    const std::uint64_t usage = incident.memcg.usage_bytes.value_or(0);
    checks.add("its usage stands at the limit", usage <= setup.limit_bytes && usage + (1U << 20) >= setup.limit_bytes,
               fmt::format("{} bytes", usage));
    checks.equal<std::uint64_t>("pages it may use", setup.limit_bytes / setup.page_size, incident.total_pages.value_or(0));
    const bool zones = std::ranges::any_of(incident.nodes, [](const Node &node) {
        return std::ranges::any_of(node.zones,
                                   [](const Zone &zone) { return zone.managed_bytes.value_or(0) > 0 && zone.min_bytes > 0; });
    });
    checks.add("memory zones with their watermarks", zones, "none");
}

} // namespace

std::vector<SelftestCheck> check_incident(const Incident &incident, const SelftestSetup &setup)
{
    Checks checks;
    check_choice(checks, incident, setup);
    check_ledger(checks, incident, setup);
    check_limit(checks, incident, setup);
    checks.add("memory came back", incident.after.returned_bytes.value_or(0) > 0, "not seen");
    checks.add("nothing is missing", incident.completeness.complete,
               fmt::format("{}", fmt::join(incident.completeness.missing, "; ")));
    return checks.take();
}

} // namespace oomtrace
