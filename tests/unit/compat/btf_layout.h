// SPDX-License-Identifier: Apache-2.0
//
// btf_layout.h: where a kernel keeps something, read from its BTF by name. Shares nothing with libbpf's CO-RE relocation, which
// it checks.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <bpf/btf.h>

namespace oomtrace::test
{

struct BtfDeleter {
    void operator()(btf *types) const { btf__free(types); }
};
using BtfTypes = std::unique_ptr<btf, BtfDeleter>;

// Null, with errno set: not to be read or no BTF.
BtfTypes read_btf(const std::string &file);

// Bytes from the beginning of the struct to a member, as "rss_stat.count[1].counter": through anonymous members, arrays,
// typedefs.
std::optional<std::int64_t> offset_of(const btf &types, const char *structure, std::string_view path);

std::optional<std::int64_t> number_of(const btf &types, const char *enumeration, std::string_view enumerator);

// The members of a struct of 64 bit numbers, by name, from its bytes. Every one has to be of that size.
std::map<std::string, std::int64_t> members_of(const btf &types, const char *structure, const std::byte *bytes);

} // namespace oomtrace::test
