// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/compare_text.h"

#include "kernel_log/text_cursor.h"

namespace oomtrace::kernel_log
{

bool same_comm(std::string_view ours, std::string_view kernel)
{
    ours = without_trailing_spaces(ours.substr(0, ours.find('\n')));
    return ours == without_trailing_spaces(kernel.substr(0, kernel.find('\n')));
}

bool same_path(std::string_view ours, std::string_view kernel)
{
    if (same_comm(ours, kernel))
        return true;
    return kernel.size() >= path_may_be_cut_at - 1 && ours.starts_with(kernel);
}

} // namespace oomtrace::kernel_log
