// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "metrics/metrics_sink.h"

namespace oomtrace::test
{

// As many series as there can be, and a few victims beyond. `padding`: bytes by which the pods' names are longer than usual.
inline void fill_to_the_limit(metrics::MetricsSink &sink, std::size_t padding = 0)
{
    Incident incident;
    incident.outcome = Outcome::killed;
    incident.scope = Scope::memcg;
    incident.victim = Victim();
    CgroupIdentity &identity = incident.victim->cgroup_identity;
    for (std::size_t i = 0; i < metrics::default_victim_series + 100; ++i) {
        identity.pod_namespace = fmt::format("team-{}", i % 20);
        identity.pod_name = fmt::format("checkout-service-7f9c6d5b4{}-x{:04}{}", i % 10, i, std::string(padding, 'p'));
        identity.container_name = "application";
        (void)sink.on_incident(incident, Verdict{});
    }
    Incident global;
    global.outcome = Outcome::killed;
    global.scope = Scope::global;
    for (std::uint32_t index = 0; index < 16; ++index) {
        Node node;
        node.node = index;
        for (const char *name : {"DMA", "DMA32", "Normal", "Movable"}) {
            Zone zone;
            zone.name = name;
            zone.free_bytes = zone.min_bytes = zone.low_bytes = zone.high_bytes = 123'456'789'012;
            node.zones.push_back(std::move(zone));
        }
        global.nodes.push_back(std::move(node));
    }
    (void)sink.on_incident(global, Verdict{});
}

} // namespace oomtrace::test
