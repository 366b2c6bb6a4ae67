// SPDX-License-Identifier: Apache-2.0
//
// Both compilers read wire_record.h; what they make of it has to be the same to the byte. The BPF side is read from the BTF of
// bpf/wire_layout.bpf.c.
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cstddef>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <span>
#include <string>

#include <gmock/gmock.h>

#include "oomtrace/wire_record.h"

namespace oomtrace
{
namespace
{

struct Place {
    std::size_t offset, size;
    bool operator==(const Place &) const = default;
};

void PrintTo(const Place &place, std::ostream *out)
{
    *out << place.size << " bytes at " << place.offset;
}

using Members = std::map<std::string, Place>; // by "struct.member"
using Sizes = std::map<std::string, std::size_t>;

Members members_in_cpp()
{
    return {
#define WIRE_MEMBER(type, member) {#type "." #member, {offsetof(type, member), sizeof(type::member)}},
#include "wire_members.inc"
#undef WIRE_MEMBER
    };
}

Sizes sizes_in_cpp()
{
    return {
#define WIRE_SIZE(kind, type) {#type, sizeof(type)},
        WIRE_KINDS(WIRE_SIZE)
#undef WIRE_SIZE
            {"wire_header", sizeof(wire_header)},
        {"wire_task", sizeof(wire_task)},
        {"wire_mm", sizeof(wire_mm)},
        {"wire_page_counter", sizeof(wire_page_counter)},
        {"wire_file_header", sizeof(wire_file_header)},
        {"wire_retried_zone", sizeof(wire_retried_zone)},
    };
}

class WireLayout : public testing::Test
{
  protected:
    void SetUp() override
    {
        btf_.reset(btf__parse_elf(WIRE_LAYOUT_OBJECT, nullptr));
        ASSERT_EQ(libbpf_get_error(btf_.get()), 0) << WIRE_LAYOUT_OBJECT;
        for (unsigned id = 1; id < btf__type_cnt(btf_.get()); ++id) {
            const btf_type *const type = btf__type_by_id(btf_.get(), id);
            const std::string name = btf__name_by_offset(btf_.get(), type->name_off);
            if (!btf_is_struct(type) || !name.starts_with("wire_"))
                continue;
            sizes_.emplace(name, type->size);
            for (const btf_member &member : std::span(btf_members(type), btf_vlen(type)))
                add_member(name, member);
        }
    }

    struct FreeBtf {
        void operator()(btf *types) const { btf__free(types); }
    };
    std::unique_ptr<btf, FreeBtf> btf_;
    Sizes sizes_;
    Members members_;

  private:
    void add_member(const std::string &type, const btf_member &member)
    {
        const auto size = btf__resolve_size(btf_.get(), member.type);
        ASSERT_GT(size, 0);
        ASSERT_EQ(member.offset % 8, 0U) << "a bit field in " << type;
        members_.emplace(type + "." + btf__name_by_offset(btf_.get(), member.name_off),
                         Place{member.offset / 8, static_cast<std::size_t>(size)});
    }
};

TEST_F(WireLayout, EveryStructOfTheHeaderIsCompared)
{
    std::ifstream header(WIRE_RECORD_HEADER);
    ASSERT_TRUE(header);
    std::set<std::string> declared;
    const std::regex declaration(R"(^struct (wire_\w+) \{$)");
    std::smatch match;
    for (std::string line; std::getline(header, line);) {
        if (std::regex_match(line, match, declaration))
            declared.insert(match[1]);
    }
    std::set<std::string> compared;
    for (const auto &[name, size] : sizes_)
        compared.insert(name);
    EXPECT_FALSE(declared.empty());
    EXPECT_EQ(compared, declared);
}

TEST_F(WireLayout, SizesAreTheSame)
{
    EXPECT_EQ(sizes_, sizes_in_cpp());
}

TEST_F(WireLayout, EveryMemberIsAtTheSamePlace)
{
    EXPECT_EQ(members_, members_in_cpp());
}

// Padding would cross uninitialised, and two compilers need not agree on it.
TEST_F(WireLayout, HasNoHoles)
{
    Sizes covered;
    for (const auto &[name, place] : members_)
        covered[name.substr(0, name.find('.'))] += place.size;
    EXPECT_EQ(covered, sizes_in_cpp());
}

} // namespace
} // namespace oomtrace
