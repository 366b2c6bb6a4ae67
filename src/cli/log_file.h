// SPDX-License-Identifier: Apache-2.0
//
// log_file.h: the bytes of a log file, decompressed: gzip, xz, zstd, bzip2 or plain, told by their content.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "oomtrace/result.h"

namespace oomtrace
{

struct LogFileProgress {
    std::uint64_t bytes_read = 0;             // of the file, compressed
    std::optional<std::uint64_t> bytes_total; // absent: a pipe
};

// Calls `take` with one piece after the other until the file ends or `take` returns false; pieces are at most a few hundred
// KiB.
// "-" is the standard input. Errors: cannot be opened or read, a directory, damaged or cut compression; what came before the
// damage has been taken then.
Result<void> read_log_file(const std::string &path,
                           const std::function<bool(std::string_view bytes, const LogFileProgress &progress)> &take);

} // namespace oomtrace
