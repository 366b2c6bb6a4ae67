// SPDX-License-Identifier: Apache-2.0
#include "sinks/json_file_sink.h"

#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <thread>

#include "explain/explain.h"
#include "json_of.h"
#include "support/fixture_tree.h"
#include "support/in_child.h"
#include "support/sample_incident.h"

namespace oomtrace
{

namespace
{

using namespace std::chrono_literals;

class JsonFileSinkTest : public testing::Test
{
  protected:
    [[nodiscard]] JsonFileOptions options() const
    {
        JsonFileOptions result;
        result.path = tree_.at("incidents.jsonl");
        result.queue.first_pause = 10ms;
        return result;
    }
    static Result<void> put(JsonFileSink &sink) { return sink.on_incident(incident(), explain(incident())); }
    static const Incident &incident()
    {
        static const Incident sample = sample::memcg_kill();
        return sample;
    }
    static std::string line() { return json_of(incident()).dump() + "\n"; }

    test::FixtureTree tree_;
};

TEST_F(JsonFileSinkTest, WritesALineForAnIncident)
{
    tree_.write("incidents.jsonl", "before\n");
    {
        const auto sink = JsonFileSink::start(options()).value();
        ASSERT_TRUE(put(*sink) && put(*sink) && sink->flush());
        EXPECT_EQ(sink->health().written, 2U);
    }
    EXPECT_EQ(tree_.read("incidents.jsonl"), "before\n" + line() + line());
}

TEST_F(JsonFileSinkTest, WritesWhatIsQueuedAtTheEnd)
{
    {
        const auto sink = JsonFileSink::start(options()).value();
        ASSERT_TRUE(put(*sink));
    }
    EXPECT_EQ(tree_.read("incidents.jsonl"), line());
}

TEST_F(JsonFileSinkTest, Rotates)
{
    JsonFileOptions rotating = options();
    rotating.max_bytes = line().size() * 2;
    rotating.keep = 2;
    const auto sink = JsonFileSink::start(rotating).value();
    for (int i = 0; i < 9; ++i)
        ASSERT_TRUE(put(*sink) && sink->flush());
    EXPECT_EQ(tree_.read("incidents.jsonl"), line());
    EXPECT_EQ(tree_.read("incidents.jsonl.1"), line() + line());
    EXPECT_EQ(tree_.read("incidents.jsonl.2"), line() + line());
    EXPECT_FALSE(std::filesystem::exists(tree_.at("incidents.jsonl.3")));
    EXPECT_EQ(sink->health().rotations, 4U);
}

TEST_F(JsonFileSinkTest, OpensTheFileAgainWhenAsked)
{
    const auto sink = JsonFileSink::start(options()).value();
    ASSERT_TRUE(put(*sink) && sink->flush());
    std::filesystem::rename(tree_.at("incidents.jsonl"), tree_.at("moved"));
    sink->reopen();
    ASSERT_TRUE(put(*sink) && put(*sink) && sink->flush());
    EXPECT_EQ(tree_.read("moved"), line());
    EXPECT_EQ(tree_.read("incidents.jsonl"), line() + line());
}

TEST_F(JsonFileSinkTest, WaitsForItsDirectory)
{
    JsonFileOptions missing = options();
    missing.path = tree_.at("later/incidents.jsonl");
    std::vector<std::string> news;
    missing.on_news = [&](const std::optional<Error> &error) { news.push_back(error ? error->reason : "works again"); };
    {
        const auto sink = JsonFileSink::start(missing).value();
        ASSERT_TRUE(put(*sink));
        const auto flushed = sink->flush();
        ASSERT_FALSE(flushed.has_value());
        EXPECT_EQ(flushed.error().reason, "No such file or directory");
        EXPECT_FALSE(sink->health().working);
        std::filesystem::create_directory(tree_.at("later"));
        ASSERT_TRUE(sink->flush().has_value());
        EXPECT_TRUE(sink->health().working);
    }
    EXPECT_EQ(tree_.read("later/incidents.jsonl"), line());
    EXPECT_THAT(news, testing::ElementsAre("No such file or directory", "works again"));
}

TEST_F(JsonFileSinkTest, LeavesNoHalfLineOnAFullDisk)
{
    const std::string seen = test::in_child([&]() -> std::string {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlim_t room = line().size() + line().size() / 2;
        const rlimit limit{room, room};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        JsonFileOptions unrotated = options();
        unrotated.max_bytes = 0;
        const auto sink = JsonFileSink::start(unrotated).value();
        (void)put(*sink);
        (void)put(*sink);
        const auto flushed = sink->flush();
        return flushed ? "flushed" : flushed.error().reason;
    });
    EXPECT_EQ(seen, "File too large");
    EXPECT_EQ(tree_.read("incidents.jsonl"), line());
}

// The pipe's reader sleeps until it is woken: what the pipe does not hold has to wait, but not here.
TEST_F(JsonFileSinkTest, IsNotHeldUpByAReaderOfStdout)
{
    const std::string seen = test::in_child([&]() -> std::string {
        int ends[2];
        if (::pipe(ends) != 0 || ::dup2(ends[1], STDOUT_FILENO) < 0)
            return "no pipe";
        ::close(ends[1]);
        JsonFileOptions piped = options();
        piped.path = "-";
        piped.queue.max_bytes = 40 * line().size();
        piped.flush_timeout = 100ms;
        std::size_t taken = 0;
        {
            const auto sink = JsonFileSink::start(piped).value();
            const std::size_t many = (1 << 20) / line().size() + 100;
            while (taken < many && put(*sink))
                ++taken;
            if (taken == many)
                return "all taken";
            if (sink->flush())
                return "flushed";
            std::string all;
            std::thread reader([&] {
                std::array<char, 65536> piece{};
                while (all.size() < taken * line().size())
                    all.append(piece.data(), static_cast<std::size_t>(::read(ends[0], piece.data(), piece.size())));
            });
            reader.join();
            std::string expected;
            for (std::size_t i = 0; i < taken; ++i)
                expected += line();
            if (all != expected)
                return "torn";
            while (put(*sink)) // and it ends with a reader that stalls
                ;
        }
        return "whole";
    });
    EXPECT_EQ(seen, "whole");
}

} // namespace

} // namespace oomtrace
