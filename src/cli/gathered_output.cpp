// SPDX-License-Identifier: Apache-2.0
#include "cli/gathered_output.h"

#include <algorithm>
#include <cstring>

namespace oomtrace
{

GatheredOutput::int_type GatheredOutput::overflow(int_type byte)
{
    if (!hand_on())
        return traits_type::eof();
    if (!traits_type::eq_int_type(byte, traits_type::eof()))
        sputc(traits_type::to_char_type(byte));
    return traits_type::not_eof(byte);
}

std::streamsize GatheredOutput::xsputn(const char *text, std::streamsize size)
{
    for (std::streamsize left = size; left > 0;) {
        if (pptr() == epptr() && !hand_on())
            return size - left;
        const std::streamsize fits = std::min(left, static_cast<std::streamsize>(epptr() - pptr()));
        std::memcpy(pptr(), text + (size - left), static_cast<std::size_t>(fits));
        pbump(static_cast<int>(fits));
        left -= fits;
    }
    return size;
}

int GatheredOutput::sync()
{
    return gathers_ || hand_on() ? 0 : -1;
}

bool GatheredOutput::hand_on()
{
    const std::streamsize size = pptr() - pbase();
    setp(pbase(), epptr());
    return to_.sputn(pbase(), size) == size && to_.pubsync() == 0;
}

} // namespace oomtrace
