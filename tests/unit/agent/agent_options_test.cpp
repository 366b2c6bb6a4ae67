// SPDX-License-Identifier: Apache-2.0
#include "cli/agent_command_line.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <unistd.h>

namespace oomtrace
{
namespace
{

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A configuration file of these lines.
class ConfigFile
{
  public:
    explicit ConfigFile(const std::string &text)
    {
        char path[] = "/tmp/oomtrace-agent-conf-XXXXXX";
        const int fd = ::mkstemp(path);
        ::close(fd);
        path_ = path;
        std::ofstream(path_) << text;
    }
    ConfigFile(const ConfigFile &) = delete;
    ConfigFile &operator=(const ConfigFile &) = delete;
    ~ConfigFile() { std::filesystem::remove(path_); }

    [[nodiscard]] AgentArguments arguments(std::vector<std::string> command_line = {}) const
    {
        return {path_, false, std::move(command_line)};
    }
    [[nodiscard]] const std::string &path() const { return path_; }

  private:
    std::string path_;
};

TEST(AgentOptions, AreTheDefaultsWithoutAFile)
{
    const ConfigFile empty("");
    const auto options = load_agent_options(empty.arguments());
    ASSERT_TRUE(options) << options.error().reason;
    EXPECT_EQ(*options, AgentOptions{});
}

TEST(AgentOptions, AreReadFromTheFile)
{
    const ConfigFile file("# a comment\n"
                          "\n"
                          "attach = tracepoint\n"
                          "  ring-size=8M   # another comment\n"
                          "walk-time-limit = 50ms\r\n"
                          "store = \"/srv/a # b.db\"\n"
                          "store.max-age = 36h\n"
                          "store.max-size = 1G\n"
                          "web.listen-address = none\n"
                          "journal = false\n"
                          "cmdline = full\n"
                          "hostname = node-17\n");
    const auto options = load_agent_options(file.arguments());
    ASSERT_TRUE(options) << options.error().reason;
    AgentOptions expected;
    expected.method = AttachMethod::tracepoint;
    expected.ring_bytes = 8 << 20;
    expected.walk_time_limit = std::chrono::milliseconds(50);
    expected.store = "/srv/a # b.db";
    expected.store_max_age = std::chrono::hours(36);
    expected.store_max_bytes = 1 << 30;
    expected.web_listen_address = "";
    expected.journal = false;
    expected.identity.cmdline = CmdlineMode::full;
    expected.identity.hostname = "node-17";
    EXPECT_EQ(*options, expected);
}

TEST(AgentOptions, OfTheCommandLineWinOverTheFile)
{
    const ConfigFile file("store.max-incidents = 5\njson-file = /var/log/x.jsonl\n");
    const auto options = load_agent_options(file.arguments({"--json-file", "none", "--store.max-incidents=7"}));
    ASSERT_TRUE(options) << options.error().reason;
    EXPECT_EQ(options->store_max_incidents, 7U);
    EXPECT_EQ(options->json_file, "");
}

TEST(AgentOptions, AreRefusedWithTheLine)
{
    const std::vector<std::pair<std::string, std::string>> refused{
        {"\n\ncolour = red\n", "line 3: "},
        {"attach fentry\n", "line 1: \"attach fentry\" is not \"name = value\""},
        {"# x\nattach = magic\n", "line 2: --attach: \"magic\" is none of auto, fentry, kprobe, tracepoint"},
        {"store.max-incidents = -4\n", "line 1: "},
        {"store.max-size = 12 furlongs\n", "line 1: "},
        {"cmdline = everything\n", "line 1: "},
        {"journal = perhaps\n", "line 1: "},
        {"config = /etc/other\n", "line 1: config is for the command line only"},
        {"web.tls-key = /x\n", "--web.tls-certificate"},
    };
    for (const auto &[text, reason] : refused) {
        const ConfigFile file(text);
        const auto options = load_agent_options(file.arguments());
        ASSERT_FALSE(options) << text;
        EXPECT_THAT(options.error().reason, HasSubstr(reason)) << text;
        EXPECT_THAT(options.error().attempted, HasSubstr(file.path()));
    }
}

TEST(AgentOptions, OfAFileThatIsNotThereAreAnError)
{
    const auto options = load_agent_options({"/nowhere/agent.conf", false, {}});
    ASSERT_FALSE(options);
    EXPECT_EQ(options.error().reason, "No such file or directory");
}

TEST(AgentOptions, ThatARunningAgentCannotTakeUpAreNamed)
{
    AgentOptions wanted;
    wanted.ring_bytes = 1 << 20;
    wanted.store_max_incidents = 3;
    wanted.web_listen_address = "";
    EXPECT_THAT(needs_restart(AgentOptions{}, wanted), ElementsAre("ring-size", "web.listen-address"));
    const AgentOptions now = take_up(AgentOptions{}, wanted);
    EXPECT_EQ(now.store_max_incidents, 3U);
    EXPECT_EQ(now.ring_bytes, std::nullopt);
    EXPECT_THAT(needs_restart(now, AgentOptions{}), IsEmpty());
}

// deploy/agent.conf has every option, and with its default: uncommented it changes nothing.
TEST(AgentOptions, AllStandInTheDeliveredFile)
{
    std::ifstream delivered(OOMTRACE_AGENT_CONF);
    ASSERT_TRUE(delivered);
    std::set<std::string> written;
    std::string line, defaults;
    const std::regex option(R"(# ([a-z.\-]+) = (.*))");
    const std::set<std::string> examples{"ring-size", "hostname", "web.tls-certificate", "web.tls-key", "web.auth-file"};
    while (std::getline(delivered, line)) {
        std::smatch match;
        if (!std::regex_match(line, match, option))
            continue;
        written.insert(match[1]);
        if (!examples.contains(match[1]))
            defaults += line.substr(2) + "\n";
    }
    CLI::App app;
    const AgentOptionTable table(app);
    std::set<std::string> known;
    for (const CLI::Option *known_option : app.get_options()) {
        if (const std::string name = known_option->get_single_name();
            name != "help" && name != "config" && name != "check-config")
            known.insert(name);
    }
    EXPECT_EQ(written, known);

    const ConfigFile file(defaults);
    const auto options = load_agent_options(file.arguments());
    ASSERT_TRUE(options) << options.error().reason;
    AgentOptions expected;
    expected.walk_time_limit = std::chrono::milliseconds(20); // what SessionOptions has
    EXPECT_EQ(*options, expected);
}

} // namespace
} // namespace oomtrace
