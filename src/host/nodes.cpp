// SPDX-License-Identifier: Apache-2.0
#include "host/nodes.h"

#include <array>

#include "host/proc_file.h"

namespace oomtrace
{

std::uint32_t possible_nodes(const std::filesystem::path &root)
{
    std::array<char, 256> buffer{};
    const auto text = read_file(under_root(root, "/sys/devices/system/node/possible"), buffer);
    if (!text)
        return 1;
    const std::string_view list = first_line(*text);
    const std::size_t last = list.find_last_of("-,");
    const auto highest = parse_unsigned(last == std::string_view::npos ? list : list.substr(last + 1));
    return highest ? static_cast<std::uint32_t>(*highest) + 1 : 1;
}

} // namespace oomtrace
