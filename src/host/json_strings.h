// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace oomtrace
{

// Where in a JSON text a string stands.
struct JsonPlace {
    std::size_t depth = 0; // of the innermost object or array around it; 1: the outermost
    bool in_array = false; // that one is an array
    std::string_view key;  // the latest key that was met; of a string in an object, its own
    std::size_t entry = 0; // counts the values that lie directly in the outermost array or object, from 1
};

// Calls `each` for every string value, in the order of the text, without building a tree of it. False: no valid JSON; what came
// before the error has been handed out then.
bool for_each_json_string(std::string_view text, const std::function<void(const JsonPlace &, std::string_view)> &each);

} // namespace oomtrace
