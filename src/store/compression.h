// SPDX-License-Identifier: Apache-2.0
//
// compression.h: texts as zstd frames with a checksum: a byte that the disk changed is found when it is read.
#pragma once

#include <string>
#include <string_view>

#include "oomtrace/result.h"

namespace oomtrace
{

// Working memory: below 2 MiB, whatever the size of the text.
Result<std::string> compress(std::string_view text);

// Errors: damaged, or larger than any incident (256 MiB).
Result<std::string> decompress(std::string_view frame);

} // namespace oomtrace
