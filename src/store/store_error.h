// SPDX-License-Identifier: Apache-2.0
//
// store_error.h: why the store could not be used, told apart where something different is to be done about it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>

#include "oomtrace/result.h"

namespace oomtrace
{

enum class StoreFailure : std::uint8_t {
    disk_full,     // no space, quota used up, or the largest size of a file
    read_only,     // the file or its directory cannot be written
    missing,       // no such file, or (to create it) no such directory
    corrupt,       // SQLite says that the file is damaged
    foreign,       // not a store of ours; never touched
    newer_version, // written by a later oomtrace
    busy,          // another process writes to it
    io,            // the device failed
    no_memory,
    other, // a defect of ours, or of what we were given: trying again is of no use
};

inline constexpr std::size_t store_failures = 10;

std::string_view name_of(StoreFailure failure);  // the enumerator's own name
StoreFailure failure_of_errno(int error_number); // of a file of the store

struct StoreError {
    StoreFailure failure = StoreFailure::other;
    Error error;
};

template <typename T>
using StoreResult = tl::expected<T, StoreError>;

inline tl::unexpected<StoreError> store_failed(StoreFailure failure, std::string attempted, std::string reason,
                                               std::string hint = {})
{
    return tl::unexpected<StoreError>(StoreError{failure, {std::move(attempted), std::move(reason), std::move(hint)}});
}

} // namespace oomtrace
