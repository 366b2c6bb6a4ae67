// SPDX-License-Identifier: Apache-2.0
//
// service_manager.h: what the service manager is told of the agent, and what it asks for: the protocol of sd_notify(3) and
// sd_watchdog_enabled(3), which systemd documents as stable. Not through libsystemd, which with its own libraries is megabytes
// of memory. All of it is nothing where the agent was not started by a service manager.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace oomtrace
{

void notify_ready(const std::string &status);
void notify_reloading();
void notify_stopping();
void notify_alive(); // the watchdog

// How often the watchdog wants to hear of it: half of WatchdogSec=. Absent: there is none.
std::optional<std::chrono::microseconds> watchdog_interval();

} // namespace oomtrace
