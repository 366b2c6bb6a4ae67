// SPDX-License-Identifier: Apache-2.0
//
// exposition.h: the registry as Prometheus reads it. Two formats:
//   text         "Text-based format", version 0.0.4
//   openmetrics  OpenMetrics 1.0.0: families named without their suffix, units, an end that shows a cut-off answer
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "metrics/registry.h"

namespace oomtrace::metrics
{

enum class Format : std::uint8_t { text, openmetrics };

std::string exposition(const Registry &registry, Format format);

std::string_view content_type(Format format);

// What a client that sends this Accept header wants most; text where it wants neither, as Prometheus's own exporters do.
Format wanted_format(std::string_view accept);

} // namespace oomtrace::metrics
