// SPDX-License-Identifier: Apache-2.0
#include "sinks/journal_sink.h"

#include <array>
#include <cstring>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "explain/explain.h"
#include "support/fixture_tree.h"
#include "support/sample_incident.h"

namespace oomtrace
{

namespace
{

using testing::HasSubstr;

// journald's end of the socket.
class FakeJournald
{
  public:
    explicit FakeJournald(const std::filesystem::path &path) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0))
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
        if (::bind(socket_.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0)
            throw std::runtime_error("bind");
    }
    std::string receive()
    {
        std::string datagram(1 << 20, '\0');
        const ssize_t size = ::recv(socket_.get(), datagram.data(), datagram.size(), 0);
        datagram.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
        return datagram;
    }

  private:
    UniqueFd socket_;
};

class JournalSinkTest : public testing::Test
{
  protected:
    Result<void> send(const Incident &incident) { return sink_.on_incident(incident, explain(incident)); }

    test::FixtureTree tree_;
    std::filesystem::path path_ = tree_.at("socket");
    JournalSink sink_{path_};
};

std::map<std::string, std::string> map_of(const Incident &incident)
{
    const JournalFields fields = journal_fields(incident, explain(incident));
    std::map<std::string, std::string> result(fields.begin(), fields.end());
    EXPECT_EQ(result.size(), fields.size());
    return result;
}

TEST_F(JournalSinkTest, SendsOneEntryForAnIncident)
{
    FakeJournald journald(path_);
    Incident incident = sample::memcg_kill();
    ASSERT_TRUE(send(incident).has_value());
    const std::string datagram = journald.receive();
    EXPECT_EQ(datagram, journal_datagram(journal_fields(incident, explain(incident))));
    EXPECT_THAT(datagram, HasSubstr("\nMESSAGE_ID=" + std::string(journal_message_id) + "\nPRIORITY=3\n"));
    EXPECT_EQ(journald.receive(), "");
}

TEST_F(JournalSinkTest, NamesTheVictim)
{
    Incident incident = sample::memcg_kill();
    CgroupIdentity &identity = incident.victim->cgroup_identity;
    identity.systemd_unit = "docker-f00d.scope";
    identity.container_id = "f00d";
    identity.pod_name = "db-0";
    auto fields = map_of(incident);
    EXPECT_EQ(fields["OOMTRACE_INCIDENT_ID"], incident.id);
    EXPECT_EQ(fields["OOMTRACE_OUTCOME"], "killed");
    EXPECT_EQ(fields["OOMTRACE_CONSTRAINT"], "memcg");
    EXPECT_EQ(fields["OOMTRACE_VICTIM_COMM"], incident.victim->process.comm);
    EXPECT_EQ(fields["OOMTRACE_VICTIM_PID"], std::to_string(incident.victim->process.pid));
    EXPECT_EQ(fields["OOMTRACE_VICTIM_UNIT"], "docker-f00d.scope");
    EXPECT_EQ(fields["OBJECT_SYSTEMD_UNIT"], "docker-f00d.scope");
    EXPECT_EQ(fields["OOMTRACE_CONTAINER_ID"], "f00d");
    EXPECT_EQ(fields["OOMTRACE_POD_NAME"], "db-0");
    EXPECT_EQ(fields["OOMTRACE_MEMCG"], *incident.memcg.path);
    EXPECT_EQ(fields.count("OOMTRACE_POD_UID"), 0U); // not known
}

TEST_F(JournalSinkTest, HasNoVictimWhereThereIsNone)
{
    const auto fields = map_of(sample::notifier_freed());
    EXPECT_EQ(fields.at("PRIORITY"), "4");
    EXPECT_EQ(fields.count("OOMTRACE_VICTIM_COMM"), 0U);
    EXPECT_EQ(map_of(sample::panic()).at("PRIORITY"), "2");
}

TEST_F(JournalSinkTest, SendsAnyBytes)
{
    EXPECT_EQ(journal_datagram({{"A", "x\xff=y"}, {"B", "two\nlines"}, {"C", ""}}),
              std::string("A=x\xff=y\nB\n\x09\0\0\0\0\0\0\0two\nlines\nC=\n", 30));
}

TEST_F(JournalSinkTest, CutsWhatWouldNotFit)
{
    FakeJournald journald(path_);
    Incident incident = sample::memcg_kill();
    incident.memcg.path = std::string(100'000, 'x');
    incident.victim->process.cgroup = std::string(100'000, 'y');
    ASSERT_TRUE(send(incident).has_value());
    EXPECT_GT(journald.receive().size(), 16'384U);
}

TEST_F(JournalSinkTest, SaysThatThereIsNoJournal)
{
    const auto sent = send(sample::memcg_kill());
    ASSERT_FALSE(sent.has_value());
    EXPECT_EQ(sent.error().reason, "No such file or directory");
    EXPECT_THAT(sent.error().hint, HasSubstr("no systemd-journald"));
    // And writes to it when it comes.
    FakeJournald journald(path_);
    EXPECT_TRUE(send(sample::memcg_kill()).has_value());
}

TEST_F(JournalSinkTest, DoesNotWaitForAJournalThatDoesNotRead)
{
    FakeJournald journald(path_);
    const Incident incident = sample::memcg_kill();
    const Verdict verdict = explain(incident);
    Result<void> sent;
    for (int i = 0; i < 100'000 && sent; ++i)
        sent = sink_.on_incident(incident, verdict);
    ASSERT_FALSE(sent.has_value());
    EXPECT_THAT(sent.error().hint, HasSubstr("does not read"));
    journald.receive();
    EXPECT_TRUE(send(incident).has_value());
}

TEST(JournalCatalog, ExplainsTheMessageId)
{
    std::ifstream file(OOMTRACE_CATALOG);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_THAT(text, HasSubstr("\n-- " + std::string(journal_message_id) + "\nSubject: "));
    EXPECT_EQ(journal_message_id.size(), 32U);
    EXPECT_EQ(journal_message_id.find_first_not_of("0123456789abcdef"), std::string_view::npos);
    // Every field that it names is one that is sent.
    const auto fields = map_of(sample::memcg_kill());
    for (std::size_t at = text.find('@'); at != std::string::npos; at = text.find('@', at)) {
        const std::size_t end = text.find('@', at + 1);
        ASSERT_NE(end, std::string::npos);
        EXPECT_EQ(fields.count(text.substr(at + 1, end - at - 1)), 1U) << text.substr(at, end - at);
        at = end + 1;
    }
}

} // namespace

} // namespace oomtrace
