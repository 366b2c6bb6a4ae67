// SPDX-License-Identifier: Apache-2.0
//
// json_file_sink.h: JSON lines for log shippers, in a file that is rotated, or on stdout. Written by a thread of its own, so
// that a full disk or a reader that stalls does not hold up the tracer.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "host/unique_fd.h"
#include "oomtrace/sink.h"
#include "sinks/background_writer.h"

namespace oomtrace
{

struct JsonFileOptions {
    std::filesystem::path path;         // "-": stdout
    std::uint64_t max_bytes = 64 << 20; // a line that would make the file larger begins a new one; 0: left to logrotate
    std::uint32_t keep = 5;             // FILE.1 (the newest) ... FILE.5, beside FILE
    BackgroundLimits queue;
    std::chrono::milliseconds flush_timeout{5000};
    // Called on the writer's thread, when writing begins to fail and when it works again (empty); may be empty.
    std::function<void(const std::optional<Error> &error)> on_news;
};

struct JsonFileHealth {
    bool working = true;
    std::uint64_t written = 0, failures = 0, dropped_queue_full = 0, rotations = 0;
    std::size_t queued = 0, queued_bytes = 0;
    std::optional<Error> last_error;
};

class JsonFileSink final : public Sink
{
  public:
    // Errors: no thread. What is wrong with the file is told as news, and tried again when there is something to write.
    static Result<std::unique_ptr<JsonFileSink>> start(JsonFileOptions options);
    ~JsonFileSink() override;

    // Renders and queues. Errors: the queue is full, and the line is dropped.
    Result<void> on_incident(const Incident &incident, const Verdict &verdict) override;
    Result<void> on_loss(const LossTotals &) override { return {}; }
    Result<void> flush() override;

    // The file has been moved away, or is to be opened again for another reason: before the next line, and at once if none is
    // being written. From any thread.
    void reopen();
    JsonFileHealth health();

  private:
    explicit JsonFileSink(JsonFileOptions options);

    // On the writer's thread.
    std::size_t write(std::span<const std::string> lines);
    Result<void> write_line(const std::string &line);
    Result<void> write_to_stdout(const std::string &line);
    Result<void> write_to_file(const std::string &line);
    Result<void> open();
    Result<void> rotate();
    void tell(const std::optional<Error> &error);

    JsonFileOptions options_;
    UniqueFd file_;
    bool failing_ = false;
    std::atomic<bool> reopen_wanted_ = false, stopping_ = false;
    std::mutex health_mutex_;
    JsonFileHealth health_;
    BackgroundWriter<std::string> writer_;
};

} // namespace oomtrace
