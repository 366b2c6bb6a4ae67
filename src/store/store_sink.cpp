// SPDX-License-Identifier: Apache-2.0
#include "store/store_sink.h"

#include <algorithm>

#include <fmt/format.h>

#include "sinks/text_escape.h"
#include "store/incident_columns.h"
#include "store/store_file.h"

namespace oomtrace
{

namespace
{

constexpr std::int64_t tidy_interval_ns = 3600LL * 1'000'000'000;

std::int64_t system_realtime_ns()
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::uint64_t largest_incident(const StoreLimits &limits)
{
    // Half of the store at most: the other half is for those before it.
    return std::max(limits.max_bytes.value_or(UINT64_MAX), smallest_store_bytes) / 2;
}

} // namespace

Result<std::unique_ptr<StoreSink>> StoreSink::start(StoreSinkOptions options)
{
    if (!options.realtime_ns)
        options.realtime_ns = system_realtime_ns;
    std::unique_ptr<StoreSink> sink(new StoreSink(std::move(options)));
    if (auto started = sink->writer_.start("oomtrace-store"); !started)
        return tl::unexpected(std::move(started.error()));
    return sink;
}

StoreSink::StoreSink(StoreSinkOptions options)
    : options_(std::move(options)),
      writer_(options_.queue, {[this](std::span<const PackedIncident> batch) { return write(batch); }, [this] { tidy(); },
                               [this] { store_.reset(); }})
{
}

StoreSink::~StoreSink()
{
    writer_.stop();
}

Result<void> StoreSink::on_incident(const Incident &incident, const Verdict &verdict)
{
    const std::string attempted = fmt::format("keep incident {} in the store", escape_text(incident.id));
    auto packed = pack(archive(incident, verdict));
    if (!packed)
        return fail(attempted, packed.error().reason);
    const std::size_t bytes = packed->bytes();
    if (bytes > largest_incident(options_.limits)) {
        const std::lock_guard lock(health_mutex_);
        ++health_.dropped_too_large;
        return fail(attempted, fmt::format("it takes {} KiB, more than half of the store", bytes / 1024),
                    "allow the store more bytes");
    }
    if (writer_.push(std::move(*packed), bytes))
        return {};
    const std::lock_guard lock(health_mutex_);
    ++health_.dropped_queue_full;
    return fail(attempted, fmt::format("the {} incidents before it still wait to be written", writer_.waiting().items),
                health_.last_error ? fmt::format("cannot {}: {}", health_.last_error->attempted, health_.last_error->reason)
                                   : "the disk is slow");
}

Result<void> StoreSink::flush()
{
    if (writer_.flush(std::chrono::steady_clock::now() + options_.flush_timeout))
        return {};
    const StoreHealth now = health();
    return fail(fmt::format("write {} incidents to the store {}", now.queued, options_.path.string()),
                now.last_error ? now.last_error->reason : "the disk did not answer in time",
                now.last_error ? now.last_error->hint : "");
}

void StoreSink::set_limits(StoreLimits limits)
{
    {
        const std::lock_guard lock(health_mutex_);
        options_.limits = limits;
    }
    writer_.nudge();
}

StoreHealth StoreSink::health()
{
    const auto waiting = writer_.waiting();
    const std::lock_guard lock(health_mutex_);
    const std::int64_t now_ns = options_.realtime_ns();
    if (options_.limits.max_age && health_.facts.oldest_ns &&
        *health_.facts.oldest_ns + options_.limits.max_age->count() < now_ns && now_ns - tidied_ns_ > tidy_interval_ns) {
        tidied_ns_ = now_ns;
        writer_.nudge();
    }
    StoreHealth health = health_;
    health.queued = waiting.items;
    health.queued_bytes = waiting.bytes;
    return health;
}

std::size_t StoreSink::write(std::span<const PackedIncident> batch)
{
    const auto added = with_store([&](IncidentStore &store) { return store.add(batch); });
    if (added) {
        {
            const std::lock_guard lock(health_mutex_);
            health_.written += *added;
            health_.already_kept += batch.size() - *added;
        }
        if (options_.on_stored)
            for (const PackedIncident &incident : batch)
                options_.on_stored(incident.summary.id);
        return batch.size();
    }
    if (added.error().failure != StoreFailure::other)
        return 0;
    if (batch.size() > 1)
        return write_singly(batch);
    const std::lock_guard lock(health_mutex_);
    ++health_.dropped_refused;
    return 1;
}

// Something in the batch cannot be stored, ever: it must not keep the others out.
std::size_t StoreSink::write_singly(std::span<const PackedIncident> batch)
{
    for (std::size_t i = 0; i < batch.size(); ++i)
        if (write(batch.subspan(i, 1)) == 0)
            return i;
    return batch.size();
}

void StoreSink::tidy()
{
    (void)with_store([](IncidentStore &store) { return store.prune(); });
}

StoreResult<void> StoreSink::open()
{
    // Whatever is there now under that name is the store.
    if (store_ && store_->moved())
        store_.reset();
    StoreLimits limits;
    {
        const std::lock_guard lock(health_mutex_);
        limits = options_.limits;
    }
    if (store_) {
        store_->set_limits(limits);
        return {};
    }
    auto opened = IncidentStore::open_for_writing(options_.path, limits, options_.realtime_ns);
    if (!opened)
        return tl::unexpected(std::move(opened.error()));
    store_ = std::move(*opened);
    return {};
}

template <typename Use>
auto StoreSink::with_store(Use use) -> decltype(use(std::declval<IncidentStore &>()))
{
    for (bool replaced = false;; replaced = true) {
        auto opened = open();
        auto result = opened ? use(*store_) : tl::unexpected(std::move(opened.error()));
        if (result) {
            succeeded();
            return result;
        }
        // The next use begins with a fresh connection.
        store_.reset();
        failed(result.error());
        if (result.error().failure != StoreFailure::corrupt || replaced)
            return result;
        if (auto made_room = replace_damaged(result.error().error); !made_room) {
            failed(made_room.error());
            return tl::unexpected(std::move(made_room.error()));
        }
    }
}

StoreResult<void> StoreSink::replace_damaged(const Error &damage)
{
    const auto moved = move_damaged_store_aside(options_.path, options_.realtime_ns());
    if (!moved)
        return tl::unexpected(moved.error());
    {
        const std::lock_guard lock(health_mutex_);
        ++health_.moved_aside;
    }
    tell(StoreNews::Kind::moved_aside,
         {damage.attempted, damage.reason, fmt::format("it is kept as {}; a new store is begun", moved->string())});
    return {};
}

void StoreSink::failed(const StoreError &error)
{
    {
        const std::lock_guard lock(health_mutex_);
        health_.working = false;
        ++health_.failures.at(static_cast<std::size_t>(error.failure));
        health_.last_error = error.error;
        health_.last_error_ns = options_.realtime_ns();
    }
    if (failing_ != error.failure)
        tell(StoreNews::Kind::failing, error.error);
    failing_ = error.failure;
}

void StoreSink::succeeded()
{
    auto facts = store_->facts();
    {
        const std::lock_guard lock(health_mutex_);
        health_.working = true;
        if (facts)
            health_.facts = *facts;
    }
    if (failing_)
        tell(StoreNews::Kind::recovered, {});
    failing_.reset();
}

void StoreSink::tell(StoreNews::Kind kind, Error error) const
{
    if (options_.on_news)
        options_.on_news({kind, std::move(error)});
}

} // namespace oomtrace
