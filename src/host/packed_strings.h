// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace oomtrace
{

// Seven bits a byte, the lowest first; the last byte is below 0x80.
inline void append_varint(std::string &bytes, std::size_t value)
{
    for (; value >= 0x80; value >>= 7)
        bytes.push_back(static_cast<char>(value | 0x80));
    bytes.push_back(static_cast<char>(value));
}

// Takes one off the front of `bytes`, which must have been written by append_varint().
inline std::size_t take_varint(std::string_view &bytes)
{
    std::size_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        value |= static_cast<std::size_t>(byte & 0x7fU) << shift;
        if (byte < 0x80)
            return value;
    }
}

// Strings of any bytes in one block of memory, for little more than their length. The place of every 16th is kept, the others
// are stepped over. What at() returns is valid until the next add().
class PackedStrings
{
  public:
    void add(std::string_view string)
    {
        if (size_ % strings_per_mark == 0)
            marks_.push_back(static_cast<std::uint32_t>(bytes_.size()));
        append_varint(bytes_, string.size());
        bytes_ += string;
        ++size_;
    }

    [[nodiscard]] std::string_view at(std::size_t index) const
    {
        std::string_view rest = std::string_view(bytes_).substr(marks_[index / strings_per_mark]);
        for (std::size_t step = index % strings_per_mark; step > 0; --step)
            take(rest);
        return take(rest);
    }

    void shrink_to_fit()
    {
        bytes_.shrink_to_fit();
        marks_.shrink_to_fit();
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t memory_bytes() const { return bytes_.capacity() + marks_.capacity() * sizeof(marks_[0]); }

  private:
    static constexpr std::size_t strings_per_mark = 16;

    static std::string_view take(std::string_view &rest)
    {
        const std::size_t size = take_varint(rest);
        const std::string_view string = rest.substr(0, size);
        rest.remove_prefix(size);
        return string;
    }

    std::string bytes_; // each string behind its length
    std::vector<std::uint32_t> marks_;
    std::size_t size_ = 0;
};

} // namespace oomtrace
