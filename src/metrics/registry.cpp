// SPDX-License-Identifier: Apache-2.0
#include "metrics/registry.h"

#include <algorithm>

#include "sinks/text_escape.h"

namespace oomtrace::metrics
{

namespace
{

constexpr std::string_view folded = "other";

// Calls `visit` with every combination of the closed labels that can be.
template <typename Visit>
void every_combination(const MetricSpec &spec, std::vector<std::string_view> &values, const Visit &visit)
{
    if (values.size() == spec.labels.size()) {
        if (!spec.can_be || spec.can_be(values))
            visit(values);
        return;
    }
    for (const std::string &value : spec.labels[values.size()].values) {
        values.emplace_back(value);
        every_combination(spec, values, visit);
        values.pop_back();
    }
}

// Also those that the catalogue thinks cannot be: should one come, it is counted.
std::size_t combinations(const MetricSpec &spec)
{
    std::size_t product = 1;
    for (const Label &label : spec.labels)
        product *= label.values.size();
    return product;
}

} // namespace

void Series::raise_to(double value)
{
    double before = value_.load(std::memory_order_relaxed);
    while (before < value && !value_.compare_exchange_weak(before, value, std::memory_order_relaxed)) {
    }
}

void Series::observe(double value)
{
    const auto &bounds = spec_->buckets;
    const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
    add(value);
    counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
}

std::string label_text(const MetricSpec &spec, std::span<const std::string_view> values)
{
    std::string text;
    for (std::size_t i = 0; i < spec.labels.size(); ++i) {
        if (values[i].empty())
            continue;
        text += text.empty() ? "" : ",";
        text += spec.labels[i].name;
        text += "=\"";
        for (const char c : escape_text(values[i])) {
            if (c == '\n') {
                text += "\\n";
                continue;
            }
            if (c == '\\' || c == '"')
                text += '\\';
            text += c;
        }
        text += '"';
    }
    return text;
}

Family::Family(const MetricSpec &spec, std::size_t series_limit)
    : spec_(&spec), limit_(spec.open() ? series_limit : combinations(spec))
{
    const bool has_other = spec.open() && !spec.known_later;
    if (has_other)
        limit_ += 2;
    series_ = std::make_unique<Series[]>(limit_);
    by_labels_.reserve(limit_);
    const std::chrono::steady_clock::time_point start{};
    if (has_other) {
        other_ = make(label_text(spec, std::vector<std::string_view>(spec.labels.size(), folded)), start);
        nothing_known_ = make({}, start);
        return;
    }
    if (spec.open() || spec.known_later)
        return;
    std::vector<std::string_view> values;
    every_combination(spec, values, [&](const auto &combination) { find_or_make(combination, start); });
}

bool Family::has_room_for(std::size_t label_bytes) const
{
    return !spec_->open() || label_bytes_ + label_bytes <= most_label_bytes;
}

Series *Family::make(std::string labels, std::chrono::steady_clock::time_point now)
{
    Series &series = series_[size_];
    if (spec_->type == MetricType::histogram)
        series.counts_ = std::make_unique<std::atomic<std::uint64_t>[]>(spec_->buckets.size() + 1);
    series.spec_ = spec_;
    series.used_ = now;
    label_bytes_ += labels.size();
    {
        const std::lock_guard lock(names_);
        series.labels_.swap(labels);
        ++size_;
    }
    by_labels_.emplace(series.labels_, &series);
    return &series;
}

// Counters that go and come again are nothing new to Prometheus: every restart does it.
Series *Family::replace_oldest(std::string labels, std::chrono::steady_clock::time_point now)
{
    if (spec_->gives_way_after.count() == 0)
        return nullptr;
    Series *oldest = nullptr;
    for (std::size_t i = 0; i < size_; ++i) {
        Series &series = series_[i];
        if (&series != other_ && &series != nothing_known_ && (oldest == nullptr || series.used_ < oldest->used_))
            oldest = &series;
    }
    if (oldest == nullptr || now - oldest->used_ < spec_->gives_way_after)
        return nullptr;
    if (label_bytes_ - oldest->labels_.size() + labels.size() > most_label_bytes)
        return nullptr;
    label_bytes_ = label_bytes_ - oldest->labels_.size() + labels.size();
    by_labels_.erase(oldest->labels_);
    {
        const std::lock_guard lock(names_);
        oldest->labels_.swap(labels);
        oldest->set(0);
    }
    oldest->used_ = now;
    by_labels_.emplace(oldest->labels_, oldest);
    return oldest;
}

Series *Family::find_or_make(std::span<const std::string_view> values, std::chrono::steady_clock::time_point now)
{
    std::string labels = label_text(*spec_, values);
    if (const auto found = by_labels_.find(labels); found != by_labels_.end()) {
        if (spec_->open())
            found->second->used_ = now;
        return found->second;
    }
    if (size_ < limit_ && has_room_for(labels.size()))
        return make(std::move(labels), now);
    return replace_oldest(std::move(labels), now);
}

Registry::Registry(std::size_t victim_series, Clock clock) : clock_(std::move(clock))
{
    for (const MetricSpec &spec : catalogue()) {
        const std::size_t limit = spec.metric == Metric::victims ? victim_series : spec.series_limit;
        families_.push_back(std::make_unique<Family>(spec, limit));
    }
}

Series *Registry::find(Metric metric, std::span<const std::string_view> values)
{
    Family &family = *families_[static_cast<std::size_t>(metric)];
    if (Series *const found = family.find_or_make(values, clock_()))
        return found;
    add(Metric::series_folded, {family.spec().name});
    return family.other();
}

void Registry::add(Metric metric, std::initializer_list<std::string_view> values, double value)
{
    if (Series *const series = find(metric, values))
        series->add(value);
}

void Registry::set(Metric metric, std::initializer_list<std::string_view> values, double value)
{
    if (Series *const series = find(metric, values))
        series->set(value);
}

void Registry::raise_to(Metric metric, std::initializer_list<std::string_view> values, double value)
{
    if (Series *const series = find(metric, values))
        series->raise_to(value);
}

void Registry::observe(Metric metric, std::initializer_list<std::string_view> values, double value)
{
    if (Series *const series = find(metric, values))
        series->observe(value);
}

} // namespace oomtrace::metrics
