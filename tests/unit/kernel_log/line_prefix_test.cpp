// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/line_prefix.h"

#include <ostream>
#include <string>

#include <gtest/gtest.h>

namespace oomtrace::kernel_log
{
namespace
{

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t moment = 1'795'573'356 * second; // 2026-11-25T02:22:36Z

struct Case {
    std::string name;
    std::string line;
    std::string text;
    Speaker speaker = Speaker::kernel;
    std::optional<std::uint64_t> monotonic_ns;
    std::optional<std::int64_t> realtime_ns;
    std::string host;
    std::string caller;
};

std::ostream &operator<<(std::ostream &out, const Case &one)
{
    return out << one.name;
}

class LinePrefix : public testing::TestWithParam<Case>
{
};

TEST_P(LinePrefix, IsTakenOff)
{
    const Case &expected = GetParam();
    std::string scratch;
    const LogLine line = strip_prefixes(expected.line, scratch);
    EXPECT_EQ(line.text, expected.text);
    EXPECT_EQ(line.speaker, expected.speaker);
    EXPECT_EQ(line.monotonic_ns, expected.monotonic_ns);
    EXPECT_EQ(line.realtime_ns, expected.realtime_ns);
    EXPECT_EQ(line.host, expected.host);
    EXPECT_EQ(line.caller, expected.caller);
    EXPECT_FALSE(line.field_only);
}

const Case cases[] = {
    {"None", "Mem-Info:", "Mem-Info:", Speaker::unmarked, {}, {}, "", ""},
    {"Indented", " active_file:0", " active_file:0", Speaker::unmarked, {}, {}, "", ""},
    {"TableRow", "[    105]     0   105 a", "[    105]     0   105 a", Speaker::unmarked, {}, {}, "", ""},
    {"OldTableRow", "[ 1234]  1000  1234 a", "[ 1234]  1000  1234 a", Speaker::unmarked, {}, {}, "", ""},
    {"Dmesg", "[    9.240518] Mem-Info:", "Mem-Info:", Speaker::kernel, 9'240'518'000, {}, "", ""},
    {"DmesgKeepsIndent", "[    9.240518]  active_file:0", " active_file:0", Speaker::kernel, 9'240'518'000, {}, "", ""},
    {"DmesgRow", "[    9.240518] [    105]     0 a", "[    105]     0 a", Speaker::kernel, 9'240'518'000, {}, "", ""},
    {"Caller", "[    9.240518][  T123] x", "x", Speaker::kernel, 9'240'518'000, {}, "", "T123"},
    {"CallerCpu", "[    9.240518][    C1] x", "x", Speaker::kernel, 9'240'518'000, {}, "", "C1"},
    {"CallerOnly", "[  T123] x", "x", Speaker::kernel, {}, {}, "", "T123"},
    {"Delta", "[    5.402082 <    0.000537>] x", "x", Speaker::kernel, 5'402'082'000, {}, "", ""},
    {"HumanTime", "[Wed Nov 25 02:22:36 2026] x", "x", Speaker::kernel, {}, {}, "", ""},
    {"ShortHumanTime", "[Nov25 02:22] x", "x", Speaker::kernel, {}, {}, "", ""},
    {"RelativeTime", "[  +0.000012] x", "x", Speaker::kernel, {}, {}, "", ""},
    {"IsoTime", "2026-11-25T02:22:36,000000+00:00 x", "x", Speaker::kernel, {}, moment, "", ""},
    {"Raw", "<4>[    9.240518] x", "x", Speaker::kernel, 9'240'518'000, {}, "", ""},
    {"Decoded", "kern  :warn  : [    9.240518] x", "x", Speaker::kernel, 9'240'518'000, {}, "", ""},
    {"Kmsg", "6,1234,5678901,-;x", "x", Speaker::kernel, 5'678'901'000, {}, "", ""},
    {"KmsgCaller", "4,5,6000,-,caller=T77;x", "x", Speaker::kernel, 6'000'000, {}, "", "T77"},
    {"KmsgEscapes",
     R"(6,1,2,-;a\x0ab\xffc\x5cd)",
     "a\nb\xff"
     "c\\d",
     Speaker::kernel,
     2000,
     {},
     "",
     ""},
    {"Syslog", "Nov 25 02:22:36 db1 kernel: x", "x", Speaker::kernel, {}, {}, "db1", ""},
    {"SyslogDay", "Nov  5 02:22:36 db1 kernel: x", "x", Speaker::kernel, {}, {}, "db1", ""},
    {"SyslogStamped", "Nov 25 02:22:36 db1 kernel: [    9.5] x", "x", Speaker::kernel, 9'500'000'000, {}, "db1", ""},
    {"SyslogPriority", "Jun 10 13:33:11 XX user.warn kernel: x", "x", Speaker::kernel, {}, {}, "XX", ""},
    {"SyslogOther", "Nov 25 02:22:36 db1 sshd[12]: x", "x", Speaker::other, {}, {}, "db1", ""},
    {"Precise", "Nov 25 02:22:36.123456 db1 kernel: x", "x", Speaker::kernel, {}, {}, "db1", ""},
    {"ShortIso", "2026-11-25T02:22:36+0000 db1 kernel: x", "x", Speaker::kernel, {}, moment, "db1", ""},
    {"IsoZone", "2026-11-25T03:22:36.500000+01:00 db1 kernel: x", "x", Speaker::kernel, {}, moment + second / 2, "db1", ""},
    {"ShortFull", "Wed 2026-11-25 02:22:36 UTC db1 kernel: x", "x", Speaker::kernel, {}, moment, "db1", ""},
    {"Unix", "1795573356.000000 db1 kernel: x", "x", Speaker::kernel, {}, moment, "db1", ""},
    {"ShortMonotonic", "[    9.240518] db1 kernel: x", "x", Speaker::kernel, 9'240'518'000, {}, "db1", ""},
    {"Rfc5424", "<4>1 2026-11-25T02:22:36Z db1 kernel - - - x", "x", Speaker::kernel, {}, moment, "db1", ""},
    {"Cri", "2026-11-25T02:22:36Z stdout F [    9.5] x", "x", Speaker::kernel, 9'500'000'000, moment, "", ""},
    {"Docker", R"({"log":"[    9.5] a \"b\"\n","stream":"stdout","time":"2026-11-25T02:22:36Z"})", "a \"b\"", Speaker::kernel,
     9'500'000'000, moment, "", ""},
    {"JournalJson",
     R"({"__REALTIME_TIMESTAMP":"1795573356000000","MESSAGE":"x","_TRANSPORT":"kernel","_HOSTNAME":"db1","_SOURCE_MONOTONIC_TIMESTAMP":"9500000"})",
     "x", Speaker::kernel, 9'500'000'000, moment, "db1", ""},
    {"JournalJsonBytes",
     R"({"MESSAGE":[97,255,98],"_TRANSPORT":"kernel"})",
     "a\xff"
     "b",
     Speaker::kernel,
     {},
     {},
     "",
     ""},
    {"DmesgJson", R"(         "msg": "x y")", "x y", Speaker::kernel, {}, {}, "", ""},
    {"Export", "MESSAGE=x", "x", Speaker::unmarked, {}, {}, "", ""},
    {"CarriageReturn", "[    9.5] x\r", "x", Speaker::kernel, 9'500'000'000, {}, "", ""},
    {"NotAYear", "Nov 25 02:22 db1 kernel: x", "Nov 25 02:22 db1 kernel: x", Speaker::unmarked, {}, {}, "", ""},
    {"CutStamp", "[    9.24", "[    9.24", Speaker::unmarked, {}, {}, "", ""},
    {"CutKmsg", "6,1234,56", "6,1234,56", Speaker::unmarked, {}, {}, "", ""},
};

INSTANTIATE_TEST_SUITE_P(Formats, LinePrefix, testing::ValuesIn(cases),
                         [](const testing::TestParamInfo<Case> &one) { return one.param.name; });

TEST(LinePrefixFields, OfARecordAreKeptApartFromItsMessage)
{
    std::string scratch;
    EXPECT_EQ(strip_prefixes("_HOSTNAME=db1", scratch).host, "db1");
    EXPECT_TRUE(strip_prefixes("_HOSTNAME=db1", scratch).field_only);
    EXPECT_EQ(strip_prefixes("__REALTIME_TIMESTAMP=1795573356000000", scratch).realtime_ns, moment);
    const LogLine time = strip_prefixes(R"(         "time":    12.345678,)", scratch);
    EXPECT_TRUE(time.field_only);
    EXPECT_EQ(time.monotonic_ns, 12'345'678'000U);
}

} // namespace
} // namespace oomtrace::kernel_log
