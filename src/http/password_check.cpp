// SPDX-License-Identifier: Apache-2.0
#include "http/password_check.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <memory>

#include <crypt.h>
#include <fmt/format.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sys/stat.h>

namespace oomtrace::http
{

namespace
{

constexpr double guesses_at_once = 8;
constexpr double guesses_per_second = 2;
constexpr int most_bcrypt_cost = 12; // a quarter of a second
constexpr const char *line_hint = "make each line with 'htpasswd -nB USER' (bcrypt)";

bool same(std::string_view a, std::string_view b)
{
    return a.size() == b.size() && gnutls_memcmp(a.data(), b.data(), a.size()) == 0;
}

// Empty where libcrypt cannot make one by this setting.
std::string made_hash(const std::string &password, const std::string &setting)
{
    const auto data = std::make_unique<crypt_data>(); // 32 KiB: not for a small stack
    const char *const made = ::crypt_r(password.c_str(), setting.c_str(), data.get());
    std::string hash = made != nullptr && made[0] != '*' ? made : "";
    gnutls_memset(data.get(), 0, sizeof(crypt_data));
    return hash;
}

// What is wrong with a hash; empty: nothing.
std::string refusal(const std::string &hash)
{
    const bool bcrypt = hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$");
    if (!bcrypt && !hash.starts_with("$y$"))
        return "the password is not hashed with bcrypt ($2y$) or yescrypt ($y$)";
    int cost = 0;
    if (bcrypt && hash.size() >= 6 && std::from_chars(hash.data() + 4, hash.data() + 6, cost).ec == std::errc() &&
        cost > most_bcrypt_cost)
        return fmt::format("a bcrypt cost of {} would hold the server up at each attempt: {} at the most", cost,
                           most_bcrypt_cost);
    if (made_hash("", hash).size() != hash.size())
        return "the hash is malformed, or this system's libcrypt does not know it";
    return {};
}

} // namespace

Result<PasswordCheck> PasswordCheck::read(const std::filesystem::path &path, Clock clock)
{
    const std::string attempted = "read the passwords for HTTP from " + path.string();
    std::ifstream file(path);
    if (!file)
        return fail_errno(attempted, errno);
    struct stat facts {
    };
    if (::stat(path.c_str(), &facts) == 0 && (facts.st_mode & (S_IWGRP | S_IWOTH | S_IROTH)) != 0)
        return fail(attempted, "others may read or change it", fmt::format("chmod 0640 {}", path.string()));
    PasswordCheck check(std::move(clock));
    std::string line;
    for (std::size_t number = 1; std::getline(file, line); ++number) {
        if (!line.empty() && line.back() == '\r')
            line.pop_back();
        if (line.empty() || line.front() == '#')
            continue;
        const auto colon = line.find(':');
        if (colon == std::string::npos || colon == 0)
            return fail(attempted, fmt::format("line {} is not user:hash", number), line_hint);
        User user{line.substr(0, colon), line.substr(colon + 1)};
        if (const std::string reason = refusal(user.hash); !reason.empty())
            return fail(attempted, fmt::format("line {}: {}", number, reason), line_hint);
        if (std::any_of(check.users_.begin(), check.users_.end(), [&](const User &u) { return u.name == user.name; }))
            return fail(attempted, fmt::format("line {}: the user is there already", number), line_hint);
        check.users_.push_back(std::move(user));
    }
    if (file.bad())
        return fail_errno(attempted, errno);
    if (check.users_.empty())
        return fail(attempted, "there is no user in it", line_hint);
    if (const int made = gnutls_rnd(GNUTLS_RND_KEY, check.key_.data(), check.key_.size()); made != 0)
        return fail(attempted, gnutls_strerror(made));
    check.guesses_left_ = guesses_at_once;
    check.refilled_ = check.clock_();
    return check;
}

bool PasswordCheck::may_hash()
{
    const auto now = clock_();
    const std::chrono::duration<double> passed = now - refilled_;
    refilled_ = now;
    guesses_left_ = std::min(guesses_at_once, guesses_left_ + passed.count() * guesses_per_second);
    if (guesses_left_ < 1)
        return false;
    guesses_left_ -= 1;
    return true;
}

PasswordCheck::Digest PasswordCheck::digest_of(std::string_view user, std::string_view password) const
{
    // A user's name holds no NUL, so that no two pairs make the same text.
    std::string text(user);
    text += '\0';
    text += password;
    Digest digest{};
    gnutls_hmac_fast(GNUTLS_MAC_SHA256, key_.data(), key_.size(), text.data(), text.size(), digest.data());
    gnutls_memset(text.data(), 0, text.size());
    return digest;
}

PasswordVerdict PasswordCheck::check(std::string_view user, std::string_view password)
{
    const Digest digest = digest_of(user, password);
    User *found = nullptr;
    for (User &candidate : users_) {
        if (same(candidate.name, user))
            found = &candidate;
    }
    if (found != nullptr && found->known && gnutls_memcmp(found->digest.data(), digest.data(), digest.size()) == 0)
        return PasswordVerdict::right;
    if (!may_hash())
        return PasswordVerdict::too_many_guesses;
    const std::string &hash = (found != nullptr ? *found : users_.front()).hash;
    std::string text(password);
    const bool match = same(made_hash(text, hash), hash);
    gnutls_memset(text.data(), 0, text.size());
    if (!match || found == nullptr)
        return PasswordVerdict::wrong;
    found->known = true;
    found->digest = digest;
    return PasswordVerdict::right;
}

} // namespace oomtrace::http
