// SPDX-License-Identifier: Apache-2.0
#include "store/store_error.h"

#include <cerrno>

namespace oomtrace
{

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
