// SPDX-License-Identifier: Apache-2.0
#include "host/coded_names.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace oomtrace
{

namespace
{

// Calls `take` for each word: what is between underscores, with those in front of it.
template <typename Take>
void for_each_word(std::string_view name, Take take)
{
    while (!name.empty()) {
        const std::size_t begin = std::min(name.find_first_not_of('_'), name.size());
        const std::size_t end = std::min(name.find('_', begin), name.size());
        take(name.substr(0, end));
        name.remove_prefix(end);
    }
}

} // namespace

std::string CodedNames::at(std::size_t index) const
{
    std::string name;
    for (std::string_view code = names_.at(index); !code.empty();)
        name += words_.at(take_varint(code));
    return name;
}

NameCoder::NameCoder()
{
    // A usual kernel's.
    constexpr std::size_t names = 1 << 16, words = 1 << 14, word_bytes = 1 << 18, words_of_all_names = 1 << 18;
    text_.reserve(word_bytes);
    words_.reserve(words);
    sequence_.reserve(words_of_all_names);
    begins_.reserve(names);
}

std::uint32_t NameCoder::add(std::string_view name)
{
    begins_.push_back(static_cast<std::uint32_t>(sequence_.size()));
    for_each_word(name, [this](std::string_view word) { sequence_.push_back(number_of(word)); });
    return static_cast<std::uint32_t>(begins_.size() - 1);
}

std::size_t NameCoder::slot_of(std::string_view word) const
{
    std::size_t at = std::hash<std::string_view>{}(word) & (slots_.size() - 1);
    while (slots_[at] != 0 && text_of(words_[slots_[at] - 1]) != word)
        at = (at + 1) & (slots_.size() - 1);
    return at;
}

std::uint32_t NameCoder::number_of(std::string_view word)
{
    if (words_.size() * 2 >= slots_.size())
        make_room();
    const std::size_t at = slot_of(word);
    if (slots_[at] == 0) {
        words_.push_back({static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(word.size()), 0});
        text_ += word;
        slots_[at] = static_cast<std::uint32_t>(words_.size());
    }
    ++words_[slots_[at] - 1].uses;
    return slots_[at] - 1;
}

void NameCoder::make_room()
{
    constexpr std::size_t first_slots = 1 << 16;
    slots_.assign(std::max(first_slots, slots_.size() * 2), 0);
    for (std::size_t number = 0; number < words_.size(); ++number)
        slots_[slot_of(text_of(words_[number]))] = static_cast<std::uint32_t>(number + 1);
}

std::vector<std::uint32_t> NameCoder::numbers_of(std::string_view name) const
{
    std::vector<std::uint32_t> words, numbers;
    bool known = !slots_.empty();
    for_each_word(name, [&](std::string_view word) {
        const std::uint32_t slot = known ? slots_[slot_of(word)] : 0;
        known = slot != 0;
        words.push_back(slot - 1);
    });
    if (!known && !words.empty())
        return numbers;
    for (std::uint32_t number = 0; number < begins_.size(); ++number) {
        const std::size_t end = number + 1 < begins_.size() ? begins_[number + 1] : sequence_.size();
        const std::span sequence(sequence_.begin() + begins_[number], sequence_.begin() + static_cast<std::ptrdiff_t>(end));
        if (std::equal(sequence.begin(), sequence.end(), words.begin(), words.end()))
            numbers.push_back(number);
    }
    return numbers;
}

CodedNames NameCoder::finish(std::span<const std::uint32_t> numbers) const
{
    std::vector<std::uint32_t> by_use(words_.size());
    std::iota(by_use.begin(), by_use.end(), 0U);
    std::stable_sort(by_use.begin(), by_use.end(),
                     [this](std::uint32_t a, std::uint32_t b) { return words_[a].uses > words_[b].uses; });
    CodedNames coded;
    std::vector<std::uint32_t> rank(words_.size());
    for (std::uint32_t place = 0; place < by_use.size(); ++place) {
        rank[by_use[place]] = place;
        coded.words_.add(text_of(words_[by_use[place]]));
    }
    std::string code;
    for (const std::uint32_t number : numbers) {
        const std::size_t end = number + 1 < begins_.size() ? begins_[number + 1] : sequence_.size();
        code.clear();
        for (std::size_t at = begins_[number]; at < end; ++at)
            append_varint(code, rank[sequence_[at]]);
        coded.names_.add(code);
    }
    coded.words_.shrink_to_fit();
    coded.names_.shrink_to_fit();
    return coded;
}

} // namespace oomtrace
