// SPDX-License-Identifier: Apache-2.0
//
// registry.h: the values behind the catalogue. Whoever counts an OOM does not wait for whoever serves a scrape: values are
// atomics; a lock is taken only where a series of an open family comes or goes, and never held over an allocation.
//
// Not prometheus-cpp's registry. Measured with 2,000 series (Debian's 1.0.1): a scrape takes 9.5 ms and 14,000 allocations,
// because it copies every family with all its strings, under the locks that the counting thread takes; it has no OpenMetrics;
// and Debian has it only as a shared library, which brings the whole C++ runtime, locked in memory like all of the agent.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "metrics/catalogue.h"

namespace oomtrace::metrics
{

using Clock = std::function<std::chrono::steady_clock::time_point()>;

// One line of a counter or a gauge, or the lines of one histogram. Values may be changed and read by any thread.
class Series
{
  public:
    void add(double value) { value_.fetch_add(value, std::memory_order_relaxed); }
    void set(double value) { value_.store(value, std::memory_order_relaxed); }
    // Of a counter that somebody else keeps: never goes back, whoever comes late with an older value.
    void raise_to(double value);
    [[nodiscard]] double value() const { return value_.load(std::memory_order_relaxed); }

    // Of a histogram only.
    void observe(double value);
    // Index: the bucket, the last one being +Inf; not cumulated.
    [[nodiscard]] std::uint64_t in_bucket(std::size_t bucket) const { return counts_[bucket].load(std::memory_order_relaxed); }

    // As both formats write it, without the braces: scope="memcg",why="chosen".
    [[nodiscard]] const std::string &labels() const { return labels_; }

  private:
    friend class Family;
    std::string labels_;
    std::atomic<double> value_{0}; // of a histogram: the sum
    const MetricSpec *spec_ = nullptr;
    std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;
    std::chrono::steady_clock::time_point used_;
};

class Family
{
  public:
    Family(const MetricSpec &spec, std::size_t series_limit);

    [[nodiscard]] const MetricSpec &spec() const { return *spec_; }

    // Calls `visit` with each series that is there; for any thread. `visit` must be quick: the counting thread may wait for it.
    template <typename Visit>
    void each(const Visit &visit) const
    {
        const std::lock_guard lock(names_);
        for (std::size_t i = 0; i < size_; ++i)
            visit(static_cast<const Series &>(series_[i]));
    }

    // One value per label of the catalogue, as raw bytes. Made at 0 if it is not there; null when there is no room for it. For
    // one thread at a time where it may have to be made.
    Series *find_or_make(std::span<const std::string_view> values, std::chrono::steady_clock::time_point now);
    // For what there is no room for; only of a family with open labels, and not of one that is known_later.
    Series *other() { return other_; }
    // Of the text of all its labels.
    [[nodiscard]] std::size_t label_bytes() const { return label_bytes_; }

  private:
    Series *make(std::string labels, std::chrono::steady_clock::time_point now);
    Series *replace_oldest(std::string labels, std::chrono::steady_clock::time_point now);
    [[nodiscard]] bool has_room_for(std::size_t label_bytes) const;

    const MetricSpec *spec_;
    std::size_t limit_;
    std::unique_ptr<Series[]> series_;                         // `limit_` of them, so that none ever moves
    std::unordered_map<std::string_view, Series *> by_labels_; // keys point into the series
    std::size_t label_bytes_ = 0;
    Series *other_ = nullptr;         // neither of the two counts towards the limit, or gives way
    Series *nothing_known_ = nullptr; // without labels
    mutable std::mutex names_;        // size_, and labels_ of the series
    std::size_t size_ = 0;
};

class Registry
{
  public:
    // With all series of the catalogue that can be named in advance, at 0.
    explicit Registry(
        std::size_t victim_series = default_victim_series, Clock clock = [] { return std::chrono::steady_clock::now(); });
    Registry(const Registry &) = delete;
    Registry &operator=(const Registry &) = delete;

    // A series of a closed family that can be: any thread. Any other: one thread, the one that counts. A family that is full
    // gives its series "other", and counts that; null where it has none.
    Series *find(Metric metric, std::span<const std::string_view> values);

    void add(Metric metric, std::initializer_list<std::string_view> values, double value = 1);
    void set(Metric metric, std::initializer_list<std::string_view> values, double value);
    void raise_to(Metric metric, std::initializer_list<std::string_view> values, double value);
    void observe(Metric metric, std::initializer_list<std::string_view> values, double value);

    [[nodiscard]] const std::vector<std::unique_ptr<Family>> &families() const { return families_; }

  private:
    std::vector<std::unique_ptr<Family>> families_; // index: enum Metric
    Clock clock_;
};

// name="value",... as both formats want it; an empty value is left out, as it means the same. Bytes that are not UTF-8 are
// escaped as in the JSON.
std::string label_text(const MetricSpec &spec, std::span<const std::string_view> values);

} // namespace oomtrace::metrics
