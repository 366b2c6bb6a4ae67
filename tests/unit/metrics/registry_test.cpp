// SPDX-License-Identifier: Apache-2.0
#include "metrics/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oomtrace::metrics
{
namespace
{

using testing::ElementsAre;
using namespace std::chrono_literals;

std::vector<std::string> lines_of(const Registry &registry, Metric metric)
{
    std::vector<std::string> lines;
    registry.families().at(static_cast<std::size_t>(metric))->each([&](const Series &series) {
        lines.push_back(series.labels() + " " + std::to_string(static_cast<int>(series.value())));
    });
    return lines;
}

constexpr const char *other = R"(namespace="other",pod="other",container="other",unit="other")";

TEST(Registry, LabelsAreEscapedOnceForPrometheus)
{
    EXPECT_EQ(label_text(spec_of(Metric::victims), std::vector<std::string_view>{"a\"b", "c\\d\ne", "\xff<script>", ""}),
              "namespace=\"a\\\"b\",pod=\"c\\\\d\\ne\",container=\"\xef\xbf\xbd"
              "ff<script>\"");
}

TEST(Registry, WhatHasNoRoomIsAddedToOtherAndCounted)
{
    Registry registry(2);
    for (const std::string_view pod : {"a", "b", "c", "a", "d", "c"})
        registry.add(Metric::victims, {"ns", pod, "", ""});
    EXPECT_THAT(lines_of(registry, Metric::victims),
                ElementsAre(std::string(other) + " 3", " 0", R"(namespace="ns",pod="a" 2)", R"(namespace="ns",pod="b" 1)"));
    EXPECT_THAT(lines_of(registry, Metric::series_folded),
                ElementsAre(R"(metric="oomtrace_victims" 3)", R"(metric="oomtrace_zone_free_bytes" 0)",
                            R"(metric="oomtrace_zone_watermark_bytes" 0)"));
}

TEST(Registry, ASeriesOfYesterdayGivesWayToANewOne)
{
    std::chrono::steady_clock::time_point now{1000h};
    Registry registry(2, [&now] { return now; });
    registry.add(Metric::victims, {"ns", "a", "", ""});
    registry.add(Metric::victims, {"ns", "b", "", ""});
    now += 23h;
    registry.add(Metric::victims, {"ns", "a", "", ""});
    registry.add(Metric::victims, {"ns", "too soon", "", ""});
    now += 2h; // b: 25 hours, a: 2
    registry.add(Metric::victims, {"ns", "c", "", ""});
    registry.add(Metric::victims, {"ns", "b", "", ""}); // no room any more
    EXPECT_THAT(lines_of(registry, Metric::victims),
                ElementsAre(std::string(other) + " 2", " 0", R"(namespace="ns",pod="a" 2)", R"(namespace="ns",pod="c" 1)"));
}

TEST(Registry, LongNamesAreFoldedBeforeTheyFillAScrape)
{
    Registry registry(1000);
    for (int i = 0; i < 1000; ++i)
        registry.add(Metric::victims, {"ns", std::string(1000, 'x') + std::to_string(i), "", ""});
    const auto &family = *registry.families().at(static_cast<std::size_t>(Metric::victims));
    EXPECT_LE(family.label_bytes(), most_label_bytes);
    EXPECT_GT(family.label_bytes(), most_label_bytes - 2000);
    const auto victims = lines_of(registry, Metric::victims);
    EXPECT_EQ(victims.front(), std::string(other) + " " + std::to_string(1000 - (static_cast<int>(victims.size()) - 2)));
}

TEST(Registry, ACounterOfSomebodyElseNeverGoesBack)
{
    Registry registry;
    registry.raise_to(Metric::records, {}, 7);
    registry.raise_to(Metric::records, {}, 5);
    EXPECT_THAT(lines_of(registry, Metric::records), ElementsAre(" 7"));
}

TEST(Registry, ACombinationThatWasThoughtImpossibleIsCountedAllTheSame)
{
    Registry registry;
    const auto before = lines_of(registry, Metric::oom_invocations).size();
    registry.add(Metric::oom_invocations, {"memcg", "cpuset", "killed"});
    const auto after = lines_of(registry, Metric::oom_invocations);
    ASSERT_EQ(after.size(), before + 1);
    EXPECT_EQ(after.back(), R"(scope="memcg",constraint="cpuset",outcome="killed" 1)");
}

} // namespace
} // namespace oomtrace::metrics
