// SPDX-License-Identifier: Apache-2.0
//
// option_values.h: the kinds of values that options of several commands have.
#pragma once

#include <chrono>

#include <CLI/CLI.hpp>

#include "capture/identity_options.h"

namespace oomtrace
{

// "90", "1.5h", "20ms": becomes a number of seconds.
CLI::AsNumberWithUnit seconds();
// A number above 0.
CLI::Validator positive();
std::chrono::nanoseconds nanoseconds(double seconds);

void add_method_option(CLI::App &app, int &method); // a number of enum AttachMethod; 0: auto
// `cmdline_mode`: a number of enum CmdlineMode.
void add_identity_options(CLI::App &app, int &cmdline_mode, IdentityOptions &identity);
void add_ring_size_option(CLI::App &app, std::string &ring_size);
void add_walk_time_limit_option(CLI::App &app, double &walk_time_limit_s);

} // namespace oomtrace
