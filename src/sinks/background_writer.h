// SPDX-License-Identifier: Apache-2.0
//
// background_writer.h: a bounded queue and the thread that writes what is in it, so that a disk that hangs or a reader that
// stalls never holds up the tracer. The thread sleeps until there is something to do: no timer runs while the queue is empty.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "sinks/small_thread.h"

namespace oomtrace
{

struct BackgroundLimits {
    std::size_t max_items = 1024;
    std::size_t max_bytes = 2 << 20; // an item that alone is larger is taken when the queue is empty
    std::size_t batch_items = 64;    // handed to the writer at a time
    std::chrono::milliseconds first_pause{1000}, longest_pause{60'000};
    std::size_t stack_bytes = 256 << 10;
};

template <typename Item>
class BackgroundWriter
{
  public:
    struct Work {
        // Gives how many of the batch, from its first on, it has dealt with, for good or ill. When that is none, they are tried
        // again after a pause, which doubles each time, with what has come meanwhile behind them.
        std::function<std::size_t(std::span<const Item> batch)> write;
        std::function<void()> tidy; // once at the start, and after each nudge(); may be empty
        std::function<void()> end;  // the last thing that the thread does; may be empty
    };

    BackgroundWriter(BackgroundLimits limits, Work work) : limits_(limits), work_(std::move(work)) {}
    BackgroundWriter(const BackgroundWriter &) = delete;
    BackgroundWriter &operator=(const BackgroundWriter &) = delete;
    // Tries once to write what is queued.
    ~BackgroundWriter() { stop(); }

    Result<void> start(const char *thread_name)
    {
        auto started = thread_.start(thread_name, limits_.stack_bytes, [this] { run(); });
        stopped_ = !started;
        return started;
    }

    // false: the queue is full, and the item is not taken. `bytes`: what it takes in memory.
    bool push(Item item, std::size_t bytes)
    {
        const std::lock_guard lock(mutex_);
        if (waiting_items() >= limits_.max_items || (waiting_items() > 0 && bytes_ + bytes > limits_.max_bytes))
            return false;
        bytes_ += bytes;
        queue_.emplace_back(std::move(item), bytes);
        wake_.notify_one();
        return true;
    }

    // Has the thread tidy up, when it comes to it.
    void nudge()
    {
        const std::lock_guard lock(mutex_);
        tidy_wanted_ = true;
        wake_.notify_one();
    }

    // Until all is written; false: not by the deadline, or an attempt that began after the call has failed.
    bool flush(std::chrono::steady_clock::time_point deadline)
    {
        std::unique_lock lock(mutex_);
        const std::uint64_t enough_attempts = attempts_ended_ + (batch_sizes_.empty() ? 1 : 2);
        retry_at_ = {};
        wake_.notify_one();
        drained_.wait_until(lock, deadline, [&] {
            return waiting_items() == 0 || (pausing_ && attempts_ended_ >= enough_attempts) || stopped_;
        });
        return waiting_items() == 0;
    }

    // What is not written then is lost, and counted in the result.
    std::size_t stop()
    {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            retry_at_ = {};
            wake_.notify_one();
        }
        thread_.join();
        return waiting_items();
    }

    struct Waiting {
        std::size_t items = 0, bytes = 0;
    };
    [[nodiscard]] Waiting waiting() const
    {
        const std::lock_guard lock(mutex_);
        return {waiting_items(), bytes_};
    }

  private:
    [[nodiscard]] std::size_t waiting_items() const { return queue_.size() + batch_sizes_.size(); }

    void run()
    {
        std::unique_lock lock(mutex_);
        std::chrono::milliseconds pause = limits_.first_pause;
        while (!stopping_ || !(queue_.empty() || pausing_)) {
            wait(lock);
            if (std::exchange(tidy_wanted_, false) && work_.tidy) {
                lock.unlock();
                work_.tidy();
                lock.lock();
            }
            if (queue_.empty() || !(stopping_ || due()))
                continue;
            pausing_ = !write_batch(lock);
            retry_at_ = {};
            if (pausing_)
                retry_at_ = std::chrono::steady_clock::now() + pause;
            pause = pausing_ ? std::min(pause * 2, limits_.longest_pause) : limits_.first_pause;
            ++attempts_ended_;
            drained_.notify_all();
        }
        lock.unlock();
        if (work_.end)
            work_.end();
        lock.lock();
        stopped_ = true;
        drained_.notify_all();
    }

    [[nodiscard]] bool due() const { return std::chrono::steady_clock::now() >= retry_at_; }

    void wait(std::unique_lock<std::mutex> &lock)
    {
        while (!tidy_wanted_ && !stopping_ && (queue_.empty() || !due())) {
            if (queue_.empty())
                wake_.wait(lock);
            else
                wake_.wait_until(lock, retry_at_);
        }
    }

    // false: none of it was dealt with.
    bool write_batch(std::unique_lock<std::mutex> &lock)
    {
        std::vector<Item> batch;
        while (!queue_.empty() && batch.size() < limits_.batch_items) {
            batch.push_back(std::move(queue_.front().first));
            batch_sizes_.push_back(queue_.front().second);
            queue_.pop_front();
        }
        lock.unlock();
        const std::size_t done = std::min(work_.write(batch), batch.size());
        lock.lock();
        for (std::size_t i = 0; i < done; ++i) {
            bytes_ -= batch_sizes_.front();
            batch_sizes_.pop_front();
        }
        for (std::size_t i = batch.size(); i > done; --i) {
            queue_.emplace_front(std::move(batch[i - 1]), batch_sizes_.back());
            batch_sizes_.pop_back();
        }
        return done > 0;
    }

    BackgroundLimits limits_;
    Work work_;
    mutable std::mutex mutex_;
    std::condition_variable wake_, drained_;
    std::deque<std::pair<Item, std::size_t>> queue_;
    std::deque<std::size_t> batch_sizes_; // of what is being written: until then it counts as waiting
    std::size_t bytes_ = 0;
    std::chrono::steady_clock::time_point retry_at_{};
    std::uint64_t attempts_ended_ = 0;
    bool tidy_wanted_ = true;
    bool stopping_ = false, stopped_ = false, pausing_ = false;
    SmallThread thread_; // last: it uses all of the above
};

} // namespace oomtrace
