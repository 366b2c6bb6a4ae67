// SPDX-License-Identifier: Apache-2.0
//
// headline.h: what happened, in one sentence.
#pragma once

#include <cstddef>
#include <string>

#include "oomtrace/incident.h"
#include "sinks/terminal/line.h"

namespace oomtrace::terminal
{

struct Headline {
    std::string tag; // "OOM KILL"
    std::string
        sentence; // "postgres[4121] (1.71 GiB) killed: cgroup /kube/pod7/db hit its 2 GiB limit; asked by postgres[4125]"
    Style style = Style::alert;
};

// A path longer than `path_width` columns is shortened from the left.
Headline headline(const Incident &incident, std::size_t path_width);

// The headline with score and what came back: one line, whatever the names hold, nothing shortened.
std::string brief_facts(const Incident &incident);

// The same between time and host, and the id.
std::string brief_line(const Incident &incident);

} // namespace oomtrace::terminal
