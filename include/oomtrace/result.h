// SPDX-License-Identifier: Apache-2.0
// Errors are values: what was attempted, what the system said, what to do about it. Reported once, at the top.
#pragma once

#include <string>
#include <system_error>
#include <tl/expected.hpp>

namespace oomtrace
{

struct Error {
    std::string attempted; // "open recording /tmp/x.oom"
    std::string reason;    // what the system or the check said
    std::string hint;      // what the reader can do; may be empty
};

template <typename T>
using Result = tl::expected<T, Error>;

// `error_number` is an errno value (positive).
inline tl::unexpected<Error> fail_errno(std::string attempted, int error_number, std::string hint = {})
{
    return tl::unexpected<Error>(Error{std::move(attempted), std::generic_category().message(error_number), std::move(hint)});
}

inline tl::unexpected<Error> fail(std::string attempted, std::string reason, std::string hint = {})
{
    return tl::unexpected<Error>(Error{std::move(attempted), std::move(reason), std::move(hint)});
}

} // namespace oomtrace
