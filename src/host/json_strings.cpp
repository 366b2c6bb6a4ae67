// SPDX-License-Identifier: Apache-2.0
#include "host/json_strings.h"

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace oomtrace
{

namespace
{

// The events that nlohmann's parser reports; it keeps no stack of calls, so that depth costs a byte and no more.
class StringHandler final : public nlohmann::json_sax<nlohmann::json>
{
  public:
    explicit StringHandler(const std::function<void(const JsonPlace &, std::string_view)> &each) : each_(each) {}

    bool null() override { return value(); }
    bool boolean(bool) override { return value(); }
    bool number_integer(std::int64_t) override { return value(); }
    bool number_unsigned(std::uint64_t) override { return value(); }
    bool number_float(double, const std::string &) override { return value(); }
    bool binary(nlohmann::json::binary_t &) override { return value(); }
    bool string(std::string &text) override
    {
        value();
        if (!arrays_.empty())
            each_({arrays_.size(), arrays_.back(), key_, entry_}, text);
        return true;
    }
    bool key(std::string &key) override
    {
        key_ = key;
        return true;
    }
    bool start_object(std::size_t) override { return start(false); }
    bool start_array(std::size_t) override { return start(true); }
    bool end_object() override { return end(); }
    bool end_array() override { return end(); }
    bool parse_error(std::size_t, const std::string &, const nlohmann::detail::exception &) override { return false; }

  private:
    bool value()
    {
        if (arrays_.size() == 1)
            ++entry_;
        return true;
    }
    bool start(bool array)
    {
        value();
        arrays_.push_back(array);
        return true;
    }
    bool end()
    {
        arrays_.pop_back();
        return true;
    }

    const std::function<void(const JsonPlace &, std::string_view)> &each_;
    std::vector<bool> arrays_; // of what is open, outermost first: is it an array?
    std::string key_;
    std::size_t entry_ = 0;
};

} // namespace

bool for_each_json_string(std::string_view text, const std::function<void(const JsonPlace &, std::string_view)> &each)
{
    StringHandler handler(each);
    return nlohmann::json::sax_parse(text, &handler);
}

} // namespace oomtrace
