// SPDX-License-Identifier: Apache-2.0
#include "cli/error_report.h"

#include <cstdlib>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace oomtrace
{

namespace
{

std::string text_of(const Error &error)
{
    std::string text = fmt::format("cannot {}: {}", error.attempted, error.reason);
    if (!error.hint.empty())
        text += fmt::format("\n    hint: {}", error.hint);
    return text;
}

} // namespace

void report_error(const Error &error)
{
    spdlog::error("{}", text_of(error));
}

void report_warning(const Error &error)
{
    spdlog::warn("{}", text_of(error));
}

ExitStatus exit_status(const Result<void> &done)
{
    if (done)
        return ExitStatus::done;
    report_error(done.error());
    return ExitStatus::failed;
}

void set_up_logging()
{
    const bool plain = std::getenv("NO_COLOR") != nullptr;
    auto logger = spdlog::stderr_color_mt("oomtrace", plain ? spdlog::color_mode::never : spdlog::color_mode::automatic);
    logger->set_pattern("oomtrace: %^%l%$: %v");
    spdlog::set_default_logger(std::move(logger));
}

} // namespace oomtrace
