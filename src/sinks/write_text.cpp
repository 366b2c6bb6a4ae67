// SPDX-License-Identifier: Apache-2.0
#include "sinks/write_text.h"

#include <cerrno>
#include <ostream>

namespace oomtrace
{

Result<void> write_text(std::ostream &out, std::string_view text, std::string attempted)
{
    constexpr std::string_view hint = "check the free space and the reader of the output";
    if (!out)
        return fail(std::move(attempted), "an earlier write to this output failed", std::string(hint));
    // Streams do not say why they failed; the system call below them leaves errno behind.
    errno = 0;
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.flush();
    if (out)
        return {};
    if (errno != 0)
        return fail_errno(std::move(attempted), errno, std::string(hint));
    return fail(std::move(attempted), "the output took no more bytes", std::string(hint));
}

} // namespace oomtrace
