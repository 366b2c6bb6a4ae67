// SPDX-License-Identifier: Apache-2.0
#include "store/store_error.h"

#include <array>
#include <cerrno>

namespace oomtrace
{

std::string_view name_of(StoreFailure failure)
{
    constexpr std::array<std::string_view, store_failures> names{
        "disk_full", "read_only", "missing", "corrupt", "foreign", "newer_version", "busy", "io", "no_memory", "other"};
    return names.at(static_cast<std::size_t>(failure));
}

StoreFailure failure_of_errno(int error_number)
{
    switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return StoreFailure::disk_full;
    case EROFS:
    case EACCES:
    case EPERM:
        return StoreFailure::read_only;
    case ENOENT:
    case ENOTDIR:
        return StoreFailure::missing;
    case ENOMEM:
        return StoreFailure::no_memory;
    default:
        return StoreFailure::io;
    }
}

} // namespace oomtrace
