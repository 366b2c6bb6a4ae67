// SPDX-License-Identifier: Apache-2.0
//
// What kernel_compat.bpf.h decides on each kernel of the list, without booting one. compat_decisions.bpf.o is loaded here with
// its CO-RE relocations taken against the BTF of that kernel (tests/data/btf) and run once over an object that tells where it
// is read. The table says what each kernel is known to have; where in that kernel it lies comes from its BTF, by another way
// than CO-RE.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "btf_layout.h"

namespace oomtrace::test
{
namespace
{

using Decisions = std::map<std::string, std::int64_t>;
using Bytes = std::vector<std::byte>;

constexpr std::int64_t none = -1;
constexpr std::uint32_t word_base = 1U << 30; // WORD_BASE of the object
constexpr std::uint64_t mmf_oom_skip = 1ULL << 21;

enum class Rss { shared_count, percpu_counter };
enum class MmFlags { number, bitmap };
enum class PcpLists { pageset, per_cpu_pageset };
enum class PolicyNodes { in_union, member };
enum class KswapdFailures { number, atomic };

struct Kernel {
    const char *fixture; // file of tests/data/btf, without its suffix
    Rss rss;
    MmFlags flags;
    PcpLists pcp_lists;
    KswapdFailures kswapd_failures;
    PolicyNodes policy_nodes;
    bool free_highatomic;
    bool cma_pages; // CONFIG_CMA
    bool cgroup_v1; // CONFIG_MEMCG_V1
    bool memcg_swappiness;
    bool failcnt_is_v1_only;
    bool dead_tasks_are_passed_over;
    bool thps_are_counted_whole;
    bool exit_tracepoint_comes_first;
    bool lookup_percpu_elem;
    bool group_kills_are_counted;
    std::set<std::string> absent_items; // of the enums
};

void PrintTo(const Kernel &kernel, std::ostream *out)
{
    *out << kernel.fixture;
}

const std::array amd64_kernels = {
    Kernel{
        .fixture = "5.10-amd64",
        .rss = Rss::shared_count,
        .flags = MmFlags::number,
        .pcp_lists = PcpLists::pageset,
        .kswapd_failures = KswapdFailures::number,
        .policy_nodes = PolicyNodes::in_union,
        .free_highatomic = false,
        .cma_pages = false,
        .cgroup_v1 = true,
        .memcg_swappiness = true,
        .failcnt_is_v1_only = false,
        .dead_tasks_are_passed_over = false,
        .thps_are_counted_whole = true,
        .exit_tracepoint_comes_first = false,
        .lookup_percpu_elem = false,
        .group_kills_are_counted = false,
        .absent_items = {"NR_PAGETABLE", "NR_SECONDARY_PAGETABLE", "NR_SWAPCACHE", "MIGRATE_CMA"},
    },
    Kernel{
        .fixture = "6.1-amd64",
        .rss = Rss::shared_count,
        .flags = MmFlags::number,
        .pcp_lists = PcpLists::per_cpu_pageset,
        .kswapd_failures = KswapdFailures::number,
        .policy_nodes = PolicyNodes::member,
        .free_highatomic = false,
        .cma_pages = false,
        .cgroup_v1 = true,
        .memcg_swappiness = true,
        .failcnt_is_v1_only = false,
        .dead_tasks_are_passed_over = false,
        .thps_are_counted_whole = false,
        .exit_tracepoint_comes_first = false,
        .lookup_percpu_elem = true,
        .group_kills_are_counted = true,
        .absent_items = {"MIGRATE_CMA"},
    },
    Kernel{
        .fixture = "6.12-amd64",
        .rss = Rss::percpu_counter,
        .flags = MmFlags::number,
        .pcp_lists = PcpLists::per_cpu_pageset,
        .kswapd_failures = KswapdFailures::number,
        .policy_nodes = PolicyNodes::member,
        .free_highatomic = true, // of 6.13, in the stable series since
        .cma_pages = false,
        .cgroup_v1 = false,
        .memcg_swappiness = true,
        .failcnt_is_v1_only = false,
        .dead_tasks_are_passed_over = false,
        .thps_are_counted_whole = false,
        .exit_tracepoint_comes_first = false,
        .lookup_percpu_elem = true,
        .group_kills_are_counted = true,
        .absent_items = {"MIGRATE_CMA"},
    },
    Kernel{
        .fixture = "6.18-amd64",
        .rss = Rss::percpu_counter,
        .flags = MmFlags::bitmap,
        .pcp_lists = PcpLists::per_cpu_pageset,
        .kswapd_failures = KswapdFailures::atomic,
        .policy_nodes = PolicyNodes::member,
        .free_highatomic = true,
        .cma_pages = false,
        .cgroup_v1 = false,
        .memcg_swappiness = true,
        .failcnt_is_v1_only = true,
        .dead_tasks_are_passed_over = false,
        .thps_are_counted_whole = false,
        .exit_tracepoint_comes_first = true,
        .lookup_percpu_elem = true,
        .group_kills_are_counted = true,
        .absent_items = {"NR_BOUNCE", "MIGRATE_CMA"},
    },
    Kernel{
        .fixture = "7.3-amd64",
        .rss = Rss::percpu_counter,
        .flags = MmFlags::bitmap,
        .pcp_lists = PcpLists::per_cpu_pageset,
        .kswapd_failures = KswapdFailures::atomic,
        .policy_nodes = PolicyNodes::member,
        .free_highatomic = true,
        .cma_pages = true,
        .cgroup_v1 = false,
        .memcg_swappiness = false,
        .failcnt_is_v1_only = true,
        .dead_tasks_are_passed_over = true,
        .thps_are_counted_whole = false,
        .exit_tracepoint_comes_first = true,
        .lookup_percpu_elem = true,
        .group_kills_are_counted = true,
        .absent_items = {"NR_BOUNCE"},
    },
};

// Debian's arm64 kernels are configured with CMA; nothing else that is asked for differs.
Kernel on_arm64(Kernel kernel, const char *fixture)
{
    kernel.fixture = fixture;
    kernel.cma_pages = true;
    kernel.absent_items.erase("MIGRATE_CMA");
    return kernel;
}

const std::vector<Kernel> kernels = [] {
    std::vector<Kernel> all(amd64_kernels.begin(), amd64_kernels.end());
    all.push_back(on_arm64(amd64_kernels[1], "6.1-arm64"));
    all.push_back(on_arm64(amd64_kernels[2], "6.12-arm64"));
    all.push_back(on_arm64(amd64_kernels[4], "7.3-arm64"));
    return all;
}();

// Where things lie in one kernel, by its BTF. A name that the table expects and the BTF lacks is a failure of its own.
class Layout
{
  public:
    explicit Layout(const Kernel &kernel) : kernel_(kernel), types_(read_btf(path())) {}

    [[nodiscard]] std::string path() const { return std::string(BTF_FIXTURES) + "/" + kernel_.fixture + ".btf"; }

    [[nodiscard]] std::int64_t at(const char *structure, const char *member) const
    {
        const std::optional<std::int64_t> offset = offset_of(*types_, structure, member);
        EXPECT_TRUE(offset) << kernel_.fixture << " has no " << structure << "." << member
                            << ": cut the fixtures anew with scripts/regenerate_btf_fixtures.sh";
        return offset.value_or(0);
    }

    [[nodiscard]] std::int64_t number(const char *enumeration, const std::string &name) const
    {
        const std::optional<std::int64_t> number = number_of(*types_, enumeration, name);
        EXPECT_EQ(number.has_value(), !kernel_.absent_items.contains(name)) << kernel_.fixture << ": " << name;
        return number.value_or(none);
    }

    [[nodiscard]] const btf *types() const { return types_.get(); }

  private:
    const Kernel &kernel_;
    BtfTypes types_;
};

void expect_mm(const Kernel &kernel, const Layout &layout, Decisions &expected)
{
    const bool percpu = kernel.rss == Rss::percpu_counter;
    const std::array names = {"mm_rss_file", "mm_rss_anon", "mm_rss_swap", "mm_rss_shmem"};
    for (std::size_t counter = 0; counter < names.size(); counter++) {
        const std::string index = "[" + std::to_string(counter) + "]";
        const std::string member = percpu ? "rss_stat" + index + ".count" : "rss_stat.count" + index + ".counter";
        expected[names[counter]] = layout.at("mm_struct", member.c_str());
    }
    expected["rss_is_percpu"] = percpu;
    expected["mm_rss_deltas"] = percpu ? layout.at("mm_struct", "rss_stat[0].counters") : none;
}

void expect_zone(const Kernel &kernel, const Layout &layout, Decisions &expected)
{
    expected["zone_pcp_count"] = kernel.pcp_lists == PcpLists::pageset
                                     ? layout.at("zone", "pageset") + layout.at("per_cpu_pageset", "pcp.count")
                                     : layout.at("zone", "per_cpu_pageset") + layout.at("per_cpu_pages", "count");
    expected["zone_has_free_highatomic"] = kernel.free_highatomic;
    expected["zone_free_highatomic"] = kernel.free_highatomic ? layout.at("zone", "nr_free_highatomic") : none;
    expected["zone_has_cma"] = kernel.cma_pages;
    expected["zone_cma_pages"] = kernel.cma_pages ? layout.at("zone", "cma_pages") : none;
    const bool atomic = kernel.kswapd_failures == KswapdFailures::atomic;
    expected["node_kswapd_failures"] = layout.at("pglist_data", atomic ? "kswapd_failures.counter" : "kswapd_failures");
}

void expect_numbers(const Layout &layout, Decisions &expected)
{
    const auto expect = [&](const char *enumeration, const std::vector<std::string> &names) {
        for (const std::string &name : names) {
            expected[name] = layout.number(enumeration, name);
        }
    };
    expect("zone_stat_item",
           {"NR_FREE_PAGES", "NR_ZONE_INACTIVE_ANON", "NR_ZONE_ACTIVE_ANON", "NR_ZONE_INACTIVE_FILE", "NR_ZONE_ACTIVE_FILE",
            "NR_ZONE_UNEVICTABLE", "NR_ZONE_WRITE_PENDING", "NR_MLOCK", "NR_BOUNCE", "NR_ZSPAGES", "NR_FREE_CMA_PAGES"});
    expect("node_stat_item", {"NR_INACTIVE_ANON",
                              "NR_ACTIVE_ANON",
                              "NR_INACTIVE_FILE",
                              "NR_ACTIVE_FILE",
                              "NR_UNEVICTABLE",
                              "NR_SLAB_RECLAIMABLE_B",
                              "NR_SLAB_UNRECLAIMABLE_B",
                              "NR_ISOLATED_ANON",
                              "NR_ISOLATED_FILE",
                              "NR_ANON_MAPPED",
                              "NR_FILE_MAPPED",
                              "NR_FILE_PAGES",
                              "NR_FILE_DIRTY",
                              "NR_WRITEBACK",
                              "NR_SHMEM",
                              "NR_SHMEM_THPS",
                              "NR_FILE_THPS",
                              "NR_ANON_THPS",
                              "NR_KERNEL_MISC_RECLAIMABLE",
                              "NR_FOLL_PIN_ACQUIRED",
                              "NR_FOLL_PIN_RELEASED",
                              "NR_KERNEL_STACK_KB",
                              "NR_PAGETABLE",
                              "NR_SECONDARY_PAGETABLE",
                              "NR_SWAPCACHE"});
    expect("migratetype", {"MIGRATE_UNMOVABLE", "MIGRATE_MOVABLE", "MIGRATE_RECLAIMABLE", "MIGRATE_HIGHATOMIC", "MIGRATE_CMA",
                           "MIGRATE_ISOLATE"});
    expect("memcg_memory_event", {"MEMCG_MAX", "MEMCG_OOM", "MEMCG_OOM_KILL", "MEMCG_SWAP_MAX"});
    expect("compact_result",
           {"COMPACT_NOT_SUITABLE_ZONE", "COMPACT_SKIPPED", "COMPACT_DEFERRED", "COMPACT_NO_SUITABLE_PAGE", "COMPACT_CONTINUE",
            "COMPACT_COMPLETE", "COMPACT_PARTIAL_SKIPPED", "COMPACT_CONTENDED", "COMPACT_SUCCESS"});
    expect("compact_priority", {"COMPACT_PRIO_SYNC_FULL", "COMPACT_PRIO_SYNC_LIGHT", "COMPACT_PRIO_ASYNC"});
}

Decisions expected_of(const Kernel &kernel, const Layout &layout)
{
    Decisions expected;
    expect_mm(kernel, layout, expected);
    expect_zone(kernel, layout, expected);
    expect_numbers(layout, expected);
    expected["memcg_kmem"] = kernel.cgroup_v1 ? layout.at("mem_cgroup", "kmem") : none;
    expected["memcg_has_oom_lock"] = kernel.cgroup_v1;
    expected["memcg_swappiness"] = kernel.memcg_swappiness ? layout.at("mem_cgroup", "swappiness") : none;
    expected["failcnt_is_v1_only"] = kernel.failcnt_is_v1_only;
    expected["exiting_tasks_are_passed_over"] = kernel.dead_tasks_are_passed_over;
    expected["thps_are_counted_whole"] = kernel.thps_are_counted_whole;
    expected["exit_tracepoint_precedes_exit_mm"] = kernel.exit_tracepoint_comes_first;
    expected["chosen_points_is_signed"] = 1; // all since 5.9
    expected["memcg_counts_group_kills"] = kernel.group_kills_are_counted;
    expected["has_lookup_percpu_elem"] = kernel.lookup_percpu_elem;
    expected["has_cpusets"] = 1;
    const std::string css = "subsys[" + std::to_string(layout.number("cgroup_subsys_id", "cpuset_cgrp_id")) + "]";
    expected["task_cpuset"] = layout.at("css_set", css.c_str());
    expected["has_mempolicy"] = 1; // CONFIG_NUMA
    expected["task_bind_nodes"] = layout.at("mempolicy", kernel.policy_nodes == PolicyNodes::in_union ? "v.nodes" : "nodes");
    expected["nodes_of_another_policy"] = none;
    return expected;
}

// compat_decisions.bpf.o as that kernel would load it.
class Program
{
  public:
    explicit Program(const std::string &btf_path)
    {
        bpf_object_open_opts options = {};
        options.sz = sizeof(options);
        options.btf_custom_path = btf_path.c_str();
        object_.reset(bpf_object__open_file(COMPAT_DECISIONS_OBJECT, &options));
        error_ = object_ ? bpf_object__load(object_.get()) : -errno;
        if (error_ == 0) {
            variables_ = bpf_object__find_map_by_name(object_.get(), ".bss");
            initial_.resize(bpf_map__value_size(variables_));
        }
    }

    [[nodiscard]] int error() const { return error_; }

    // One run over `kernel_object`.
    [[nodiscard]] Decisions decide(const Bytes &kernel_object) const
    {
        Bytes variables = initial_;
        const std::uint32_t key = 0;
        std::memcpy(variables.data() + offset_of_variable("object"), kernel_object.data(), kernel_object.size());
        EXPECT_EQ(bpf_map_update_elem(bpf_map__fd(variables_), &key, variables.data(), BPF_ANY), 0) << errno;
        bpf_test_run_opts run{};
        run.sz = sizeof run;
        EXPECT_EQ(bpf_prog_test_run_opts(bpf_program__fd(bpf_object__find_program_by_name(object_.get(), "decide")), &run), 0)
            << errno;
        EXPECT_EQ(bpf_map_lookup_elem(bpf_map__fd(variables_), &key, variables.data()), 0) << errno;
        return members_of(*types(), "decisions", variables.data() + offset_of_variable("decisions"));
    }

    [[nodiscard]] std::size_t object_size() const { return variable("object").size; }

  private:
    struct ObjectDeleter {
        void operator()(bpf_object *object) const { bpf_object__close(object); }
    };

    [[nodiscard]] const btf *types() const { return bpf_object__btf(object_.get()); }

    [[nodiscard]] btf_var_secinfo variable(std::string_view name) const
    {
        const btf_type *section = btf__type_by_id(types(), static_cast<std::uint32_t>(btf__find_by_name(types(), ".bss")));
        for (const btf_var_secinfo &info : std::span(btf_var_secinfos(section), btf_vlen(section))) {
            if (name == btf__name_by_offset(types(), btf__type_by_id(types(), info.type)->name_off)) {
                return info;
            }
        }
        ADD_FAILURE() << "no variable " << name;
        return {};
    }

    [[nodiscard]] std::size_t offset_of_variable(std::string_view name) const { return variable(name).offset; }

    std::unique_ptr<bpf_object, ObjectDeleter> object_;
    bpf_map *variables_ = nullptr;
    Bytes initial_;
    int error_ = 0;
};

Bytes words_that_tell_their_offset(std::size_t size)
{
    Bytes bytes(size);
    for (std::uint32_t offset = 0; offset < size; offset += sizeof(std::uint32_t)) {
        const std::uint32_t word = word_base + offset;
        std::memcpy(bytes.data() + offset, &word, sizeof(word));
    }
    return bytes;
}

std::vector<std::string> differences(const Decisions &decisions, const Decisions &expected)
{
    const auto text = [](const Decisions &values, const std::string &name) {
        const auto found = values.find(name);
        return found == values.end() ? std::string("nothing") : std::to_string(found->second);
    };
    Decisions all = decisions;
    all.insert(expected.begin(), expected.end());
    std::vector<std::string> found;
    for (const auto &[name, value] : all) {
        if (text(decisions, name) != text(expected, name)) {
            found.push_back(name + " is " + text(decisions, name) + ", expected " + text(expected, name));
        }
    }
    return found;
}

class CompatDecisions : public testing::TestWithParam<Kernel>
{
  protected:
    void SetUp() override
    {
        if (geteuid() != 0) {
            GTEST_SKIP() << "loading a BPF program needs root";
        }
        ASSERT_TRUE(layout_.types()) << layout_.path() << ": " << std::strerror(errno);
        ASSERT_EQ(program_.error(), 0) << "cannot load " << COMPAT_DECISIONS_OBJECT << " for " << GetParam().fixture;
    }

    // What `decision` says where only that flag is set, and where all but that one are.
    void expect_reads_flag(const std::string &decision, std::int64_t offset, std::uint64_t bit, std::size_t size)
    {
        Bytes alone(program_.object_size());
        Bytes others(program_.object_size(), std::byte{0xff});
        const std::uint64_t all_but = size == sizeof(bool) ? 0 : ~bit;
        std::memcpy(alone.data() + offset, &bit, size);
        std::memcpy(others.data() + offset, &all_but, size);
        EXPECT_EQ(program_.decide(alone).at(decision), 1) << decision;
        EXPECT_EQ(program_.decide(others).at(decision), 0) << decision;
    }

    const Layout layout_{GetParam()};
    const Program program_{layout_.path()};
};

TEST_P(CompatDecisions, AreWhatTheKernelIsKnownToHave)
{
    Decisions decisions = program_.decide(words_that_tell_their_offset(program_.object_size()));
    // Flags tell no offset: the test below.
    for (const char *flag : {"mm_has_oom_skip", "memcg_oom_locked", "memcg_oom_kill_disabled"}) {
        EXPECT_EQ(decisions.erase(flag), 1U) << flag;
    }
    EXPECT_THAT(differences(decisions, expected_of(GetParam(), layout_)), testing::IsEmpty());
}

TEST_P(CompatDecisions, ReadTheFlagsWhereTheKernelHasThem)
{
    expect_reads_flag("mm_has_oom_skip", layout_.at("mm_struct", "flags"), mmf_oom_skip, sizeof(std::uint64_t));
    if (GetParam().cgroup_v1) {
        expect_reads_flag("memcg_oom_locked", layout_.at("mem_cgroup", "oom_lock"), 1, sizeof(bool));
        return;
    }
    const Decisions decisions = program_.decide(Bytes(program_.object_size(), std::byte{0xff}));
    EXPECT_EQ(decisions.at("memcg_oom_locked"), 0);
    EXPECT_EQ(decisions.at("memcg_oom_kill_disabled"), 0);
}

TEST_P(CompatDecisions, SeeAMemcgWhoseOomKillerIsDisabled)
{
    if (!GetParam().cgroup_v1) {
        return; // the test above
    }
    const std::int64_t offset = layout_.at("mem_cgroup", "oom_kill_disable");
    Bytes object(program_.object_size());
    EXPECT_EQ(program_.decide(object).at("memcg_oom_kill_disabled"), 0);
    object[static_cast<std::size_t>(offset)] = std::byte{1};
    EXPECT_EQ(program_.decide(object).at("memcg_oom_kill_disabled"), 1);
}

std::string test_name(const testing::TestParamInfo<Kernel> &kernel)
{
    std::string name = kernel.param.fixture;
    std::ranges::replace(name, '-', '_');
    std::ranges::replace(name, '.', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Kernels, CompatDecisions, testing::ValuesIn(kernels), test_name);

TEST(BtfFixtures, HaveATableEntryEach)
{
    std::set<std::string> fixtures, entries;
    for (const auto &file : std::filesystem::directory_iterator(BTF_FIXTURES)) {
        if (file.path().extension() == ".btf") {
            fixtures.insert(file.path().stem());
        }
    }
    for (const Kernel &kernel : kernels) {
        entries.emplace(kernel.fixture);
    }
    EXPECT_EQ(fixtures, entries);
}

} // namespace
} // namespace oomtrace::test
