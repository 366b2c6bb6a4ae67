// SPDX-License-Identifier: Apache-2.0
//
// replay.h: wire records through decode and reconstruct, as the tracer does it.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "decode/wire_decoder.h"
#include "reconstruct/reconstructor.h"
#include "support/wire_builder.h"

namespace oomtrace::test
{

// Throws where a record does not decode: a test that builds bad records by mistake must not pass.
inline KernelEvent decoded(const Bytes &record)
{
    auto event = decode(record);
    if (!event) {
        throw std::runtime_error(event.error().attempted + ": " + event.error().reason);
    }
    return std::move(*event);
}

inline void feed(Reconstructor &reconstructor, const std::vector<Bytes> &records, std::vector<Incident> &incidents)
{
    for (const Bytes &record : records) {
        for (Incident &incident : reconstructor.on_event(decoded(record))) {
            incidents.push_back(std::move(incident));
        }
    }
}

inline std::vector<Incident> replay(const std::vector<Bytes> &records)
{
    Reconstructor reconstructor;
    std::vector<Incident> incidents;
    feed(reconstructor, records, incidents);
    for (Incident &incident : reconstructor.finish(FinishReason::truncated)) {
        incidents.push_back(std::move(incident));
    }
    return incidents;
}

inline std::vector<Incident> replay(const Stream &stream)
{
    return replay(stream.records());
}

// For streams that hold one OOM.
inline Incident replay_one(const Stream &stream)
{
    std::vector<Incident> incidents = replay(stream);
    if (incidents.size() != 1) {
        throw std::runtime_error("expected one incident, got " + std::to_string(incidents.size()));
    }
    return std::move(incidents.front());
}

} // namespace oomtrace::test
