// SPDX-License-Identifier: Apache-2.0
//
// incident_thread.h: what is done with the reports of a log, on a thread of its own, while the log is read on: explaining and
// writing a report takes about as long as reading it does.
//
//   reading thread: bytes ─► LogReader ─► hand_over() ─► queue ─► the thread: incident_of ─► explain ─► sink
//
// Which of the two is the slower one depends on what is written. Where the thread does not keep up, the reading thread makes
// the incidents, which it would have to wait for otherwise.
//
// Why there is no data race: a report and the incident made from it refer to nothing outside of themselves and belong to the
// reading thread, then to the queue, then to the thread; they change hands under the mutex. What `work` uses is the thread's
// alone from start() to finish(), but for what it guards itself.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "kernel_log/report_incident.h"
#include "oomtrace/incident.h"
#include "sinks/small_thread.h"

namespace oomtrace
{

class IncidentThread
{
  public:
    // `work` must not throw; it is called for one incident after the other, in their order. `rest`, if there is one, is called
    // on the thread when no more are waiting.
    IncidentThread(std::function<void(const Incident &)> work, std::string tracer_version, std::function<void()> rest = {})
        : work_(std::move(work)), rest_(std::move(rest)), tracer_version_(std::move(tracer_version))
    {
    }
    IncidentThread(const IncidentThread &) = delete;
    IncidentThread &operator=(const IncidentThread &) = delete;
    ~IncidentThread() { finish(); }

    Result<void> start();
    // Returns when there is room for another one. Of a report with a long table that is when the work on it is done, so that
    // one is in memory at a time. The thread may begin some reports later: wake() when no more is at hand.
    void hand_over(kernel_log::FoundReport found);
    void wake();
    // Returns when the work is done on all of them; finish() ends the thread as well.
    void drain();
    void finish();

  private:
    struct Item {
        kernel_log::FoundReport found;
        std::unique_ptr<Incident> incident; // where the reading thread has made it
        std::size_t tasks = 0;              // in its table
    };

    void run();
    [[nodiscard]] bool is_full() const;
    [[nodiscard]] bool has_room() const;

    std::function<void(const Incident &)> work_;
    std::function<void()> rest_;
    std::string tracer_version_;
    std::mutex mutex_;
    std::condition_variable came_, went_;
    std::deque<Item> queue_; // the thread works on the first one
    // Back to the thread that made them: memory that one thread takes and another gives back costs the allocator more than the
    // report costs the reader.
    std::vector<Item> done_;
    std::size_t tasks_ = 0; // in the tables of those
    bool finishing_ = false;
    SmallThread thread_; // last: it uses all of the above
};

} // namespace oomtrace
