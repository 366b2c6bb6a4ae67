// SPDX-License-Identifier: Apache-2.0
#include "sinks/json_file_sink.h"

#include <cerrno>
#include <limits>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sinks/incident_json.h"
#include "sinks/text_escape.h"

namespace oomtrace
{

namespace
{

constexpr std::size_t pipe_piece = 4096; // PIPE_BUF: what a pipe takes whole when poll() says that it takes something
constexpr int stalled_ms = 500;          // how often a reader that stalls is looked at for the end of the agent

bool is_stdout(const std::filesystem::path &path)
{
    return path == "-";
}

std::filesystem::path numbered(const std::filesystem::path &path, std::uint32_t number)
{
    return path.string() + "." + std::to_string(number);
}

} // namespace

Result<std::unique_ptr<JsonFileSink>> JsonFileSink::start(JsonFileOptions options)
{
    std::unique_ptr<JsonFileSink> sink(new JsonFileSink(std::move(options)));
    if (auto started = sink->writer_.start("oomtrace-json"); !started)
        return tl::unexpected(std::move(started.error()));
    return sink;
}

JsonFileSink::JsonFileSink(JsonFileOptions options)
    : options_(std::move(options)),
      writer_(options_.queue, {[this](std::span<const std::string> lines) { return write(lines); },
                               [this] {
                                   if (const auto opened = open(); !opened)
                                       tell(opened.error());
                               },
                               {}})
{
}

JsonFileSink::~JsonFileSink()
{
    stopping_ = true;
    writer_.stop();
}

Result<void> JsonFileSink::on_incident(const Incident &incident, const Verdict &verdict)
{
    std::string line = incident_json(incident, verdict) + '\n';
    const std::size_t bytes = line.size();
    if (writer_.push(std::move(line), bytes))
        return {};
    const std::lock_guard lock(health_mutex_);
    ++health_.dropped_queue_full;
    return fail(fmt::format("write incident {} to {}", escape_text(incident.id), options_.path.string()),
                fmt::format("the {} incidents before it still wait to be written", writer_.waiting().items),
                health_.last_error ? fmt::format("cannot {}: {}", health_.last_error->attempted, health_.last_error->reason)
                                   : "whoever reads them does not keep up");
}

Result<void> JsonFileSink::flush()
{
    if (writer_.flush(std::chrono::steady_clock::now() + options_.flush_timeout))
        return {};
    const JsonFileHealth now = health();
    return fail(fmt::format("write {} incidents to {}", now.queued, options_.path.string()),
                now.last_error ? now.last_error->reason : "they were not taken in time",
                now.last_error ? now.last_error->hint : "");
}

void JsonFileSink::reopen()
{
    reopen_wanted_ = true;
    writer_.nudge();
}

JsonFileHealth JsonFileSink::health()
{
    const auto waiting = writer_.waiting();
    const std::lock_guard lock(health_mutex_);
    JsonFileHealth health = health_;
    health.queued = waiting.items;
    health.queued_bytes = waiting.bytes;
    return health;
}

std::size_t JsonFileSink::write(std::span<const std::string> lines)
{
    std::size_t written = 0;
    for (; written < lines.size(); ++written) {
        const auto result = write_line(lines[written]);
        if (!result) {
            tell(result.error());
            break;
        }
        const std::lock_guard lock(health_mutex_);
        ++health_.written;
    }
    if (written > 0 && written == lines.size())
        tell({});
    return written;
}

Result<void> JsonFileSink::write_line(const std::string &line)
{
    if (is_stdout(options_.path))
        return write_to_stdout(line);
    if (auto opened = open(); !opened)
        return opened;
    struct stat status {
    };
    if (options_.max_bytes > 0 && ::fstat(file_.get(), &status) == 0 && status.st_size > 0 &&
        static_cast<std::uint64_t>(status.st_size) + line.size() > options_.max_bytes)
        if (auto rotated = rotate(); !rotated)
            return rotated;
    return write_to_file(line);
}

Result<void> JsonFileSink::write_to_file(const std::string &line)
{
    const off_t before = ::lseek(file_.get(), 0, SEEK_END);
    for (std::size_t at = 0; at < line.size();) {
        const ssize_t put = ::write(file_.get(), line.data() + at, line.size() - at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            const int error_number = put < 0 ? errno : ENOSPC;
            // Half a line would spoil the next one.
            if (before >= 0 && at > 0)
                (void)!::ftruncate(file_.get(), before);
            file_.reset();
            return fail_errno(fmt::format("write to {}", options_.path.string()), error_number,
                              "free some space; it is tried again, and meanwhile incidents wait");
        }
        at += static_cast<std::size_t>(put);
    }
    return {};
}

// Waits as long as it takes, but for the end of the agent: then the reader has half a line.
Result<void> JsonFileSink::write_to_stdout(const std::string &line)
{
    constexpr const char *attempted = "write an incident to stdout";
    for (std::size_t at = 0; at < line.size();) {
        pollfd out{STDOUT_FILENO, POLLOUT, 0};
        const int ready = ::poll(&out, 1, stalled_ms);
        if (ready == 0 && stopping_)
            return fail(attempted, "whoever reads it has stalled");
        if (ready <= 0)
            continue;
        const ssize_t put = ::write(STDOUT_FILENO, line.data() + at, std::min(line.size() - at, pipe_piece));
        if (put < 0 && errno != EINTR && errno != EAGAIN)
            return fail_errno(attempted, errno, "whoever reads it has gone");
        at += put > 0 ? static_cast<std::size_t>(put) : 0;
    }
    return {};
}

Result<void> JsonFileSink::open()
{
    if (is_stdout(options_.path))
        return {};
    if (reopen_wanted_.exchange(false))
        file_.reset();
    if (file_)
        return {};
    file_.reset(::open(options_.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
    if (!file_)
        return fail_errno(fmt::format("open {}", options_.path.string()), errno,
                          "check its directory and mode; it is tried again with the next incident");
    return {};
}

Result<void> JsonFileSink::rotate()
{
    const auto renamed = [](const std::filesystem::path &from, const std::filesystem::path &to) {
        return ::rename(from.c_str(), to.c_str()) == 0 || errno == ENOENT;
    };
    bool done = true;
    for (std::uint32_t number = options_.keep; number > 1 && done; --number)
        done = renamed(numbered(options_.path, number - 1), numbered(options_.path, number));
    if (done && options_.keep > 0)
        done = renamed(options_.path, numbered(options_.path, 1));
    else if (done)
        done = ::unlink(options_.path.c_str()) == 0 || errno == ENOENT;
    if (!done)
        return fail_errno(fmt::format("rotate {}", options_.path.string()), errno, "check the mode of its directory");
    file_.reset();
    {
        const std::lock_guard lock(health_mutex_);
        ++health_.rotations;
    }
    return open();
}

void JsonFileSink::tell(const std::optional<Error> &error)
{
    {
        const std::lock_guard lock(health_mutex_);
        health_.working = !error;
        if (error) {
            ++health_.failures;
            health_.last_error = error;
        }
    }
    if (failing_ != error.has_value() && options_.on_news)
        options_.on_news(error);
    failing_ = error.has_value();
}

} // namespace oomtrace
