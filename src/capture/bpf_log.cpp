// SPDX-License-Identifier: Apache-2.0
#include "capture/bpf_log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <bpf/libbpf.h>

namespace oomtrace
{

namespace
{

// libbpf's callback carries no pointer of ours.
BpfLog *current_log = nullptr;

int print_to_log(libbpf_print_level level, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

int print_to_log(libbpf_print_level level, const char *format, va_list arguments)
{
    // Of what is for debugging only the log of an accepted program, which there is where one was asked for.
    if (!current_log || (level == LIBBPF_DEBUG && !std::strstr(format, "BEGIN PROG LOAD LOG")))
        return 0;
    // A verifier log comes in one call and its end is what matters.
    std::array<char, 8192> text{};
    va_list again;
    va_copy(again, arguments);
    const int needed = std::vsnprintf(text.data(), text.size(), format, arguments);
    std::string whole;
    if (needed >= static_cast<int>(text.size())) {
        whole.resize(static_cast<std::size_t>(needed) + 1, '\0');
        std::vsnprintf(whole.data(), whole.size(), format, again);
    }
    va_end(again);
    const char *const message = whole.empty() ? text.data() : whole.c_str();
    if (level == LIBBPF_DEBUG)
        current_log->add_accepted(message);
    else
        current_log->add(message);
    return 0;
}

constexpr std::string_view program_prefix = "prog '";

} // namespace

BpfLog::BpfLog()
{
    current_log = this;
    libbpf_set_print(print_to_log);
}

BpfLog::~BpfLog()
{
    current_log = nullptr;
}

void BpfLog::add(const char *message)
{
    std::string_view rest(message);
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        if (const std::string_view line = rest.substr(0, end); !line.empty())
            lines_.emplace_back(line);
        if (end == std::string_view::npos)
            break;
        rest.remove_prefix(end + 1);
    }
}

void BpfLog::add_accepted(std::string_view message)
{
    constexpr std::string_view processed = "\nprocessed ";
    const std::size_t name = message.find(program_prefix), count = message.find(processed);
    if (name == std::string_view::npos || count == std::string_view::npos)
        return;
    const std::string_view program = message.substr(name + program_prefix.size());
    const std::string_view digits = message.substr(count + processed.size());
    std::uint32_t instructions = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), instructions).ec == std::errc{})
        verified_[std::string(program.substr(0, program.find('\'')))] = instructions;
}

std::optional<std::uint32_t> BpfLog::verified_instructions(const std::string &program) const
{
    const auto found = verified_.find(program);
    return found == verified_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> BpfLog::refused_program() const
{
    const auto refusal = std::find_if(lines_.rbegin(), lines_.rend(), [](std::string_view line) {
        const std::size_t start = line.find(program_prefix);
        return start != std::string_view::npos && line.find("failed to load", start) != std::string_view::npos;
    });
    if (refusal == lines_.rend())
        return std::nullopt;
    const std::size_t name = refusal->find(program_prefix) + program_prefix.size();
    return refusal->substr(name, refusal->find('\'', name) - name);
}

std::string BpfLog::reason() const
{
    // The verifier's complaint stands right above its closing statistics.
    for (std::size_t i = 1; i < lines_.size(); ++i) {
        if (lines_[i].starts_with("processed ") && lines_[i].find(" insns") != std::string::npos &&
            lines_[i - 1].find("BEGIN PROG") == std::string::npos)
            return lines_[i - 1];
    }
    for (const std::string &line : lines_) {
        if (line.starts_with("libbpf: ") && line.find("-- BEGIN") == std::string::npos)
            return line.substr(std::string_view("libbpf: ").size());
    }
    return {};
}

} // namespace oomtrace
