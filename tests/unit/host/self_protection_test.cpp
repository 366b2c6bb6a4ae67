// SPDX-License-Identifier: Apache-2.0
#include "host/self_protection.h"

#include <algorithm>
#include <array>
#include <cap-ng.h>
#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <memory>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "host/proc_file.h"
#include "support/fixture_tree.h"
#include "support/in_child.h"

namespace oomtrace
{
namespace
{

using ::testing::HasSubstr;
using ::testing::StartsWith;

bool drop(int capability)
{
    ::capng_get_caps_process();
    ::capng_update(CAPNG_DROP, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED), static_cast<unsigned>(capability));
    return ::capng_apply(CAPNG_SELECT_CAPS) == 0;
}

bool has(int capability)
{
    ::capng_get_caps_process();
    return ::capng_have_capability(CAPNG_EFFECTIVE, static_cast<unsigned>(capability)) == 1;
}

std::string told(const Error &error)
{
    return error.attempted + ": " + error.reason + " (" + error.hint + ")";
}

TEST(self_protection, writes_the_adjustment_and_reports_the_one_before)
{
    const test::FixtureTree tree;
    tree.write("/proc/self/oom_score_adj", "200\n");
    const auto adjustment = set_oom_score_adj(-1000, tree.root());
    ASSERT_TRUE(adjustment) << told(adjustment.error());
    EXPECT_EQ(adjustment->before, 200);
    EXPECT_EQ(adjustment->after, -1000);
    EXPECT_THAT(tree.read("/proc/self/oom_score_adj"), StartsWith("-1000"));
}

TEST(self_protection, an_adjustment_that_did_not_take_is_an_error)
{
    const auto adjustment = set_oom_score_adj(-1000, "/nonexistent");
    ASSERT_FALSE(adjustment);
    EXPECT_THAT(adjustment.error().attempted, HasSubstr("oom_score_adj"));
}

TEST(self_protection, the_kernel_takes_the_adjustment)
{
    if (!has(CAP_SYS_RESOURCE))
        GTEST_SKIP() << "lowering oom_score_adj needs CAP_SYS_RESOURCE";
    EXPECT_EQ(test::in_child([] {
                  const auto adjustment = set_oom_score_adj();
                  return adjustment ? std::to_string(adjustment->after) : told(adjustment.error());
              }),
              "-1000");
}

TEST(self_protection, a_refused_adjustment_says_what_it_means_and_what_to_do)
{
    // What a privileged process has set is the least that an unprivileged one may set; where this test was started by a
    // process that had -1000, it has to be set anew.
    const bool may_set = has(CAP_SYS_RESOURCE);
    const auto answer = test::in_child([] {
        if (!set_oom_score_adj(0) || !drop(CAP_SYS_RESOURCE))
            return std::string("could not give up the right to lower it");
        const auto adjustment = set_oom_score_adj();
        return adjustment ? std::string("granted") : told(adjustment.error());
    });
    if (!may_set && answer == "granted")
        GTEST_SKIP() << "what started this test may be set to -1000 without CAP_SYS_RESOURCE";
    EXPECT_THAT(answer, HasSubstr("write \"-1000\" to /proc/self/oom_score_adj: Permission denied (it stays at "));
    EXPECT_THAT(answer, HasSubstr("CAP_SYS_RESOURCE"));
}

TEST(self_protection, allocations_of_this_thread_and_of_later_ones_kill_nobody)
{
    if (!has(CAP_SYS_RESOURCE))
        GTEST_SKIP() << "having allocations wait instead of killing needs CAP_SYS_RESOURCE";
    EXPECT_EQ(test::in_child([] {
                  if (const auto set = kill_nobody_for_memory(); !set)
                      return told(set.error());
                  int later = -1;
                  std::thread([&later] { later = ::prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0); }).join();
                  return "this " + std::to_string(::prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0)) + ", later " + std::to_string(later);
              }),
              "this 1, later 1");
}

TEST(self_protection, where_allocations_may_kill_it_says_what_that_means)
{
    const auto answer = test::in_child([] {
        if (has(CAP_SYS_RESOURCE) && !drop(CAP_SYS_RESOURCE))
            return std::string("could not give up the right");
        const auto set = kill_nobody_for_memory();
        return set ? std::string("granted") : told(set.error());
    });
    EXPECT_THAT(
        answer,
        StartsWith("have allocations of this process wait instead of invoking the OOM killer: Operation not permitted"));
    EXPECT_THAT(answer, HasSubstr("CAP_SYS_RESOURCE"));
}

// AddressSanitizer has its own allocator and makes mlockall() do nothing, so that the rest is for other builds only.
#ifndef OOMTRACE_SANITIZED

std::int64_t status_kib(const char *key)
{
    std::array<char, 4096> buffer;
    return value_of(read_file("/proc/self/status", buffer).value_or(""), key).value_or(-1);
}

TEST(self_protection, locked_memory_covers_later_allocations)
{
    if (!has(CAP_IPC_LOCK))
        GTEST_SKIP() << "locking memory needs CAP_IPC_LOCK";
    EXPECT_EQ(test::in_child([] {
                  const auto locked = lock_memory();
                  if (!locked)
                      return told(locked.error());
                  if (locked->locked_bytes == 0)
                      return std::string("nothing locked");
                  constexpr std::size_t size = 8 << 20;
                  auto *later = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  if (later == MAP_FAILED)
                      return std::string("no mapping");
                  const auto grown = status_kib("VmLck:") - static_cast<std::int64_t>(locked->locked_bytes / 1024);
                  return std::string(grown >= 8 * 1024 ? "covered" : "not covered");
              }),
              "covered");
}

// "KiB resident/KiB mapped" of the code of a library that is loaded.
std::string code_of(std::string_view library)
{
    std::ifstream maps("/proc/self/smaps");
    bool is_code = false;
    std::int64_t mapped = 0;
    for (std::string line; std::getline(maps, line);) {
        if (line.find('-') < line.find(':'))
            is_code = line.find(library) != std::string::npos && line.find(" r-xp ") != std::string::npos;
        else if (is_code && line.starts_with("Size:"))
            mapped = value_of(line, "Size:").value_or(-1);
        else if (is_code && line.starts_with("Rss:"))
            return std::to_string(value_of(line, "Rss:").value_or(-1)) + "/" + std::to_string(mapped);
    }
    return "none";
}

TEST(self_protection, code_is_read_in_where_it_is_needed_and_nowhere_else)
{
    if (!has(CAP_IPC_LOCK)) // which also has the library loaded
        GTEST_SKIP() << "locking memory needs CAP_IPC_LOCK";
    constexpr std::string_view other = "libcap-ng.so";
    const auto whole = [](std::string_view library) {
        const std::string code = code_of(library);
        return code.substr(0, code.find('/')) == code.substr(code.find('/') + 1) && code != "none";
    };
    EXPECT_EQ(test::in_child([&] {
                  const auto locked = lock_memory();
                  return (whole("libc.so") ? "libc, " : "not libc, ") + code_of(other).substr(0, 2);
              }),
              "libc, 0/");
    EXPECT_EQ(test::in_child([&] {
                  const auto locked = lock_memory(std::span(&other, 1));
                  return std::string(whole("libc.so") ? "libc, " : "not libc, ") + (whole(other) ? "whole" : "in part");
              }),
              "libc, whole");
}

TEST(self_protection, a_refused_lock_says_what_it_means_and_what_to_do)
{
    const auto answer = test::in_child([] {
        const rlimit none{0, 0};
        if (::setrlimit(RLIMIT_MEMLOCK, &none) != 0 || !drop(CAP_IPC_LOCK))
            return std::string("could not give up the right to lock");
        const auto locked = lock_memory();
        return locked ? std::string("granted") : told(locked.error());
    });
    EXPECT_THAT(answer, StartsWith("lock the memory of this process: Operation not permitted"));
    EXPECT_THAT(answer, HasSubstr("CAP_IPC_LOCK"));
}

// What the reserve is for: allocations up to its size cost no page fault and ask the kernel for nothing.
TEST(self_protection, allocations_from_the_reserve_take_no_new_memory)
{
    EXPECT_EQ(test::in_child([] {
                  constexpr std::size_t size = 16 << 20;
                  const auto reserve = reserve_heap(size);
                  if (!reserve)
                      return told(reserve.error());
                  if (reserve->free_bytes < size)
                      return std::string("reserve of " + std::to_string(reserve->free_bytes));
                  std::vector<std::unique_ptr<char[]>> blocks;
                  blocks.reserve(1024);
                  rusage before{};
                  ::getrusage(RUSAGE_SELF, &before);
                  for (std::size_t used = 0; used + (512 << 10) < size; used += 256 << 10) {
                      blocks.emplace_back(new char[256 << 10]);
                      std::fill_n(blocks.back().get(), 256 << 10, 'x');
                  }
                  blocks.clear();
                  rusage after{};
                  ::getrusage(RUSAGE_SELF, &after);
                  const auto faults = after.ru_minflt - before.ru_minflt;
                  return faults <= 16 ? std::string("none") /* of 4,096 */ : std::to_string(faults) + " page faults";
              }),
              "none");
}

TEST(self_protection, a_reserve_that_cannot_be_had_is_an_error_and_leaves_the_heap_usable)
{
    const auto answer = test::in_child([] {
        const rlimit small{64 << 20, 64 << 20};
        if (::setrlimit(RLIMIT_AS, &small) != 0)
            return std::string("could not set the limit");
        const auto reserve = reserve_heap(1 << 30);
        return reserve ? std::string("granted") : told(reserve.error());
    });
    EXPECT_THAT(answer, HasSubstr("keep a heap reserve of 1048576 KiB: Cannot allocate memory"));
}

TEST(self_protection, one_refusal_does_not_cost_the_other_measures)
{
    const auto answer = test::in_child([] {
        const auto protection = protect_self(1 << 20, {}, "/nonexistent");
        return std::string(protection.heap_reserve ? "heap " : "") + (protection.oom_score_adj ? "score" : "no score");
    });
    EXPECT_EQ(answer, "heap no score");
}

#endif

} // namespace
} // namespace oomtrace
