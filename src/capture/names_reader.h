// SPDX-License-Identifier: Apache-2.0
//
// names_reader.h: what files on the host call the owners of an incident's cgroups, read on a thread of its own: they come from
// disks that are slow when memory is short. The collector never waits longer than a bound.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <string>
#include <vector>

#include "host/host_names.h"
#include "oomtrace/result.h"
#include "oomtrace/wire_record.h"

namespace oomtrace
{

class NamesReader
{
  public:
    // The thread has the capabilities of the one that calls this: drop what is not needed before. What it may do with root's
    // rights: CAP_DAC_READ_SEARCH for rootless Podman's names. `host_root` is where the host's "/" lies.
    static Result<std::unique_ptr<NamesReader>> start(const std::filesystem::path &host_root);
    ~NamesReader();
    NamesReader(const NamesReader &) = delete;
    NamesReader &operator=(const NamesReader &) = delete;

    struct Question {
        std::uint64_t memcg_id = 0;
        CgroupIdentity identity;
    };
    // At the end of an episode: the answers with something in them, those that did not come in time with a note instead. Waits
    // for `patience` at most, and not at all while the thread hangs in what an earlier episode asked for.
    std::vector<wire_cgroup_names> ask(std::vector<Question> questions, std::chrono::milliseconds patience);

  private:
    struct Job {
        enum class State : std::uint8_t { asked, running, answered } state = State::asked;
        Question question;
        FoundNames answer;
    };

    explicit NamesReader(const std::filesystem::path &host_root) : names_(host_root) {}
    void run();
    bool step(std::unique_lock<std::mutex> &lock);

    const HostNames names_;
    std::mutex mutex_;
    std::condition_variable asked_, answered_;
    std::vector<Job> jobs_;
    std::uint64_t generation_ = 0; // of `jobs_`
    bool running_ = false;         // the thread is at a job, of this generation or of an earlier one
    bool stopping_ = false;
    pthread_t thread_{};
    bool started_ = false;
};

} // namespace oomtrace
