// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <cstdlib>
#include <iostream>

#include <sys/ioctl.h>
#include <unistd.h>

#include "sinks/json_sink.h"

namespace oomtrace
{

namespace
{

constexpr std::size_t narrowest = 80;
constexpr std::size_t widest = 160;

} // namespace

TerminalOptions terminal_options(TerminalMode mode)
{
    TerminalOptions terminal;
    terminal.mode = mode;
    if (::isatty(STDOUT_FILENO) == 1) {
        terminal.color = std::getenv("NO_COLOR") == nullptr;
        winsize size{};
        if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
            terminal.width = std::clamp<std::size_t>(size.ws_col, narrowest, widest);
    }
    return terminal;
}

std::unique_ptr<Sink> make_sink(const OutputOptions &options)
{
    return make_sink(options, std::cout);
}

std::unique_ptr<Sink> make_sink(const OutputOptions &options, std::ostream &out)
{
    if (options.json)
        return std::make_unique<JsonSink>(out, std::cerr);
    return std::make_unique<TerminalSink>(out, terminal_options(options.mode));
}

} // namespace oomtrace
