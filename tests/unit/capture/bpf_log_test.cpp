// SPDX-License-Identifier: Apache-2.0
//
// The texts are libbpf 1.1's and a 6.18 kernel's own, of programs made to be refused.
#include "capture/bpf_log.h"

#include <gmock/gmock.h>

namespace oomtrace
{
namespace
{

using ::testing::ElementsAre;

TEST(bpf_log, the_verifiers_last_word_is_the_reason)
{
    BpfLog log;
    log.add("libbpf: prog 'reads_anywhere': BPF program load failed: Permission denied\n");
    log.add("libbpf: prog 'reads_anywhere': -- BEGIN PROG LOAD LOG --\n"
            "arg#0 reference type('UNKNOWN ') size cannot be determined: -22\n"
            "0: R1=ctx() R10=fp0\n"
            "0: (79) r1 = *(u64 *)(r1 +0)          ; R1=scalar()\n"
            "1: (61) r0 = *(u32 *)(r1 +8)\n"
            "R1 invalid mem access 'scalar'\n"
            "processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
            "-- END PROG LOAD LOG --\n");
    log.add("libbpf: prog 'reads_anywhere': failed to load: -13\n");
    log.add("libbpf: failed to load object 'oomtrace_bpf'\n");
    EXPECT_EQ(log.refused_program(), "reads_anywhere");
    EXPECT_EQ(log.reason(), "R1 invalid mem access 'scalar'");
}

TEST(bpf_log, a_missing_attach_target_is_libbpfs_own_complaint)
{
    BpfLog log;
    log.add("libbpf: prog 'nowhere': failed to find kernel BTF type ID of 'no_such_function': -3\n");
    log.add("libbpf: prog 'nowhere': failed to prepare load attributes: -3\n");
    log.add("libbpf: prog 'nowhere': failed to load: -3\n");
    log.add("libbpf: failed to load object 'oomtrace_bpf'\n");
    EXPECT_EQ(log.refused_program(), "nowhere");
    EXPECT_EQ(log.reason(), "prog 'nowhere': failed to find kernel BTF type ID of 'no_such_function': -3");
}

TEST(bpf_log, a_refusal_without_a_verifier_log)
{
    BpfLog log;
    log.add("libbpf: prog 'refused': BPF program load failed: Operation not permitted\n");
    log.add("libbpf: permission error while running as root; try raising 'ulimit -l'? current value: 8.0 MiB\n");
    log.add("libbpf: prog 'refused': failed to load: -1\n");
    log.add("libbpf: failed to load object 'oomtrace_bpf'\n");
    EXPECT_EQ(log.refused_program(), "refused");
    EXPECT_EQ(log.reason(), "prog 'refused': BPF program load failed: Operation not permitted");
}

TEST(bpf_log, an_empty_verifier_log_is_not_the_reason)
{
    BpfLog log;
    log.add("libbpf: prog 'refused': BPF program load failed: Operation not supported\n");
    log.add("libbpf: prog 'refused': -- BEGIN PROG LOAD LOG --\n"
            "processed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
            "-- END PROG LOAD LOG --\n");
    log.add("libbpf: prog 'refused': failed to load: -95\n");
    EXPECT_EQ(log.refused_program(), "refused");
    EXPECT_EQ(log.reason(), "prog 'refused': BPF program load failed: Operation not supported");
}

TEST(bpf_log, an_object_that_fails_as_a_whole_names_no_program)
{
    BpfLog log;
    log.add("libbpf: extern (func ksym) 'bpf_no_such_kfunc': not found in kernel or module BTFs\n");
    log.add("libbpf: failed to load object 'oomtrace_bpf'\n");
    EXPECT_EQ(log.refused_program(), std::nullopt);
    EXPECT_EQ(log.reason(), "extern (func ksym) 'bpf_no_such_kfunc': not found in kernel or module BTFs");
}

TEST(bpf_log, starts_empty_and_splits_into_lines)
{
    BpfLog log;
    EXPECT_EQ(log.refused_program(), std::nullopt);
    EXPECT_EQ(log.reason(), "");
    log.add("one\n\ntwo");
    log.add("\n");
    log.add("");
    EXPECT_THAT(log.lines(), ElementsAre("one", "two"));
    log.clear();
    EXPECT_THAT(log.lines(), ElementsAre());
}

} // namespace
} // namespace oomtrace
