// SPDX-License-Identifier: Apache-2.0
//
// json_writer.h: JSON, written member by member into one text that is handed on in pieces: a log full of OOMs becomes a
// multiple of its size in JSON, and values that are made one by one, to be put into others and thrown away, take several times
// as long. Reading JSON is not for this class.
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oomtrace
{

// Bytes of the kernel: escaped by escape_text(), because they may not be UTF-8.
struct JsonBytes {
    std::string_view bytes;
};

// As a string: "0xffffffff81200f1c".
struct JsonAddress {
    std::uint64_t address = 0;
};

// One object, printed as nlohmann::json's dump() prints it: no spaces, what is not ASCII as it is. Strings have to be valid
// UTF-8. The writer begins inside of the object: add its members, then finish(). An absent optional is null. Nothing has to be
// escaped in a key.
class JsonWriter
{
  public:
    // False: no more is wanted. What is written then goes nowhere.
    using Take = std::function<bool(std::string_view piece)>;

    // `take` and `room` must outlive the writer. What `room` has of size is used, and it grows to what is needed: who writes
    // many objects keeps it.
    JsonWriter(const Take &take, std::string &room) : take_(take), text_(room)
    {
        grow(first_size);
        append('{');
    }

    template <typename Value>
    [[gnu::always_inline]] void add(std::string_view key, const Value &value)
    {
        begin_member(key);
        put(value);
    }

    // An object; `add_members` takes nothing, and adds to this writer.
    template <typename AddMembers>
    void add_object(std::string_view key, const AddMembers &add_members)
    {
        begin_member(key);
        put_object(add_members);
    }

    // An object with what `add_members` adds of the value; null where it is absent.
    template <typename Value, typename AddMembers>
    void add_object_or_null(std::string_view key, const std::optional<Value> &value, const AddMembers &add_members)
    {
        if (value)
            add_object(key, [&] { add_members(*this, *value); });
        else
            add(key, nullptr);
    }

    // An array with an object for each item; `add_members` takes the item.
    template <typename Items, typename AddMembers>
    void add_objects(std::string_view key, const Items &items, const AddMembers &add_members)
    {
        begin_member(key);
        append('[');
        first_ = true;
        for (const auto &item : items) {
            begin_next();
            put_object([&] { add_members(item); });
        }
        append(']');
        first_ = false;
    }

    // `end` stands after the object.
    void finish(std::string_view end = {})
    {
        append('}');
        append(end);
        hand_on();
    }

  private:
    static constexpr std::size_t first_size = 4UL << 10;
    static constexpr std::size_t piece = 32UL << 10;
    static constexpr std::size_t most_digits = 24;

    // Room for so many bytes behind what is there: for whoever fills it, and moves end_ behind them.
    char *room(std::size_t bytes)
    {
        if (static_cast<std::size_t>(room_end_ - end_) < bytes)
            grow(bytes);
        return end_;
    }
    void grow(std::size_t bytes);
    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(end_ - text_.data()); }

    void append(char c)
    {
        *room(1) = c;
        ++end_;
    }
    void append(std::string_view text) { end_ = std::copy(text.begin(), text.end(), room(text.size())); }

    void begin_next()
    {
        if (!std::exchange(first_, false))
            append(',');
    }
    // In line: the keys are constants nearly everywhere, and a quarter of what is written.
    [[gnu::always_inline]] void begin_member(std::string_view key)
    {
        char *at = room(key.size() + 4);
        if (!std::exchange(first_, false))
            *at++ = ',';
        *at++ = '"';
        std::memcpy(at, key.data(), key.size());
        at += key.size();
        *at++ = '"';
        *at++ = ':';
        end_ = at;
    }

    void put(std::nullptr_t) { append("null"); }
    void put(std::same_as<bool> auto value) { append(value ? std::string_view("true") : std::string_view("false")); }
    void put(std::same_as<double> auto value) { put_double(value); } // finite
    void put(std::integral auto value) requires(!std::same_as<decltype(value), bool>)
    {
        char *const at = room(most_digits);
        end_ = std::to_chars(at, at + most_digits, value).ptr;
    }
    void put(std::string_view text);
    void put(const char *text) { put(std::string_view(text)); }
    void put(const std::string &text) { put(std::string_view(text)); }
    void put(JsonBytes value);
    void put(JsonAddress value);
    template <typename Value>
    void put(const std::optional<Value> &value)
    {
        if (value)
            put(*value);
        else
            put(nullptr);
    }
    template <typename Value>
    void put(const std::vector<Value> &values)
    {
        append('[');
        first_ = true;
        for (const Value &value : values) {
            begin_next();
            put(value);
        }
        append(']');
        first_ = false;
    }
    void put_double(double value);
    void put_escaped(std::string_view text);
    void put_plain(std::string_view text); // in which nothing has to be

    template <typename AddMembers>
    void put_object(const AddMembers &add_members)
    {
        append('{');
        first_ = true;
        add_members();
        append('}');
        first_ = false;
        if (size() >= piece)
            hand_on();
    }

    void hand_on();

    const Take &take_;
    std::string &text_; // up to end_: what has not been handed on
    char *end_ = text_.data();
    char *room_end_ = end_ + text_.size();
    bool first_ = true; // nothing stands before what comes next
    bool wanted_ = true;
};

// The text of an object.
template <typename AddMembers>
std::string json_object_text(const AddMembers &add_members)
{
    std::string text, room;
    const JsonWriter::Take take = [&](std::string_view piece) {
        text += piece;
        return true;
    };
    JsonWriter out(take, room);
    add_members(out);
    out.finish();
    return text;
}

} // namespace oomtrace
