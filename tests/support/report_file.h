// SPDX-License-Identifier: Apache-2.0
//
// report_file.h: the kernel logs of tests/data/kernel_reports, in the folder that the target names as KERNEL_REPORTS.
#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace oomtrace::test
{

// Throws where there is no such file.
inline std::string report_text(const std::string &name)
{
    std::ifstream file(std::string(KERNEL_REPORTS) + "/" + name, std::ios::binary);
    if (!file)
        throw std::runtime_error("there is no " + name + " in " + KERNEL_REPORTS);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

inline std::vector<std::string> lines_of(const std::string &text)
{
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

} // namespace oomtrace::test
