// SPDX-License-Identifier: Apache-2.0
#include "capture/relocation_types.h"

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/bpf_log.h"
#include "capture/hook_table.h"
#include "capture/kernel_description.h"
#include "host/unique_fd.h"
#include "oomtrace/wire_record.h"

#include "tracer_state.h"

#include "oomtrace_bpf.skel.h"

namespace oomtrace
{
namespace
{

// "NUMBER NAME" of the type of this name and kind; "none".
std::string place_of(const btf &types, const char *name, std::uint32_t kind)
{
    const int id = btf__find_by_name_kind(&types, name, kind);
    return id < 0 ? "none" : std::to_string(id);
}

class RelocationTypes : public testing::Test
{
  protected:
    RelocationTypes() : kernel_(btf__new_empty()), programs_(btf__new_empty()) {}

    KernelTypes reduced()
    {
        const auto bytes = relocation_types(*kernel_, *programs_);
        return KernelTypes(btf__new(bytes.data(), static_cast<std::uint32_t>(bytes.size())));
    }

    KernelTypes kernel_, programs_;
};

TEST_F(RelocationTypes, KeepTheirNumbersAndWhatIsEmbeddedInThem)
{
    btf *const kernel = kernel_.get();
    const int integer = btf__add_int(kernel, "int", 4, BTF_INT_SIGNED);
    const int other = btf__add_struct(kernel, "other", 4);
    btf__add_field(kernel, "number", integer, 0, 0);
    const int embedded = btf__add_struct(kernel, "embedded", 8);
    btf__add_field(kernel, "value", integer, 32, 0);
    const int constant = btf__add_const(kernel, embedded);
    const int row = btf__add_array(kernel, integer, constant, 3);
    const int pointer = btf__add_ptr(kernel, other);
    const int asked = btf__add_struct(kernel, "asked", 40);
    btf__add_field(kernel, "row", row, 0, 0);
    btf__add_field(kernel, "pointer", pointer, 192, 0);
    const int items = btf__add_enum(kernel, "items", 4);
    btf__add_enum_value(kernel, "ITEM", 7);
    btf__add_struct(kernel, "behind_all", 4);
    btf__add_field(kernel, "number", integer, 0, 0);

    btf__add_struct(programs_.get(), "asked___v6_2", 0);
    btf__add_enum(programs_.get(), "items", 4);
    btf__add_struct(programs_.get(), "absent", 0);

    const KernelTypes types = reduced();
    ASSERT_TRUE(types);
    EXPECT_EQ(place_of(*types, "asked", BTF_KIND_STRUCT), std::to_string(asked));
    EXPECT_EQ(place_of(*types, "embedded", BTF_KIND_STRUCT), std::to_string(embedded));
    EXPECT_EQ(place_of(*types, "items", BTF_KIND_ENUM), std::to_string(items));
    EXPECT_EQ(place_of(*types, "other", BTF_KIND_STRUCT), "none");
    EXPECT_EQ(btf__type_cnt(types.get()), static_cast<std::uint32_t>(items) + 1) << "nothing behind the last one needed";

    const btf_type *const kept = btf__type_by_id(types.get(), static_cast<std::uint32_t>(asked));
    ASSERT_EQ(btf_vlen(kept), 2);
    EXPECT_EQ(kept->size, 40U);
    EXPECT_STREQ(btf__name_by_offset(types.get(), btf_members(kept)[1].name_off), "pointer");
    EXPECT_EQ(btf_members(kept)[1].offset, 192U);
    EXPECT_EQ(btf__resolve_size(types.get(), static_cast<std::uint32_t>(row)), 24);
    const btf_type *const reference = btf__type_by_id(types.get(), static_cast<std::uint32_t>(pointer));
    EXPECT_TRUE(btf_is_ptr(reference));
    EXPECT_EQ(reference->type, 0U);
    const btf_type *const listed = btf__type_by_id(types.get(), static_cast<std::uint32_t>(items));
    EXPECT_EQ(btf_enum(listed)->val, 7);
}

TEST_F(RelocationTypes, KnowAFlavourAsLibbpfDoes)
{
    for (const char *name : {"plain", "two__underscores", "four____underscores", "___leading", "trailing___"})
        btf__add_struct(kernel_.get(), name, 1);
    for (const char *name : {"plain___v5_14", "two___flavour", "four____underscores", "___leading", "trailing___"})
        btf__add_struct(programs_.get(), name, 1);
    const KernelTypes types = reduced();
    ASSERT_TRUE(types);
    EXPECT_EQ(place_of(*types, "plain", BTF_KIND_STRUCT), "1");
    EXPECT_EQ(place_of(*types, "two__underscores", BTF_KIND_STRUCT), "none");
    EXPECT_EQ(place_of(*types, "four____underscores", BTF_KIND_STRUCT), "3");
    EXPECT_EQ(place_of(*types, "___leading", BTF_KIND_STRUCT), "4");
    EXPECT_EQ(place_of(*types, "trailing___", BTF_KIND_STRUCT), "5");
}

TEST_F(RelocationTypes, OfNoneThereAreNone)
{
    btf__add_struct(kernel_.get(), "other", 1);
    const KernelTypes types = reduced();
    ASSERT_TRUE(types);
    EXPECT_EQ(btf__type_cnt(types.get()), 1U) << "void";
}

struct CloseSkeleton {
    void operator()(oomtrace_bpf *skeleton) const { oomtrace_bpf__destroy(skeleton); }
};
using SkeletonPtr = std::unique_ptr<oomtrace_bpf, CloseSkeleton>;

// Of every program that was loaded, as the kernel got it, but for the numbers of this process's file descriptors.
std::map<std::string, std::vector<std::uint64_t>> instructions_of(const oomtrace_bpf &skeleton)
{
    std::map<std::string, std::vector<std::uint64_t>> all;
    bpf_program *program = nullptr;
    bpf_object__for_each_program(program, skeleton.obj)
    {
        if (!bpf_program__autoload(program))
            continue;
        auto &words = all[bpf_program__name(program)];
        const bpf_insn *const instructions = bpf_program__insns(program);
        for (std::size_t i = 0; i < bpf_program__insn_cnt(program); ++i) {
            bpf_insn instruction = instructions[i];
            if (instruction.code == (BPF_LD | BPF_IMM | BPF_DW) && instruction.src_reg != 0)
                instruction.imm = 0;
            std::uint64_t word = 0;
            static_assert(sizeof(word) == sizeof(instruction));
            std::memcpy(&word, &instruction, sizeof(word));
            words.push_back(word);
        }
    }
    return all;
}

// The programs of the tracepoint method that are for this kernel.
SkeletonPtr loaded_with(const btf &kernel, const BpfLog &log, const char *types)
{
    bpf_object_open_opts options{};
    options.sz = sizeof(options);
    options.btf_custom_path = types;
    SkeletonPtr skeleton(oomtrace_bpf__open_opts(&options));
    const auto has_function = [&kernel](std::string_view name) {
        return btf__find_by_name_kind(&kernel, std::string(name).c_str(), BTF_KIND_FUNC) >= 0;
    };
    const KernelOffers offers{
        .has_btf_function = has_function,
        .has_tracepoint =
            [&kernel](std::string_view name) {
                return btf__find_by_name_kind(&kernel, ("btf_trace_" + std::string(name)).c_str(), BTF_KIND_TYPEDEF) >= 0;
            },
        .has_symbol = [](std::string_view) { return true; },
        .has_kfunc = has_function,
        .why_no_trampoline = std::nullopt,
        .why_no_kprobes = std::nullopt,
    };
    for (const HookChoice &choice :
         choose_hooks(AttachMethod::tracepoint, offers, [](const Hook &) { return std::optional<std::string>(); })) {
        if (choice.selected)
            bpf_program__set_autoload(
                bpf_object__find_program_by_name(skeleton->obj, std::string(choice.hook->program).c_str()), true);
    }
    if (oomtrace_bpf__load(skeleton.get()) != 0) {
        ADD_FAILURE() << "cannot load: " << log.reason();
        return nullptr;
    }
    return skeleton;
}

// The proof for this kernel: what libbpf makes of the programs with the needed types alone is what it makes of them with all.
TEST(relocation_types, relocate_the_programs_as_all_types_of_this_kernel_do)
{
    if (::geteuid() != 0 || ::access("/sys/kernel/btf/vmlinux", R_OK) != 0)
        GTEST_SKIP() << "loading BPF programs needs root, and a kernel with BTF";
    const BpfLog log;
    const KernelTypes kernel(btf__load_vmlinux_btf());
    ASSERT_TRUE(kernel);
    const SkeletonPtr unloaded(oomtrace_bpf__open());
    ASSERT_TRUE(unloaded);
    const auto bytes = relocation_types(*kernel, *bpf_object__btf(unloaded->obj));
    const UniqueFd file(::memfd_create("types", MFD_CLOEXEC));
    ASSERT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));

    const SkeletonPtr of_all = loaded_with(*kernel, log, nullptr);
    const SkeletonPtr of_needed = loaded_with(*kernel, log, ("/proc/self/fd/" + std::to_string(file.get())).c_str());
    ASSERT_TRUE(of_all && of_needed);
    const auto expected = instructions_of(*of_all);
    ASSERT_GT(expected.size(), 5U);
    ASSERT_TRUE(expected.contains("walk_iterator_at_mark") || expected.contains("walk_list_at_mark"));
    EXPECT_EQ(instructions_of(*of_needed), expected);
}

} // namespace
} // namespace oomtrace
