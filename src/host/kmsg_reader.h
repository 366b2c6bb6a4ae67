// SPDX-License-Identifier: Apache-2.0
//
// kmsg_reader.h: /dev/kmsg, line by line, without waiting and without touching the heap. The descriptor is never polled:
// whoever wants to know whether something came, asks.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "host/unique_fd.h"
#include "oomtrace/result.h"

namespace oomtrace
{

struct KmsgLine {
    std::uint64_t sequence = 0;
    std::string_view record; // "6,1234,5678901,-;text", without what follows on further lines; valid until the next call
};

class KmsgReader
{
  public:
    enum class From : std::uint8_t {
        now,    // what is printed after this
        oldest, // what the kernel still has
    };

    // Asks for CAP_SYSLOG where kernel.dmesg_restrict is set; later reads ask for nothing.
    static Result<KmsgReader> open(From from, const std::filesystem::path &path = "/dev/kmsg");
    // Each read(2) of `fd` gives one record, and EAGAIN when there is none.
    explicit KmsgReader(UniqueFd fd) : fd_(std::move(fd)) {}

    // The next line that the kernel printed (not what programs wrote into its log). Empty: there is none yet.
    std::optional<KmsgLine> next();

    // How often the kernel had overwritten lines before they were read.
    [[nodiscard]] std::uint64_t times_overwritten() const { return times_overwritten_; }

  private:
    UniqueFd fd_;
    std::uint64_t times_overwritten_ = 0;
    std::array<char, 8192> buffer_{}; // CONSOLE_EXT_LOG_MAX: no record is longer
};

} // namespace oomtrace
