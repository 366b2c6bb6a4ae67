// SPDX-License-Identifier: Apache-2.0
//
// The scratch cgroup on the kernel that runs here: v1 or v2, whichever has the memory controller.
#include "host/scratch_cgroup.h"

#include <csignal>
#include <cstring>
#include <gmock/gmock.h>
#include <memory>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/proc_file.h"

namespace oomtrace
{
namespace
{

using ::testing::HasSubstr;

constexpr std::uint64_t limit = 16 << 20;

class scratch_cgroup_live : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        if (::geteuid() != 0)
            GTEST_SKIP() << "making a cgroup needs root";
        if (const auto mount = find_memory_controller(); !mount)
            GTEST_SKIP() << mount.error().reason;
        auto made = ScratchCgroup::create("oomtrace-test-" + std::to_string(::getpid()), limit);
        ASSERT_TRUE(made) << made.error().attempted << ": " << made.error().reason;
        cgroup_ = std::make_unique<ScratchCgroup>(std::move(*made));
    }

    // A child that waits in the cgroup for a byte, then runs `body`.
    struct Child {
        pid_t pid;
        int go;
    };
    template <typename Body>
    Child start_inside(Body body)
    {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::close(ends[1]);
            // It must be killable, whatever started this test.
            if (!write_file("/proc/self/oom_score_adj", "0"))
                ::_exit(2);
            char byte = 0;
            if (::read(ends[0], &byte, 1) == 1)
                body();
            ::_exit(0);
        }
        ::close(ends[0]);
        const auto added = cgroup_->add(pid);
        EXPECT_TRUE(added) << added.error().attempted << ": " << added.error().reason;
        return {pid, ends[1]};
    }

    std::unique_ptr<ScratchCgroup> cgroup_;
};

TEST_F(scratch_cgroup_live, a_process_that_goes_over_the_limit_is_killed_in_it)
{
    ASSERT_EQ(cgroup_->oom_kills(), 0U);
    const auto child = start_inside([] {
        constexpr std::size_t size = 4 * limit;
        auto *memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        std::memset(memory, 1, size);
    });
    ASSERT_EQ(::write(child.go, "x", 1), 1);
    int status = 0;
    ASSERT_EQ(::waitpid(child.pid, &status, 0), child.pid);
    ::close(child.go);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
    EXPECT_EQ(cgroup_->oom_kills(), 1U);
    ASSERT_TRUE(cgroup_->limit_hits());
    EXPECT_GT(*cgroup_->limit_hits(), 0U);
    ASSERT_TRUE(cgroup_->usage_bytes());
    EXPECT_LE(*cgroup_->usage_bytes(), limit);

    const auto directory = cgroup_->directory();
    const auto removed = cgroup_->remove();
    EXPECT_TRUE(removed) << removed.error().reason;
    EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST_F(scratch_cgroup_live, what_is_still_in_it_is_killed_on_removal)
{
    const auto child = start_inside([] {});
    const auto directory = cgroup_->directory();
    cgroup_.reset();
    EXPECT_FALSE(std::filesystem::exists(directory));
    int status = 0;
    ASSERT_EQ(::waitpid(child.pid, &status, 0), child.pid);
    ::close(child.go);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST_F(scratch_cgroup_live, moving_hands_the_directory_over)
{
    const auto directory = cgroup_->directory();
    {
        ScratchCgroup taken(std::move(*cgroup_));
        EXPECT_TRUE(cgroup_->remove()) << "owns nothing any more";
        EXPECT_TRUE(std::filesystem::exists(directory));
        EXPECT_EQ(taken.directory(), directory);
    }
    EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST_F(scratch_cgroup_live, a_process_that_does_not_exist_is_an_error)
{
    // Above the largest pid that a kernel hands out.
    const auto added = cgroup_->add(1 << 22 | 1);
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().reason, "No such process");
    EXPECT_THAT(added.error().attempted, HasSubstr("cgroup.procs"));
}

} // namespace
} // namespace oomtrace
