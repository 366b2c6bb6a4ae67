// SPDX-License-Identifier: Apache-2.0
#include "capture/names_reader.h"

#include <algorithm>
#include <csignal>
#include <string_view>
#include <utility>

namespace oomtrace
{

namespace
{

// Locked in memory as all of the tracer: what the deepest call needs, several times over.
constexpr std::size_t stack_bytes = 256U << 10;

template <std::size_t N>
bool put_text(wire_u8 (&field)[N], std::string_view text)
{
    if (text.size() >= N)
        return false;
    std::copy(text.begin(), text.end(), field);
    return true;
}

// Absent: there is nothing to tell.
std::optional<wire_cgroup_names> names_record(std::uint64_t memcg_id, const FoundNames &found)
{
    wire_cgroup_names names{};
    names.memcg_id = memcg_id;
    if (found.container_runtime && put_text(names.container_runtime, *found.container_runtime))
        names.valid |= WIRE_NAMES_RUNTIME;
    if (found.container_name && put_text(names.container_name, *found.container_name))
        names.valid |= WIRE_NAMES_CONTAINER;
    if (found.pod_name && found.pod_namespace && put_text(names.pod_name, *found.pod_name) &&
        put_text(names.pod_namespace, *found.pod_namespace))
        names.valid |= WIRE_NAMES_POD;
    put_text(names.note, std::string_view(found.note).substr(0, sizeof(names.note) - 1));
    return names.valid != 0 || !found.note.empty() ? std::optional(names) : std::nullopt;
}

} // namespace

Result<std::unique_ptr<NamesReader>> NamesReader::start(const std::filesystem::path &host_root)
{
    std::unique_ptr<NamesReader> reader(new NamesReader(host_root));
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, stack_bytes);
    // Signals are the collector's.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const auto body = [](void *self) -> void * {
        static_cast<NamesReader *>(self)->run();
        return nullptr;
    };
    const int error = ::pthread_create(&reader->thread_, &attributes, body, reader.get());
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::pthread_attr_destroy(&attributes);
    if (error != 0)
        return fail_errno("start the thread that reads names", error,
                          "it needs room for one thread and a locked stack of 256 KiB");
    reader->started_ = true;
    return reader;
}

NamesReader::~NamesReader()
{
    if (!started_)
        return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    asked_.notify_all();
    ::pthread_join(thread_, nullptr);
}

void NamesReader::run()
{
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (!step(lock))
            asked_.wait(lock);
    }
}

// One question, if there is any.
bool NamesReader::step(std::unique_lock<std::mutex> &lock)
{
    const auto job = std::ranges::find(jobs_, Job::State::asked, &Job::state);
    if (job == jobs_.end())
        return false;
    const auto at = static_cast<std::size_t>(job - jobs_.begin());
    const CgroupIdentity identity = job->question.identity;
    const std::uint64_t generation = generation_;
    job->state = Job::State::running;
    running_ = true;
    lock.unlock();
    FoundNames answer = names_.find(identity);
    lock.lock();
    running_ = false;
    if (generation == generation_) {
        jobs_[at].answer = std::move(answer);
        jobs_[at].state = Job::State::answered;
        answered_.notify_all();
    }
    return true;
}

std::vector<wire_cgroup_names> NamesReader::ask(std::vector<Question> questions, std::chrono::milliseconds patience)
{
    std::unique_lock lock(mutex_);
    const bool hangs = running_;
    jobs_.clear();
    for (Question &question : questions)
        jobs_.push_back({Job::State::asked, std::move(question), {}});
    if (!hangs) {
        asked_.notify_one();
        answered_.wait_for(lock, patience, [&] {
            return std::ranges::all_of(jobs_, [](const Job &job) { return job.state == Job::State::answered; });
        });
    }
    std::vector<wire_cgroup_names> records;
    for (const Job &job : jobs_) {
        FoundNames found = job.answer;
        if (job.state != Job::State::answered)
            found.note = hangs ? "names: the reading of an earlier incident's has not come back"
                               : "names: reading them took too long: given up";
        if (const auto record = names_record(job.question.memcg_id, found))
            records.push_back(*record);
    }
    ++generation_;
    jobs_.clear();
    return records;
}

} // namespace oomtrace
