// SPDX-License-Identifier: Apache-2.0
//
// bpf_log.h: what libbpf says while it loads and attaches, kept instead of printed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oomtrace
{

// Collects libbpf's messages from construction to destruction. libbpf has one printing function per process, so only one of
// these may live at a time; what libbpf says outside is dropped.
class BpfLog
{
  public:
    BpfLog();
    ~BpfLog();
    BpfLog(const BpfLog &) = delete;
    BpfLog &operator=(const BpfLog &) = delete;

    // The program that libbpf said it could not load; empty if it named none.
    [[nodiscard]] std::optional<std::string> refused_program() const;

    // The line that says why: the verifier's last words, or libbpf's first complaint.
    [[nodiscard]] std::string reason() const;

    // How many instructions the verifier processed to accept the program; empty: it was loaded with no log level, or not at
    // all.
    [[nodiscard]] std::optional<std::uint32_t> verified_instructions(const std::string &program) const;

    [[nodiscard]] const std::vector<std::string> &lines() const { return lines_; }
    void add(const char *message);
    void add_accepted(std::string_view message);
    void clear() { lines_.clear(); }

  private:
    std::vector<std::string> lines_;
    std::map<std::string, std::uint32_t> verified_;
};

} // namespace oomtrace
