// SPDX-License-Identifier: Apache-2.0
//
// store_sink.h: incidents into the store, from a thread of its own. Whatever becomes of the disk, the tracer goes on: incidents
// wait in a bounded queue (compressed) until the file can be written again. A damaged file is moved aside, and a new one begun.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "oomtrace/sink.h"
#include "sinks/background_writer.h"
#include "store/incident_store.h"

namespace oomtrace
{

struct StoreNews {
    enum class Kind : std::uint8_t {
        failing,     // for the first time, or for another reason than before
        recovered,   // what was waiting has been written
        moved_aside, // the file was damaged; `error` says how, and its hint where it is now
    };
    Kind kind = Kind::failing;
    Error error; // empty when recovered
};

struct StoreSinkOptions {
    std::filesystem::path path;
    StoreLimits limits{std::chrono::hours(24 * 90), 10'000, 128 << 20};
    BackgroundLimits queue;
    std::chrono::milliseconds flush_timeout{5000};
    IncidentStore::Clock realtime_ns; // empty: the system's clock
    // Called on the writer's thread; may be empty.
    std::function<void(const StoreNews &news)> on_news;
    std::function<void(const std::string &id)> on_stored; // it is on the disk
};

struct StoreHealth {
    bool working = true; // the last use of the file went well
    std::uint64_t written = 0;
    std::uint64_t already_kept = 0; // of the same id
    std::uint64_t dropped_queue_full = 0, dropped_too_large = 0, dropped_refused = 0;
    std::array<std::uint64_t, store_failures> failures{}; // uses of the file that failed, by StoreFailure
    std::uint64_t moved_aside = 0;
    std::size_t queued = 0, queued_bytes = 0;
    StoreFacts facts; // when the file was last used
    std::optional<Error> last_error;
    std::int64_t last_error_ns = 0; // realtime
};

class StoreSink final : public Sink
{
  public:
    // Starts the thread, which opens the file at once: what is wrong with it is told as news. Errors: no thread.
    static Result<std::unique_ptr<StoreSink>> start(StoreSinkOptions options);
    ~StoreSink() override;

    // Renders, compresses and queues; never waits for the disk. Errors: it is dropped, because the queue is full or it is too
    // large; they are counted as well.
    Result<void> on_incident(const Incident &incident, const Verdict &verdict) override;
    Result<void> on_loss(const LossTotals &) override { return {}; }
    // Waits until all is written, an attempt fails or flush_timeout has passed.
    Result<void> flush() override;

    // From the tracer's thread. Applied at once, or when the file can be written again.
    void set_limits(StoreLimits limits);

    // From any thread. Looks at the age of the oldest incident too, and has it taken out when its time has come: no timer runs
    // for that.
    StoreHealth health();

  private:
    explicit StoreSink(StoreSinkOptions options);

    // On the writer's thread.
    std::size_t write(std::span<const PackedIncident> batch);
    std::size_t write_singly(std::span<const PackedIncident> batch);
    void tidy();
    StoreResult<void> open();
    template <typename Use>
    auto with_store(Use use) -> decltype(use(std::declval<IncidentStore &>()));
    StoreResult<void> replace_damaged(const Error &damage);
    void failed(const StoreError &error);
    void succeeded();
    void tell(StoreNews::Kind kind, Error error) const;

    StoreSinkOptions options_;
    std::unique_ptr<IncidentStore> store_; // the writer's
    std::optional<StoreFailure> failing_;  // the writer's
    std::mutex health_mutex_;
    StoreHealth health_;
    std::int64_t tidied_ns_ = 0; // realtime, when it was last asked for
    BackgroundWriter<PackedIncident> writer_;
};

} // namespace oomtrace
