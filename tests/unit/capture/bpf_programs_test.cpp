// SPDX-License-Identifier: Apache-2.0
//
// The table in hook_table.cpp and the BPF object have to name the same programs. Opening the object needs no privilege: nothing
// is loaded.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <bpf/libbpf.h>
#include <gmock/gmock.h>

#include "capture/bpf_log.h"
#include "capture/hook_table.h"
#include "oomtrace/wire_record.h"

#include "tracer_state.h"

#include "oomtrace_bpf.skel.h"

namespace oomtrace
{
namespace
{

struct SkeletonDeleter {
    void operator()(oomtrace_bpf *skeleton) const { oomtrace_bpf__destroy(skeleton); }
};

class BpfPrograms : public testing::Test
{
  protected:
    void SetUp() override
    {
        skeleton_.reset(oomtrace_bpf__open());
        ASSERT_TRUE(skeleton_) << log_.reason();
        bpf_program *program = nullptr;
        bpf_object__for_each_program(program, skeleton_->obj) programs_.emplace(bpf_program__name(program), program);
    }

    BpfLog log_;
    std::unique_ptr<oomtrace_bpf, SkeletonDeleter> skeleton_;
    std::map<std::string, bpf_program *> programs_;
};

TEST_F(BpfPrograms, AreThoseOfTheTable)
{
    std::set<std::string> in_object, in_table{"touch_ring"}; // which is run once and attached to nothing
    for (const auto &[name, program] : programs_)
        in_object.insert(name);
    for (const Hook &hook : hook_table()) {
        in_table.emplace(hook.program);
        if (!hook.companion.empty())
            in_table.emplace(hook.companion);
    }
    EXPECT_EQ(in_object, in_table);
}

TEST_F(BpfPrograms, AreOffUntilAPlanTurnsThemOn)
{
    for (const auto &[name, program] : programs_)
        EXPECT_FALSE(bpf_program__autoload(program)) << name;
}

std::string section_of(const Hook &hook)
{
    const std::string target(hook.target);
    if (hook.kind == HookKind::tracepoint)
        return "tp_btf/" + target.substr(target.find(':') + 1);
    return std::string(name_of(hook.kind)) + "/" + target;
}

TEST_F(BpfPrograms, AttachWhereTheTableSays)
{
    for (const Hook &hook : hook_table()) {
        if (hook.role == HookRole::badness_part) // a second place for the same program
            continue;
        const auto found = programs_.find(std::string(hook.program));
        ASSERT_NE(found, programs_.end()) << hook.program;
        EXPECT_EQ(bpf_program__section_name(found->second), section_of(hook)) << hook.program;
    }
}

// On the same place; the second program of a tracepoint on its record too, where that says as much as the arguments.
TEST_F(BpfPrograms, OfAPairAttachToTheSamePlace)
{
    for (const Hook &hook : hook_table()) {
        if (hook.companion.empty())
            continue;
        const auto found = programs_.find(std::string(hook.companion));
        ASSERT_NE(found, programs_.end()) << hook.companion;
        std::string group_and_name(hook.target);
        std::ranges::replace(group_and_name, ':', '/');
        const auto places = hook.kind == HookKind::tracepoint ? std::set{"tp/" + group_and_name, section_of(hook)}
                                                              : std::set{"kprobe/" + std::string(hook.target)};
        EXPECT_THAT(places, testing::Contains(bpf_program__section_name(found->second))) << hook.companion;
    }
}

TEST_F(BpfPrograms, WriteTheWireVersionOfThisHeader)
{
    EXPECT_EQ(skeleton_->rodata->wire_version, WIRE_VERSION);
}

} // namespace
} // namespace oomtrace
