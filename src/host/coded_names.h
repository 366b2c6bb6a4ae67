// SPDX-License-Identifier: Apache-2.0
//
// coded_names.h: many names made of few words ("ext4", "_inode", "_get"), as those of the kernel's functions are, in less than
// half of their length. Every word is kept once, and a name is the numbers of its words, the most frequent in one byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/packed_strings.h"

namespace oomtrace
{

class CodedNames
{
  public:
    [[nodiscard]] std::string at(std::size_t index) const;

    [[nodiscard]] std::size_t size() const { return names_.size(); }
    [[nodiscard]] std::size_t memory_bytes() const { return words_.memory_bytes() + names_.memory_bytes(); }

  private:
    friend class NameCoder;

    PackedStrings words_; // by falling frequency
    PackedStrings names_; // each the numbers of its words
};

// Takes names as they come. Holds them as word numbers, four bytes each, and all else in blocks that are large enough to go
// back to the kernel when it is done.
class NameCoder
{
  public:
    NameCoder();

    // Returns the number of the name, from 0.
    std::uint32_t add(std::string_view name);

    // Of those that equal `name`, in the order in which they came.
    [[nodiscard]] std::vector<std::uint32_t> numbers_of(std::string_view name) const;

    // The names of these numbers, in this order.
    [[nodiscard]] CodedNames finish(std::span<const std::uint32_t> numbers) const;

  private:
    struct Word {
        std::uint32_t begin; // in text_
        std::uint32_t size;
        std::uint32_t uses;
    };

    std::uint32_t number_of(std::string_view word);
    [[nodiscard]] std::size_t slot_of(std::string_view word) const; // its own, or the free one that it would take
    [[nodiscard]] std::string_view text_of(const Word &word) const
    {
        return std::string_view(text_).substr(word.begin, word.size);
    }
    void make_room();

    std::string text_;
    std::vector<Word> words_;
    std::vector<std::uint32_t> slots_;    // hash table: number of a word + 1, 0 for none
    std::vector<std::uint32_t> sequence_; // of all names, word after word
    std::vector<std::uint32_t> begins_;   // of each name in sequence_
};

} // namespace oomtrace
