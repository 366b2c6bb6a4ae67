// SPDX-License-Identifier: Apache-2.0
//
// oom_workload: processes of a known size, for tests, the quick start and benchmarks. No dependencies, so that it links
// statically and runs in an initramfs. Every process it starts, and it itself, dies with its parent (but for --sharers).
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <optional>
#include <sched.h>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>

#include "fragment_memory.h"

namespace
{

constexpr std::string_view usage_text = R"(usage: oom_workload COMMAND [OPTIONS]
  hold   hold memory of each kind and sleep until killed
           --anon SIZE  --shmem SIZE  --file SIZE (of a deleted file in --directory, locked so that reclaim leaves it)
           --swapped SIZE  of --anon, moved to swap at once, as far as there is room
           --locked 1  lock --anon, so that it stays where it is while vm.compact_unevictable_allowed is 0
           --sharers N  further processes, named "sharer", that share the address space (CLONE_VM without CLONE_THREAD)
           --leader-exits 1  the thread-group leader exits; another thread stays
  eat    allocate and touch until killed; exit 1 when --max is reached alive
           --step SIZE (1M)  --max SIZE (none)  --pause-ms N between steps (0)  --thread NAME allocates in a thread of that name
           --until-kill 1  end, with exit 0, once the kernel has killed somebody else
           --cpu-ms N   be killed by SIGPROF after as much processor time, also inside a page fault that is tried again for ever
           --go-fd N    be ready, but do not start before the other end of this pipe is closed
  many   fork children that hold memory and sleep
           --count N  --each SIZE
  fragment  take all memory but --spare SIZE in pages that cannot be moved (of pipes), give every second one back, and ask for
         blocks of four pages in a row until the kernel has killed somebody; exit 1 when it has not
           --cached FILE  read it into the page cache first, so that reclaim gets on, and compaction is tried again
every command:
  --name NAME      its comm (at most 15 bytes)
  --adj N          its oom_score_adj (lowering it needs CAP_SYS_RESOURCE)
  --uid N          run as this user and group
  --cgroup DIR     enter this cgroup first
  --directory DIR  for --file (default /var/tmp)
  --bind NODE      take memory from this NUMA node only (MPOL_BIND)
  --ready-fd N     write "ready" to this descriptor once the memory is held (eat: before it starts), then close it
SIZE: bytes, or with a suffix K, M or G (powers of 1024); rounded up to pages.
)";

struct Options {
    std::string command, name, cgroup, thread_name, cached;
    std::string directory = "/var/tmp";
    std::uint64_t anon = 0, shmem = 0, file = 0, swapped = 0, each = 0, spare = 0;
    std::uint64_t step = std::uint64_t{1} << 20;
    std::optional<std::uint64_t> max;
    std::uint64_t count = 0, pause_ms = 0, sharers = 0, leader_exits = 0, until_kill = 0, locked = 0, cpu_ms = 0;
    std::optional<std::int64_t> adj;
    std::optional<std::uint64_t> uid, ready_fd, go_fd, bind;
};

[[noreturn]] void usage_error(const std::string &message)
{
    std::fprintf(stderr, "oom_workload: %s\n%s", message.c_str(), std::string(usage_text).c_str());
    std::exit(2);
}

template <typename Number>
Number parse_number(std::string_view option, std::string_view text)
{
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        usage_error(std::string(option) + " wants a number, not '" + std::string(text) + "'");
    return value;
}

std::uint64_t parse_size(std::string_view option, std::string_view text)
{
    unsigned shift = 0;
    if (!text.empty()) {
        switch (text.back()) {
        case 'K':
            shift = 10;
            break;
        case 'M':
            shift = 20;
            break;
        case 'G':
            shift = 30;
            break;
        default:
            break;
        }
    }
    const auto value = parse_number<std::uint64_t>(option, shift == 0 ? text : text.substr(0, text.size() - 1));
    const auto page_mask = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) - 1;
    if (value > (UINT64_MAX >> shift) - page_mask)
        usage_error(std::string(option) + ": '" + std::string(text) + "' is too large");
    return ((value << shift) + page_mask) & ~page_mask;
}

Options parse_options(std::span<char *> arguments)
{
    Options options;
    if (arguments.empty())
        usage_error("no command");
    options.command = arguments[0];
    if (options.command == "-h" || options.command == "--help") {
        std::fputs(std::string(usage_text).c_str(), stdout);
        std::exit(0);
    }
    for (std::size_t i = 1; i < arguments.size(); i += 2) {
        const std::string_view option = arguments[i];
        if (i + 1 == arguments.size())
            usage_error(std::string(option) + " wants a value");
        const std::string_view value = arguments[i + 1];
        if (option == "--cached")
            options.cached = value;
        else if (option == "--anon")
            options.anon = parse_size(option, value);
        else if (option == "--shmem")
            options.shmem = parse_size(option, value);
        else if (option == "--file")
            options.file = parse_size(option, value);
        else if (option == "--swapped")
            options.swapped = parse_size(option, value);
        else if (option == "--each")
            options.each = parse_size(option, value);
        else if (option == "--spare")
            options.spare = parse_size(option, value);
        else if (option == "--step")
            options.step = parse_size(option, value);
        else if (option == "--max")
            options.max = parse_size(option, value);
        else if (option == "--count")
            options.count = parse_number<std::uint64_t>(option, value);
        else if (option == "--pause-ms")
            options.pause_ms = parse_number<std::uint64_t>(option, value);
        else if (option == "--cpu-ms")
            options.cpu_ms = parse_number<std::uint64_t>(option, value);
        else if (option == "--adj")
            options.adj = parse_number<std::int64_t>(option, value);
        else if (option == "--uid")
            options.uid = parse_number<std::uint64_t>(option, value);
        else if (option == "--ready-fd")
            options.ready_fd = parse_number<std::uint64_t>(option, value);
        else if (option == "--go-fd")
            options.go_fd = parse_number<std::uint64_t>(option, value);
        else if (option == "--sharers")
            options.sharers = parse_number<std::uint64_t>(option, value);
        else if (option == "--until-kill")
            options.until_kill = parse_number<std::uint64_t>(option, value);
        else if (option == "--locked")
            options.locked = parse_number<std::uint64_t>(option, value);
        else if (option == "--leader-exits")
            options.leader_exits = parse_number<std::uint64_t>(option, value);
        else if (option == "--bind")
            options.bind = parse_number<std::uint64_t>(option, value);
        else if (option == "--name")
            options.name = value;
        else if (option == "--thread")
            options.thread_name = value;
        else if (option == "--cgroup")
            options.cgroup = value;
        else if (option == "--directory")
            options.directory = value;
        else
            usage_error("unknown option " + std::string(option));
    }
    if (options.name.size() > 15 || options.thread_name.size() > 15)
        usage_error("a name has at most 15 bytes");
    if (options.step == 0)
        usage_error("--step must not be 0");
    return options;
}

void write_file(const std::string &path, const std::string &text)
{
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        fail("open " + path, errno);
    if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        fail("write '" + text + "' to " + path, errno);
    close(fd);
}

// `parent` is getppid() from before: a parent that is gone by now would never send the signal.
void die_with(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        fail("set the parent-death signal", errno);
    if (getppid() != parent)
        std::exit(1);
}

void set_name(const std::string &name)
{
    if (!name.empty() && prctl(PR_SET_NAME, name.c_str()) != 0)
        fail("set the name " + name, errno);
}

void bind_to_node(std::uint64_t node)
{
    constexpr int bind_policy = 2; // MPOL_BIND, without the header of libnuma
    constexpr unsigned long nodes_in_mask = 64;
    if (node >= nodes_in_mask)
        usage_error("--bind: at most node 63");
    const unsigned long mask = 1UL << node;
    if (syscall(SYS_set_mempolicy, bind_policy, &mask, nodes_in_mask + 1) != 0)
        fail("bind to node " + std::to_string(node), errno);
}

void become(const Options &options)
{
    const pid_t parent = getppid();
    // Huge pages would make sizes depend on alignment.
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    set_name(options.name);
    if (!options.cgroup.empty())
        write_file(options.cgroup + "/cgroup.procs", std::to_string(getpid()));
    if (options.adj)
        write_file("/proc/self/oom_score_adj", std::to_string(*options.adj));
    // Best effort, while there may still be the privilege: another user's default is too small for --file on older kernels.
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_MEMLOCK, &unlimited);
    if (options.uid) {
        const auto uid = static_cast<uid_t>(*options.uid);
        if (setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0)
            fail("become user " + std::to_string(uid), errno);
    }
    if (options.bind)
        bind_to_node(*options.bind);
    die_with(parent); // last: a change of user clears the signal
}

void announce_ready(const Options &options)
{
    if (!options.ready_fd)
        return;
    const int fd = static_cast<int>(*options.ready_fd);
    if (write(fd, "ready\n", 6) != 6)
        fail("write to --ready-fd " + std::to_string(fd), errno);
    close(fd);
}

void *map(std::uint64_t size, int protection, int flags, int fd)
{
    void *memory = mmap(nullptr, size, protection, flags, fd, 0);
    if (memory == MAP_FAILED)
        fail("map " + std::to_string(size) + " bytes", errno);
    return memory;
}

void touch_pages(void *memory, std::uint64_t size)
{
    const auto page_size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    auto *bytes = static_cast<volatile unsigned char *>(memory);
    for (std::uint64_t offset = 0; offset < size; offset += page_size)
        bytes[offset] = 1;
}

void hold_memory(std::uint64_t size, int sharing, std::uint64_t swapped = 0, bool locked = false)
{
    if (size == 0)
        return;
    void *memory = map(size, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1);
    touch_pages(memory, size);
    if (swapped > 0 && madvise(memory, std::min(size, swapped), MADV_PAGEOUT) != 0)
        fail("move " + std::to_string(swapped) + " bytes to swap", errno);
    if (locked && mlock(memory, size) != 0)
        fail("lock " + std::to_string(size) + " bytes", errno);
}

void hold_file(std::uint64_t size, const std::string &directory)
{
    if (size == 0)
        return;
    std::string path = directory + "/oom_workload.XXXXXX";
    const int fd = mkostemp(path.data(), O_CLOEXEC);
    if (fd < 0)
        fail("create a file in " + directory, errno);
    unlink(path.c_str());
    if (const int error = posix_fallocate(fd, 0, static_cast<off_t>(size)); error != 0)
        fail("give the file in " + directory + " " + std::to_string(size) + " bytes", error);
    void *memory = map(size, PROT_READ, MAP_SHARED, fd);
    if (mlock(memory, size) != 0)
        fail("lock " + std::to_string(size) + " bytes of file (see ulimit -l)", errno);
    close(fd);
}

// Kernels before 6.2 count a task's pages apart and add them to its mm only every 64 page faults: have those happen, so that
// all that is held can be seen.
void settle_counters()
{
    const auto page_size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    void *page = map(page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    for (int fault = 0; fault < 128; ++fault) {
        touch_pages(page, page_size);
        madvise(page, page_size, MADV_DONTNEED);
    }
    munmap(page, page_size);
}

[[noreturn]] void sleep_until_killed()
{
    for (;;)
        pause();
}

// A process of its own in everything but memory. It does not die with its parent: only the OOM killer is to kill it.
int run_sharer(void *)
{
    prctl(PR_SET_NAME, "sharer");
    sleep_until_killed();
}

void start_sharers(std::uint64_t count)
{
    constexpr std::size_t stack_size = 64 << 10;
    for (std::uint64_t i = 0; i < count; ++i) {
        auto *stack = static_cast<char *>(map(stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
        if (clone(run_sharer, stack + stack_size, CLONE_VM | SIGCHLD, nullptr) < 0)
            fail("start a process that shares the address space", errno);
    }
}

[[noreturn]] void leave_it_to_a_thread(const Options &options)
{
    const pid_t parent = getppid();
    std::thread([&options, parent] {
        die_with(parent); // each thread has a signal of its own
        usleep(100'000);  // for the leader to be gone
        announce_ready(options);
        sleep_until_killed();
    }).detach();
    syscall(SYS_exit, 0);
    std::abort(); // not reached: ends this thread alone
}

[[noreturn]] void hold(const Options &options)
{
    hold_memory(options.anon, MAP_PRIVATE, options.swapped, options.locked != 0);
    hold_memory(options.shmem, MAP_SHARED);
    hold_file(options.file, options.directory);
    settle_counters();
    start_sharers(options.sharers);
    if (options.leader_exits != 0)
        leave_it_to_a_thread(options);
    announce_ready(options);
    sleep_until_killed();
}

void limit_processor_time(std::uint64_t milliseconds)
{
    itimerval timer{};
    timer.it_value.tv_sec = static_cast<time_t>(milliseconds / 1000);
    timer.it_value.tv_usec = static_cast<suseconds_t>(milliseconds % 1000 * 1000);
    if (setitimer(ITIMER_PROF, &timer, nullptr) != 0)
        fail("set a timer", errno);
}

void eat_until_killed(const Options &options)
{
    limit_processor_time(options.cpu_ms);
    const timespec pause_time{static_cast<time_t>(options.pause_ms / 1000),
                              static_cast<long>(options.pause_ms % 1000) * 1000000};
    const std::uint64_t kills = options.until_kill != 0 ? oom_kills() : 0;
    std::uint64_t eaten = 0;
    while (!options.max || eaten + options.step <= *options.max) {
        hold_memory(options.step, MAP_PRIVATE);
        eaten += options.step;
        if (options.until_kill != 0 && oom_kills() != kills)
            std::exit(0);
        if (options.pause_ms > 0)
            nanosleep(&pause_time, nullptr);
    }
    std::fprintf(stderr, "oom_workload: ate %llu bytes and was not killed\n", static_cast<unsigned long long>(eaten));
    std::exit(1);
}

void await_go(const Options &options)
{
    char byte = 0;
    while (options.go_fd && read(static_cast<int>(*options.go_fd), &byte, 1) != 0) {
        if (errno != EINTR)
            fail("wait for the word to start", errno);
    }
}

[[noreturn]] void eat(const Options &options)
{
    announce_ready(options);
    await_go(options);
    if (options.thread_name.empty())
        eat_until_killed(options);
    std::thread([&options] {
        set_name(options.thread_name);
        eat_until_killed(options);
    }).join();
    std::abort(); // not reached: the thread ends the process
}

[[noreturn]] void many(const Options &options)
{
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0)
        fail("make a pipe", errno);
    const pid_t parent = getpid();
    for (std::uint64_t i = 0; i < options.count; ++i) {
        const pid_t child = fork();
        if (child < 0)
            fail("fork child " + std::to_string(i + 1) + " of " + std::to_string(options.count), errno);
        if (child > 0)
            continue;
        die_with(parent);
        close(ready[0]);
        hold_memory(options.each, MAP_PRIVATE);
        settle_counters();
        if (write(ready[1], "r", 1) != 1)
            fail("tell the parent", errno);
        close(ready[1]);
        sleep_until_killed();
    }
    close(ready[1]);
    char buffer[256];
    std::uint64_t ready_count = 0;
    for (ssize_t got = 0; (got = read(ready[0], buffer, sizeof buffer)) != 0;) {
        if (got < 0)
            fail("hear from the children", errno);
        ready_count += static_cast<std::uint64_t>(got);
    }
    if (ready_count != options.count) {
        std::fprintf(stderr, "oom_workload: only %llu of %llu children hold their memory\n",
                     static_cast<unsigned long long>(ready_count), static_cast<unsigned long long>(options.count));
        std::exit(1);
    }
    announce_ready(options);
    sleep_until_killed();
}

[[noreturn]] void fragment(const Options &options)
{
    const bool killed = fragment_until_kill(options.spare, options.cached, [&options] { announce_ready(options); });
    if (!killed)
        std::fputs("oom_workload: asked in vain, and nobody was killed\n", stderr);
    std::exit(killed ? 0 : 1);
}

} // namespace

int main(int argc, char **argv)
{
    const Options options = parse_options(std::span(argv + 1, static_cast<std::size_t>(argc - 1)));
    if (options.command != "hold" && options.command != "eat" && options.command != "many" && options.command != "fragment")
        usage_error("unknown command " + options.command);
    become(options);
    if (options.command == "hold")
        hold(options);
    if (options.command == "eat")
        eat(options);
    if (options.command == "fragment")
        fragment(options);
    many(options);
}
