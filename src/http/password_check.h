// SPDX-License-Identifier: Apache-2.0
//
// password_check.h: HTTP basic authentication against a file of hashed passwords, one "user:hash" per line, as
// `htpasswd -nB USER` (bcrypt) or `mkpasswd -m yescrypt` write them. Empty lines and lines that begin with # are passed over.
//
// A hash takes its time on purpose, and there is one thread. So a password that was found right once is known again by a keyed
// digest of it in memory, and how often a second others are tried is limited: whoever guesses keeps nobody out who is known.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "oomtrace/result.h"

namespace oomtrace::http
{

enum class PasswordVerdict : std::uint8_t { right, wrong, too_many_guesses };

class PasswordCheck
{
  public:
    using Clock = std::function<std::chrono::steady_clock::time_point()>;

    static Result<PasswordCheck> read(
        const std::filesystem::path &path, Clock clock = [] { return std::chrono::steady_clock::now(); });

    // Takes as long for a user who is not there as for one who is.
    PasswordVerdict check(std::string_view user, std::string_view password);

  private:
    using Digest = std::array<std::uint8_t, 32>;
    struct User {
        std::string name, hash;
        bool known = false; // `digest` is of the right password
        Digest digest{};
    };

    explicit PasswordCheck(Clock clock) : clock_(std::move(clock)) {}
    bool may_hash();
    [[nodiscard]] Digest digest_of(std::string_view user, std::string_view password) const;

    std::vector<User> users_;
    Digest key_{}; // random, of this process
    Clock clock_;
    double guesses_left_ = 0;
    std::chrono::steady_clock::time_point refilled_;
};

} // namespace oomtrace::http
