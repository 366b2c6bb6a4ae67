// SPDX-License-Identifier: Apache-2.0
#include "sinks/json_value.h"

#include <cstdint>
#include <cstring>

#include <nlohmann/json.hpp>

namespace oomtrace
{

namespace
{

// Whether none of the eight bytes has to be escaped. A byte below 0x80 from which 0x20 is taken borrows from its highest bit
// when it is a control character; what is 0x80 and more is never escaped.
bool is_plain(const char *bytes)
{
    constexpr std::uint64_t ones = 0x0101010101010101ULL;
    constexpr std::uint64_t highest = 0x80 * ones;
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    const auto has_zero = [](std::uint64_t bytes_of_word) { return (bytes_of_word - ones) & ~bytes_of_word & highest; };
    const std::uint64_t control = (word - 0x20 * ones) & ~word & highest;
    return (control | has_zero(word ^ ('"' * ones)) | has_zero(word ^ ('\\' * ones))) == 0;
}

} // namespace

std::string Json::double_text(double value)
{
    return nlohmann::json(value).dump();
}

void Json::append_string(std::string &out, std::string_view value)
{
    constexpr std::string_view hex_digits = "0123456789abcdef";
    constexpr std::string_view letters = "btn-fr"; // of \b (8) to \r (13)
    out += '"';
    std::size_t plain = 0; // up to here it is in `out`
    for (std::size_t i = 0; i < value.size(); ++i) {
        for (; i + sizeof(std::uint64_t) <= value.size() && is_plain(value.data() + i); i += sizeof(std::uint64_t)) {
        }
        if (i == value.size())
            break;
        const auto byte = static_cast<unsigned char>(value[i]);
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
        out += value.substr(plain, i - plain);
        plain = i + 1;
        out += '\\';
        if (byte >= 0x20) {
            out += value[i];
        } else if (byte >= '\b' && byte <= '\r' && byte != '\v') {
            out += letters[byte - '\b'];
        } else {
            out += "u00";
            out += hex_digits[byte >> 4U];
            out += hex_digits[byte & 0xfU];
        }
    }
    out += value.substr(plain);
    out += '"';
}

} // namespace oomtrace
