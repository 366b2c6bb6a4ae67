// SPDX-License-Identifier: Apache-2.0
#include "metrics/exposition.h"

#include <gtest/gtest.h>

namespace oomtrace::metrics
{
namespace
{

// The lines of one family, its head included.
std::string family_in(const std::string &text, const std::string &name)
{
    const auto begin = text.find("# HELP " + name + " ");
    if (begin == std::string::npos)
        return "";
    const auto end = std::min(text.find("# HELP ", begin + 1), text.find("# EOF", begin));
    return text.substr(begin, end - begin);
}

TEST(Exposition, CounterInBothFormats)
{
    Registry registry;
    registry.add(Metric::scores_compared, {"matched"}, 12);
    registry.add(Metric::scores_compared, {"mismatched"}, 4503599627370496.0);
    EXPECT_EQ(
        family_in(exposition(registry, Format::text), "oomtrace_scores_compared_total"),
        R"(# HELP oomtrace_scores_compared_total Scores of tasks that were worked out again from their sizes, by what the comparison with the kernel's gave.
# TYPE oomtrace_scores_compared_total counter
oomtrace_scores_compared_total{result="matched"} 12
oomtrace_scores_compared_total{result="mismatched"} 4503599627370496
oomtrace_scores_compared_total{result="not_comparable"} 0
)");
    EXPECT_EQ(
        family_in(exposition(registry, Format::openmetrics), "oomtrace_scores_compared"),
        R"(# HELP oomtrace_scores_compared Scores of tasks that were worked out again from their sizes, by what the comparison with the kernel's gave.
# TYPE oomtrace_scores_compared counter
oomtrace_scores_compared_total{result="matched"} 12
oomtrace_scores_compared_total{result="mismatched"} 4503599627370496
oomtrace_scores_compared_total{result="not_comparable"} 0
)");
}

TEST(Exposition, HistogramIsCumulatedAndABoundBelongsToItsBucket)
{
    Registry registry;
    for (const double tasks : {1.0, 2.0, 3.0, 30001.0})
        registry.observe(Metric::candidates, {}, tasks);
    EXPECT_EQ(family_in(exposition(registry, Format::text), "oomtrace_candidates"),
              R"(# HELP oomtrace_candidates Tasks that were weighed in an OOM.
# TYPE oomtrace_candidates histogram
oomtrace_candidates_bucket{le="1.0"} 1
oomtrace_candidates_bucket{le="3.0"} 3
oomtrace_candidates_bucket{le="10.0"} 3
oomtrace_candidates_bucket{le="30.0"} 3
oomtrace_candidates_bucket{le="100.0"} 3
oomtrace_candidates_bucket{le="300.0"} 3
oomtrace_candidates_bucket{le="1000.0"} 3
oomtrace_candidates_bucket{le="3000.0"} 3
oomtrace_candidates_bucket{le="10000.0"} 3
oomtrace_candidates_bucket{le="30000.0"} 3
oomtrace_candidates_bucket{le="+Inf"} 4
oomtrace_candidates_sum 30007
oomtrace_candidates_count 4
)");
}

TEST(Exposition, UnitAndInfoAreOpenMetricsAlone)
{
    Registry registry;
    registry.set(Metric::build, {"1.2.3", "fentry", "6.12.0"}, 1);
    registry.raise_to(Metric::cpu, {}, 0.125);
    const std::string text = exposition(registry, Format::text);
    const std::string open_metrics = exposition(registry, Format::openmetrics);
    const std::string info = "oomtrace_build_info{version=\"1.2.3\",attach_method=\"fentry\",kernel=\"6.12.0\"} 1\n";
    EXPECT_EQ(family_in(text, "oomtrace_build_info"), "# HELP oomtrace_build_info Always 1; the labels say what runs.\n"
                                                      "# TYPE oomtrace_build_info gauge\n" +
                                                          info);
    EXPECT_EQ(family_in(open_metrics, "oomtrace_build"), "# HELP oomtrace_build Always 1; the labels say what runs.\n"
                                                         "# TYPE oomtrace_build info\n" +
                                                             info);
    EXPECT_EQ(family_in(open_metrics, "oomtrace_cpu_seconds"),
              "# HELP oomtrace_cpu_seconds Processor time that the agent has used.\n# TYPE oomtrace_cpu_seconds counter\n"
              "# UNIT oomtrace_cpu_seconds seconds\noomtrace_cpu_seconds_total 0.125\n");
    EXPECT_EQ(text.find("# UNIT"), std::string::npos);
    EXPECT_EQ(text.find("# EOF"), std::string::npos);
    EXPECT_TRUE(open_metrics.ends_with("\n# EOF\n"));
}

TEST(Exposition, AFamilyWithoutSeriesIsNotMentioned)
{
    const Registry registry;
    EXPECT_EQ(exposition(registry, Format::text).find("oomtrace_zone_free_bytes "), std::string::npos);
}

TEST(Exposition, TheClientChooses)
{
    EXPECT_EQ(wanted_format(""), Format::text);
    EXPECT_EQ(wanted_format("*/*"), Format::text);
    EXPECT_EQ(wanted_format("text/html,application/xhtml+xml,*/*;q=0.8"), Format::text);
    EXPECT_EQ(wanted_format("text/plain"), Format::text);
    // Prometheus 2.42.
    EXPECT_EQ(wanted_format("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                            "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
              Format::openmetrics);
    EXPECT_EQ(wanted_format("text/plain;version=0.0.4, application/openmetrics-text; version=\"1.0.0\"; q=0.5"), Format::text);
    EXPECT_EQ(wanted_format("Application/OpenMetrics-Text;q=0.9, text/plain;q=0.8"), Format::openmetrics);
    EXPECT_EQ(wanted_format("application/openmetrics-text;version=2.0.0"), Format::text);
    EXPECT_EQ(wanted_format("application/openmetrics-text;q=0"), Format::text);
    EXPECT_EQ(wanted_format("application/openmetrics-text;q=nan,;;,=,\"\","), Format::text);
}

} // namespace
} // namespace oomtrace::metrics
