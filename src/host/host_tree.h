// SPDX-License-Identifier: Apache-2.0
//
// host_tree.h: files of a host whose "/" may lie anywhere (an agent in a container sees it at /host, say) and that others than
// root have a hand in: no link leads out of it, no FIFO holds the reader up, no file is read beyond a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "host/unique_fd.h"
#include "oomtrace/result.h"

namespace oomtrace
{

class HostTree
{
  public:
    // Where `root` cannot be opened nothing below it exists. What is there and cannot be had is an error: it must not pass for
    // something that is not there.
    explicit HostTree(const std::filesystem::path &root = "/");

    // The whole of a regular file of at most `most_bytes`. Absent: not there, of another kind, or (where `owner` is given) not
    // that user's.
    [[nodiscard]] Result<std::optional<std::string>> read(std::string_view path, std::size_t most_bytes,
                                                          std::optional<std::uint32_t> owner = std::nullopt) const;

    [[nodiscard]] bool is_directory(std::string_view path) const;

    // Calls `each` with every name in a directory, of which there are none where it is not there, until it returns false.
    Result<void> list(std::string_view path, std::size_t most_entries, const std::function<bool(std::string_view)> &each) const;

  private:
    // With errno.
    [[nodiscard]] UniqueFd open(std::string_view path, int flags) const;

    UniqueFd root_;
};

} // namespace oomtrace
