// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <crypt.h>
#include <sys/stat.h>

#include "http/connection_table.h"
#include "http/html_text.h"
#include "http/incident_match.h"
#include "http/incident_query.h"
#include "http/listen_address.h"
#include "http/password_check.h"
#include "support/fixture_tree.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace oomtrace::http
{
namespace
{

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t now = 1'772'334'765 * second; // 2026-03-01T03:12:45Z

TEST(PageLink, KeepsTheFiltersAndEncodesThem)
{
    const Request request{"/", {{"comm", "a&b=\xff \"<"}, {"limit", "5"}, {"pod", ""}, {"older_than", "x-1-y"}}, ""};
    const auto query = parse_incident_query(request, now);
    ASSERT_TRUE(query);
    EXPECT_EQ(query->filter.older_than, "x-1-y");
    EXPECT_EQ(page_link("/", *query, "z-1"), "/?comm=a%26b%3D%FF%20%22%3C&limit=5&older_than=z-1");
}

TEST(HtmlText, NothingIsMarkup)
{
    EXPECT_EQ(html_name("<b a=\"1\" c='2'>&amp;\n\x1b\xff"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;\\n\\e\\xff");
    EXPECT_EQ(html_lines("a\n<b>\xff"), "a\n&lt;b&gt;\xef\xbf\xbd"
                                        "ff");
}

TEST(AgoText, InTheUnitThatAPersonWouldTake)
{
    EXPECT_EQ(ago_text(now, now), "just now");
    EXPECT_EQ(ago_text(now - 59 * second, now), "59 seconds ago");
    EXPECT_EQ(ago_text(now - 60 * second, now), "1 minute ago");
    EXPECT_EQ(ago_text(now - 2 * 3600 * second, now), "2 hours ago");
    EXPECT_EQ(ago_text(now - 47 * 3600 * second, now), "47 hours ago");
    EXPECT_EQ(ago_text(now - 3 * 86400 * second, now), "3 days ago");
    EXPECT_EQ(ago_text(now + 3600 * second, now), "in the future");
}

TEST(Matches, EveryFilterThatIsGiven)
{
    IncidentSummary summary;
    summary.realtime_ns = 100;
    summary.outcome = "killed";
    summary.scope = "memcg";
    summary.victim_comm = "java";
    summary.memcg_path = "/kube/pod7";
    summary.victim_cgroup = "/kube/pod7/db";
    summary.pod_namespace = "shop";
    summary.pod_name = "db-0";
    summary.systemd_unit = "a.service";
    const auto wanted = [&](auto set) {
        IncidentFilter filter;
        set(filter);
        return matches(summary, filter);
    };
    EXPECT_TRUE(wanted([](auto &) {}));
    EXPECT_TRUE(wanted([](auto &f) { f.since_ns = 100; }));
    EXPECT_FALSE(wanted([](auto &f) { f.since_ns = 101; }));
    EXPECT_FALSE(wanted([](auto &f) { f.until_ns = 100; }));
    EXPECT_TRUE(wanted([](auto &f) { f.until_ns = 101; }));
    for (const char *cgroup : {"/", "/kube", "/kube/", "/kube/pod7", "/kube/pod7/db"})
        EXPECT_TRUE(wanted([&](auto &f) { f.cgroup = cgroup; })) << cgroup;
    for (const char *cgroup : {"/kub", "/kube/pod", "/kube/pod7/db/x", "kube"})
        EXPECT_FALSE(wanted([&](auto &f) { f.cgroup = cgroup; })) << cgroup;
    EXPECT_TRUE(wanted([](auto &f) { f.pod = "db-0"; }));
    EXPECT_TRUE(wanted([](auto &f) { f.pod = "shop/db-0"; }));
    EXPECT_FALSE(wanted([](auto &f) { f.pod = "db"; }));
    EXPECT_FALSE(wanted([](auto &f) { f.pod = "/db-0"; }));
    EXPECT_TRUE(wanted([](auto &f) { f.unit = "a.service"; }));
    EXPECT_TRUE(wanted([](auto &f) { f.unit = "a"; }));
    EXPECT_FALSE(wanted([](auto &f) { f.unit = "a.socket"; }));
    EXPECT_FALSE(wanted([](auto &f) { f.comm = "jav"; }));
    EXPECT_FALSE(wanted([](auto &f) { f.outcome = "panic"; }));
    EXPECT_FALSE(wanted([](auto &f) {
        f.scope = "memcg";
        f.comm = "other";
    }));
    summary.realtime_ns = 0; // not known
    EXPECT_TRUE(wanted([](auto &) {}));
    EXPECT_FALSE(wanted([](auto &f) { f.until_ns = 101; }));
    EXPECT_FALSE(wanted([](auto &f) { f.since_ns = -1; }));
}

TEST(ListenAddress, LoopbackOrNot)
{
    const auto is_loopback = [](const char *text) {
        const auto address = parse_listen_address(text);
        EXPECT_TRUE(address) << text;
        return address && address->loopback();
    };
    for (const char *text : {"127.0.0.1:1", "127.3.2.1:1", "localhost:1", "[::1]:1", "[::ffff:127.0.0.1]:1"})
        EXPECT_TRUE(is_loopback(text)) << text;
    for (const char *text : {":1", "0.0.0.0:1", "10.0.0.1:1", "[::]:1", "[2001:db8::1]:1"})
        EXPECT_FALSE(is_loopback(text)) << text;
    EXPECT_EQ(parse_listen_address("[::1]:19637")->text(), "[::1]:19637");
    EXPECT_EQ(parse_listen_address("localhost:0")->text(), "127.0.0.1:0");
}

ClientKey key_of(const char *text)
{
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    EXPECT_EQ(::inet_pton(AF_INET6, text, &address.sin6_addr), 1);
    return client_key(reinterpret_cast<const sockaddr *>(&address), sizeof(address));
}

TEST(ConnectionTable, CountsAHostOfIpv6ByItsNetwork)
{
    EXPECT_EQ(key_of("2001:db8:0:1::5"), key_of("2001:db8:0:1:ffff::9"));
    EXPECT_NE(key_of("2001:db8:0:1::5"), key_of("2001:db8:0:2::5"));
    EXPECT_NE(key_of("::ffff:10.0.0.1"), key_of("::ffff:10.0.0.2"));
}

TEST(ConnectionTable, KnowsWhoseTimeIsUp)
{
    using namespace std::chrono_literals;
    ConnectionTable table(2, 1000ms);
    const TimePoint start{};
    EXPECT_EQ(table.next_deadline(), std::nullopt);
    table.opened(-1, key_of("::1"), start);
    table.opened(-2, key_of("::1"), start + 500ms);
    EXPECT_FALSE(table.has_room_for(key_of("::1")));
    EXPECT_TRUE(table.has_room_for(key_of("2001:db8::1")));
    EXPECT_EQ(table.next_deadline(), start + 1000ms);
    EXPECT_EQ(table.shut_overdue(start + 999ms), 0U);
    EXPECT_EQ(table.shut_overdue(start + 1000ms), 1U);
    EXPECT_EQ(table.shut_overdue(start + 1000ms), 0U); // once is enough
    EXPECT_EQ(table.next_deadline(), start + 1500ms);
    table.closed(-2);
    EXPECT_EQ(table.next_deadline(), std::nullopt);
    EXPECT_TRUE(table.has_room_for(key_of("::1")));
}

class Passwords : public testing::Test
{
  protected:
    Result<PasswordCheck> read(const std::string &text, ::mode_t mode = 0600)
    {
        tree_.write("/users", text);
        ::chmod(tree_.at("/users").c_str(), mode);
        return PasswordCheck::read(tree_.at("/users"), [this] { return time_; });
    }
    std::string refusal(const std::string &text, ::mode_t mode = 0600)
    {
        const auto check = read(text, mode);
        EXPECT_FALSE(check) << text;
        return check ? "" : check.error().reason;
    }
    static std::string hashed(const char *password, const char *setting)
    {
        crypt_data data{};
        return ::crypt_r(password, setting, &data);
    }

    static std::string yescrypt_setting()
    {
        char setting[CRYPT_GENSALT_OUTPUT_SIZE];
        return ::crypt_gensalt_rn("$y$", 1, "0123456789abcdef", 16, setting, sizeof(setting));
    }

    const std::string bcrypt_ = hashed("secret", "$2y$05$abcdefghijklmnopqrstuu");
    const std::string yescrypt_ = hashed("sesame", yescrypt_setting().c_str());
    test::FixtureTree tree_;
    std::chrono::steady_clock::time_point time_{std::chrono::hours(1)};
};

TEST_F(Passwords, RightAndWrong)
{
    auto check = read("# comment\n\na:" + bcrypt_ + "\r\nb:" + yescrypt_ + "\n");
    ASSERT_TRUE(check) << check.error().reason;
    EXPECT_EQ(check->check("a", "secret"), PasswordVerdict::right);
    EXPECT_EQ(check->check("b", "sesame"), PasswordVerdict::right);
    EXPECT_EQ(check->check("a", "sesame"), PasswordVerdict::wrong);
    EXPECT_EQ(check->check("c", "secret"), PasswordVerdict::wrong);
    EXPECT_EQ(check->check("", ""), PasswordVerdict::wrong);
    EXPECT_EQ(check->check("a", "secret"), PasswordVerdict::right);
}

TEST_F(Passwords, GuessesAreCountedAndTheKnownAreNotAsked)
{
    auto check = read("a:" + bcrypt_ + "\n");
    ASSERT_TRUE(check);
    EXPECT_EQ(check->check("a", "secret"), PasswordVerdict::right);
    int tried = 0;
    while (check->check("a", "guess") == PasswordVerdict::wrong && tried < 100)
        ++tried;
    EXPECT_EQ(tried, 7);
    EXPECT_EQ(check->check("a", "secret"), PasswordVerdict::right);
    time_ += std::chrono::seconds(1);
    EXPECT_EQ(check->check("a", "guess"), PasswordVerdict::wrong);
    EXPECT_EQ(check->check("a", "guess"), PasswordVerdict::wrong);
    EXPECT_EQ(check->check("a", "guess"), PasswordVerdict::too_many_guesses);
}

TEST_F(Passwords, AFileThatProtectsNothingIsRefused)
{
    EXPECT_EQ(refusal(""), "there is no user in it");
    EXPECT_EQ(refusal("a:" + bcrypt_ + "\nb\n"), "line 2 is not user:hash");
    EXPECT_EQ(refusal("a:plain\n"), "line 1: the password is not hashed with bcrypt ($2y$) or yescrypt ($y$)");
    EXPECT_EQ(refusal("a:$apr1$abcdefgh$abcdefghijklmnopqrstuv\n"),
              "line 1: the password is not hashed with bcrypt ($2y$) or yescrypt ($y$)");
    EXPECT_EQ(refusal("a:$2y$\n"), "line 1: the hash is malformed, or this system's libcrypt does not know it");
    EXPECT_EQ(refusal("a:$2y$16$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuuabcdefghi\n"),
              "line 1: a bcrypt cost of 16 would hold the server up at each attempt: 12 at the most");
    EXPECT_EQ(refusal("a:" + bcrypt_ + "\na:" + bcrypt_ + "\n"), "line 2: the user is there already");
    EXPECT_EQ(refusal("a:" + bcrypt_ + "\n", 0644), "others may read or change it");
}

} // namespace
} // namespace oomtrace::http
