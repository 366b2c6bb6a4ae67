// SPDX-License-Identifier: Apache-2.0
//
// named_values.h: counters by their names, as a map has them, in the order of the names: a few dozen at most. A log full of
// reports has thousands of them a megabyte, so that all names are in one piece of memory and all values in another.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oomtrace
{

class NamedValues
{
    static constexpr std::size_t usual_count = 16, usual_name = 14;

    struct Entry {
        std::uint64_t head = 0;                      // of the name: most comparisons end here
        std::uint32_t name_begin = 0, name_size = 0; // in names_
        std::uint64_t value = 0;
    };

  public:
    using value_type = std::pair<std::string_view, std::uint64_t>; // the name is valid until the next change

    class Iterator
    {
      public:
        using iterator_category = std::input_iterator_tag;
        using difference_type = std::ptrdiff_t;
        using value_type = NamedValues::value_type;
        using pointer = void;
        using reference = value_type;

        Iterator() = default;
        Iterator(const NamedValues *values, std::size_t at) : values_(values), at_(at) {}
        value_type operator*() const { return {values_->name_of(values_->entries_[at_]), values_->entries_[at_].value}; }
        Iterator &operator++()
        {
            ++at_;
            return *this;
        }
        Iterator operator++(int) { return {values_, at_++}; }
        bool operator==(const Iterator &) const = default;

      private:
        const NamedValues *values_ = nullptr;
        std::size_t at_ = 0;
    };
    using const_iterator = Iterator;

    NamedValues() = default;
    NamedValues(std::initializer_list<value_type> values)
    {
        for (const auto &[name, value] : values)
            emplace(name, value);
    }

    [[nodiscard]] const_iterator begin() const { return {this, 0}; }
    [[nodiscard]] const_iterator end() const { return {this, entries_.size()}; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] bool contains(std::string_view name) const { return find(name).has_value(); }

    [[nodiscard]] std::optional<std::uint64_t> find(std::string_view name) const
    {
        const std::uint64_t head = head_of(name);
        const std::size_t at = place_of(head, name);
        return is_at(at, head, name) ? std::optional(entries_[at].value) : std::nullopt;
    }

    // The first value of a name is kept.
    void emplace(std::string_view name, std::uint64_t value) { place_for(name, value); }

    // 0 where there was none.
    std::uint64_t &operator[](std::string_view name) { return entries_[place_for(name, 0)].value; }

    void erase(std::string_view name)
    {
        const std::uint64_t head = head_of(name);
        if (const std::size_t at = place_of(head, name); is_at(at, head, name))
            entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(at));
    }

    void reserve(std::size_t count)
    {
        entries_.reserve(count);
        names_.reserve(count * usual_name);
    }

    bool operator==(const NamedValues &other) const
    {
        return size() == other.size() && std::equal(begin(), end(), other.begin());
    }

  private:
    [[nodiscard]] std::string_view name_of(const Entry &entry) const
    {
        return {names_.data() + entry.name_begin, entry.name_size};
    }
    [[nodiscard]] bool is_at(std::size_t at, std::uint64_t head, std::string_view name) const
    {
        return at < entries_.size() && entries_[at].head == head && name_of(entries_[at]) == name;
    }

    // The first eight bytes, so that they compare as numbers as they do as text.
    static std::uint64_t head_of(std::string_view name)
    {
        std::uint64_t head = 0;
        if (name.size() >= sizeof head) // as most are: a copy of a size that is known is a load
            std::memcpy(&head, name.data(), sizeof head);
        else
            std::memcpy(&head, name.data(), name.size());
        return std::endian::native == std::endian::little ? __builtin_bswap64(head) : head;
    }

    // Of the first name that is not before it. From the end, where the next one belongs of names that come in their order; and
    // one by one, which for a few dozen is faster than halving.
    [[nodiscard]] std::size_t place_of(std::uint64_t head, std::string_view name) const
    {
        std::size_t at = entries_.size();
        while (at > 0 && entries_[at - 1].head > head)
            --at;
        while (at > 0 && entries_[at - 1].head == head && name_of(entries_[at - 1]) >= name)
            --at;
        return at;
    }

    // Where it is, or has been put.
    std::size_t place_for(std::string_view name, std::uint64_t value)
    {
        const std::uint64_t head = head_of(name);
        const std::size_t at = place_of(head, name);
        if (!is_at(at, head, name)) {
            if (entries_.capacity() == 0)
                reserve(usual_count);
            const Entry entry{head, static_cast<std::uint32_t>(names_.size()), static_cast<std::uint32_t>(name.size()), value};
            names_ += name;
            entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(at), entry);
        }
        return at;
    }

    std::string names_;
    std::vector<Entry> entries_; // by name
};

} // namespace oomtrace
