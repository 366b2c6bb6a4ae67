// SPDX-License-Identifier: Apache-2.0
//
// incident_thread.h: what is done with the incidents of a log, on a thread of its own, while the log is read on: explaining and
// writing a report takes about as long as reading it does.
//
//   reading thread: bytes ─► LogReader ─► hand_over() ─► queue ─► the thread: explain ─► sink
//
// Why there is no data race: an Incident refers to nothing outside of itself and belongs to the reading thread, then to the
// queue, then to the thread; it changes hands under the mutex. What `work` uses is the thread's alone from start() to finish(),
// but for what it guards itself.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "oomtrace/incident.h"
#include "sinks/small_thread.h"

namespace oomtrace
{

class IncidentThread
{
  public:
    // `work` must not throw; it is called for one incident after the other, in their order.
    explicit IncidentThread(std::function<void(const Incident &)> work) : work_(std::move(work)) {}
    IncidentThread(const IncidentThread &) = delete;
    IncidentThread &operator=(const IncidentThread &) = delete;
    ~IncidentThread() { finish(); }

    Result<void> start();
    // Returns when there is room for another one. Of an incident with a long table that is when the work on it is done, so that
    // one is in memory at a time. The thread may begin some incidents later: wake() when no more is at hand.
    void hand_over(Incident incident);
    void wake();
    // Returns when the work is done on all of them; finish() ends the thread as well.
    void drain();
    void finish();

  private:
    void run();
    [[nodiscard]] bool is_full() const;
    [[nodiscard]] bool has_room() const;

    std::function<void(const Incident &)> work_;
    std::mutex mutex_;
    std::condition_variable came_, went_;
    std::deque<Incident> queue_; // the thread works on the first one
    // Back to the thread that made them: memory that one thread takes and another gives back costs the allocator more than the
    // report costs the reader.
    std::vector<Incident> done_;
    std::size_t tasks_ = 0; // in the tables of those
    bool finishing_ = false;
    SmallThread thread_; // last: it uses all of the above
};

} // namespace oomtrace
