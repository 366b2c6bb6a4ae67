// SPDX-License-Identifier: Apache-2.0
#include "cli/incident_thread.h"

#include <utility>

namespace oomtrace
{

namespace
{

// A log is read block by block, and the reports of a block come together: as many as the thread is to have meanwhile.
constexpr std::size_t most_incidents = 64;
constexpr std::size_t worth_waking = 16;
constexpr std::size_t worth_helping = 24; // behind a thread that was woken in time there are fewer
constexpr std::size_t most_tasks = 8192;  // a task takes 300 to 400 bytes
constexpr std::size_t stack_bytes = 1UL << 20;

} // namespace

Result<void> IncidentThread::start()
{
    return thread_.start("explain", stack_bytes, [this] { run(); });
}

bool IncidentThread::is_full() const
{
    return queue_.size() >= most_incidents || tasks_ > most_tasks;
}

// Half of it: one of the two threads would wake the other for each incident otherwise.
bool IncidentThread::has_room() const
{
    return queue_.size() <= most_incidents / 2 && tasks_ <= most_tasks / 2;
}

void IncidentThread::hand_over(kernel_log::FoundReport found)
{
    Item item{std::move(found), nullptr, 0};
    item.tasks = item.found.report->rows.size();
    std::vector<Item> done;
    std::unique_lock lock(mutex_);
    if (queue_.size() >= worth_helping) {
        lock.unlock();
        item.incident = std::make_unique<Incident>(kernel_log::incident_of(item.found, tracer_version_));
        lock.lock();
    }
    tasks_ += item.tasks;
    queue_.push_back(std::move(item));
    if (queue_.size() == worth_waking || tasks_ > most_tasks)
        came_.notify_one();
    if (is_full())
        went_.wait(lock, [this] { return has_room(); });
    done.swap(done_);
    lock.unlock();
}

void IncidentThread::wake()
{
    const std::lock_guard lock(mutex_);
    if (!queue_.empty())
        came_.notify_one();
}

void IncidentThread::drain()
{
    std::unique_lock lock(mutex_);
    came_.notify_one();
    went_.wait(lock, [this] { return queue_.empty(); });
}

void IncidentThread::finish()
{
    {
        const std::lock_guard lock(mutex_);
        finishing_ = true;
        came_.notify_one();
    }
    thread_.join();
}

void IncidentThread::run()
{
    std::unique_lock lock(mutex_);
    while (true) {
        came_.wait(lock, [this] { return !queue_.empty() || finishing_; });
        if (queue_.empty())
            return;
        Item &item = queue_.front(); // stays where it is: a deque that grows at its end moves nothing
        lock.unlock();
        if (item.incident)
            work_(*item.incident);
        else
            work_(kernel_log::incident_of(item.found, tracer_version_));
        lock.lock();
        if (rest_ && queue_.size() == 1) { // before drain() sees the last one gone
            lock.unlock();
            rest_();
            lock.lock();
        }
        tasks_ -= item.tasks;
        done_.push_back(std::move(item));
        queue_.pop_front();
        if (has_room())
            went_.notify_one();
    }
}

} // namespace oomtrace
