// SPDX-License-Identifier: Apache-2.0
#include "metrics/catalogue.h"

#include <fstream>
#include <iterator>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/exposition.h"
#include "metrics/reference_page.h"
#include "oomtrace/kernel_event.h"

namespace oomtrace::metrics
{
namespace
{

TEST(Catalogue, IsInTheOrderOfItsEnumeration)
{
    std::size_t index = 0;
    for (const MetricSpec &spec : catalogue())
        EXPECT_EQ(static_cast<std::size_t>(spec.metric), index++) << spec.name;
    EXPECT_EQ(index, static_cast<std::size_t>(Metric::open_fds) + 1);
}

TEST(Catalogue, NamesAreAsOpenMetricsWantsThem)
{
    std::set<std::string_view> names;
    for (const MetricSpec &spec : catalogue()) {
        EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
        EXPECT_TRUE(spec.name.starts_with("oomtrace_")) << spec.name;
        if (!spec.unit.empty()) {
            EXPECT_TRUE(spec.name.ends_with("_" + std::string(spec.unit))) << spec.name;
        }
        for (const std::string_view suffix : {"_total", "_info", "_bucket", "_sum", "_count", "_created"})
            EXPECT_FALSE(spec.name.ends_with(suffix)) << spec.name;
        EXPECT_EQ(spec.buckets.empty(), spec.type != MetricType::histogram) << spec.name;
        EXPECT_TRUE(std::is_sorted(spec.buckets.begin(), spec.buckets.end())) << spec.name;
        EXPECT_FALSE(spec.help.empty()) << spec.name;
        EXPECT_TRUE(spec.help.ends_with('.')) << spec.name;
        EXPECT_FALSE(spec.read.empty()) << spec.name;
    }
}

TEST(Catalogue, HasANameForEveryReasonOfLoss)
{
    EXPECT_EQ(loss_reasons().size(), std::tuple_size_v<DropCounts> + 2);
}

// What must be there from the start, worked out here from the labels alone.
std::vector<std::string> lines_at_zero(const MetricSpec &spec)
{
    std::vector<std::string> label_sets = {""};
    std::vector<std::vector<std::string_view>> combinations = {{}};
    for (const Label &label : spec.labels) {
        std::vector<std::vector<std::string_view>> longer;
        for (const auto &combination : combinations) {
            for (const std::string &value : label.values) {
                longer.push_back(combination);
                longer.back().emplace_back(value);
            }
        }
        combinations = longer;
    }
    std::vector<std::string> lines;
    for (const auto &combination : combinations) {
        if (spec.can_be != nullptr && !spec.can_be(combination))
            continue;
        std::string labels;
        for (std::size_t i = 0; i < combination.size(); ++i)
            labels += (i == 0 ? "" : ",") + std::string(spec.labels[i].name) + "=\"" + std::string(combination[i]) + "\"";
        const std::string braced = labels.empty() ? "" : "{" + labels + "}";
        if (spec.type == MetricType::histogram) {
            lines.push_back(std::string(spec.name) + "_bucket{" + labels + (labels.empty() ? "" : ",") + "le=\"+Inf\"} 0");
            lines.push_back(std::string(spec.name) + "_sum" + braced + " 0");
            lines.push_back(std::string(spec.name) + "_count" + braced + " 0");
        } else {
            lines.push_back(sample_name(spec) + braced + " 0");
        }
    }
    return lines;
}

TEST(Catalogue, EverySeriesThatCanBeNamedIsThereAtZeroFromTheStart)
{
    const Registry registry;
    for (const Format format : {Format::text, Format::openmetrics}) {
        const std::string text = "\n" + exposition(registry, format);
        std::size_t checked = 0;
        for (const MetricSpec &spec : catalogue()) {
            if (spec.known_later || spec.open())
                continue;
            const auto lines = lines_at_zero(spec);
            ASSERT_FALSE(lines.empty()) << spec.name;
            for (const std::string &line : lines)
                EXPECT_NE(text.find("\n" + line + "\n"), std::string::npos) << line;
            checked += lines.size();
        }
        EXPECT_GT(checked, 150U);
        EXPECT_NE(text.find("\noomtrace_victims_total 0\n"), std::string::npos);
        EXPECT_NE(
            text.find("\noomtrace_victims_total{namespace=\"other\",pod=\"other\",container=\"other\",unit=\"other\"} 0\n"),
            std::string::npos);
    }
}

TEST(Catalogue, ReferencePageIsTheOneInTheSources)
{
    std::ifstream file(METRICS_PAGE);
    ASSERT_TRUE(file) << METRICS_PAGE;
    const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    EXPECT_EQ(page, reference_page()) << "build/release/src/metrics/oomtrace_metrics_page > docs/metrics.md";
}

} // namespace
} // namespace oomtrace::metrics
