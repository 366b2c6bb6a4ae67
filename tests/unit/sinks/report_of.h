// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "explain/explain.h"
#include "sinks/terminal_sink.h"

namespace oomtrace
{

// What the terminal sink prints for one incident.
inline std::string report_of(const Incident &incident, TerminalOptions options = {})
{
    std::ostringstream out;
    TerminalSink sink(out, options);
    EXPECT_TRUE(sink.on_incident(incident, explain(incident)));
    return out.str();
}

inline TerminalOptions in_mode(TerminalMode mode)
{
    TerminalOptions options;
    options.mode = mode;
    return options;
}

} // namespace oomtrace
