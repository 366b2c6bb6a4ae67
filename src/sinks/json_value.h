// SPDX-License-Identifier: Apache-2.0
//
// json_value.h: a JSON value as its text, which is put together while the value is: a log full of OOMs becomes a multiple of
// its size in JSON, and a tree of every value, to be printed and thrown away, takes several times as long. Reading JSON is not
// for this class.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace oomtrace
{

// Printed as nlohmann::json's dump() prints it: no spaces, what is not ASCII as it is. Strings have to be valid UTF-8.
class Json
{
  public:
    struct Member;

    // Implicit, all of them: `{"pid", task.pid}` is a member.
    Json(std::nullptr_t) : text_("null") {}
    Json(std::same_as<bool> auto value) : text_(value ? "true" : "false") {}
    Json(std::same_as<double> auto value) : text_(double_text(value)) {} // finite
    Json(std::integral auto value) requires(!std::same_as<decltype(value), bool>) { append_number(value); }
    Json(std::string_view value) { append_string(text_, value); }
    Json(const char *value) : Json(std::string_view(value)) {}
    Json(const std::string &value) : Json(std::string_view(value)) {}
    template <typename T>
    Json(const std::vector<T> &values) : text_("[]")
    {
        for (const T &value : values)
            push_back(value);
    }
    Json(std::initializer_list<Member> members);

    static Json object()
    {
        Json object(Text{"{}"});
        object.text_.reserve(512); // as most of them need
        return object;
    }
    static Json array() { return Json(Text{"[]"}); }

    // Of an array.
    void push_back(const Json &value)
    {
        begin_next();
        text_ += value.text_;
        text_ += ']';
    }

    // Of an object; a key that it does not have yet, and in which nothing has to be escaped.
    void add(std::string_view key, const Json &value)
    {
        begin_next();
        append_member(key, value);
        text_ += '}';
    }

    // object["key"] = value adds it.
    class Place
    {
      public:
        Place(Json &object, std::string_view key) : object_(object), key_(key) {}
        // It is the object that changes, not the place.
        // NOLINTNEXTLINE(misc-unconventional-assign-operator)
        void operator=(const Json &value) && { object_.add(key_, value); }

      private:
        Json &object_;
        std::string_view key_;
    };
    Place operator[](std::string_view key) { return {*this, key}; }

    [[nodiscard]] const std::string &text() const { return text_; }

  private:
    struct Text {
        std::string_view text;
    };
    explicit Json(Text text) : text_(text.text) {}

    // Takes the bracket at the end away, and separates what follows from what is there.
    void begin_next()
    {
        text_.pop_back();
        if (text_.size() > 1)
            text_ += ',';
    }

    void append_member(std::string_view key, const Json &value)
    {
        text_ += '"';
        text_ += key;
        text_ += "\":";
        text_ += value.text_;
    }

    void append_number(std::integral auto value)
    {
        char digits[24];
        text_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    }

    static std::string double_text(double value);
    static void append_string(std::string &out, std::string_view value);

    std::string text_;
};

struct Json::Member {
    std::string_view key;
    Json value;
};

inline Json::Json(std::initializer_list<Member> members)
{
    std::size_t size = 2;
    for (const Member &member : members)
        size += member.key.size() + member.value.text_.size() + 4;
    text_.reserve(size);
    for (const Member &member : members) {
        text_ += text_.empty() ? '{' : ',';
        append_member(member.key, member.value);
    }
    text_ += '}';
}

} // namespace oomtrace
