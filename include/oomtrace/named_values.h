// SPDX-License-Identifier: Apache-2.0
//
// named_values.h: counters by their names, as a map has them, in the order of the names: a few dozen at most, for which one
// piece of memory costs less than a node for each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oomtrace
{

class NamedValues
{
  public:
    using value_type = std::pair<std::string, std::uint64_t>;
    using const_iterator = std::vector<value_type>::const_iterator;

    NamedValues() = default;
    NamedValues(std::initializer_list<value_type> values)
    {
        for (const auto &[name, value] : values)
            emplace(name, value);
    }

    [[nodiscard]] const_iterator begin() const { return values_.begin(); }
    [[nodiscard]] const_iterator end() const { return values_.end(); }
    [[nodiscard]] std::size_t size() const { return values_.size(); }
    [[nodiscard]] bool empty() const { return values_.empty(); }
    [[nodiscard]] bool contains(std::string_view name) const { return find(name) != end(); }

    [[nodiscard]] const_iterator find(std::string_view name) const
    {
        const const_iterator at = place_of(name);
        return at != end() && at->first == name ? at : end();
    }

    // The first value of a name is kept.
    void emplace(std::string_view name, std::uint64_t value)
    {
        const const_iterator at = place_of(name);
        if (at == end() || at->first != name)
            values_.emplace(at, name, value);
    }

    // 0 where there was none.
    std::uint64_t &operator[](std::string_view name)
    {
        emplace(name, 0);
        return values_[static_cast<std::size_t>(place_of(name) - begin())].second;
    }

    void erase(std::string_view name)
    {
        if (const const_iterator at = find(name); at != end())
            values_.erase(at);
    }

    void reserve(std::size_t count) { values_.reserve(count); }

    bool operator==(const NamedValues &) const = default;

  private:
    // Of the first name that is not before it.
    [[nodiscard]] const_iterator place_of(std::string_view name) const
    {
        return std::lower_bound(begin(), end(), name,
                                [](const value_type &value, std::string_view wanted) { return value.first < wanted; });
    }

    std::vector<value_type> values_;
};

} // namespace oomtrace
