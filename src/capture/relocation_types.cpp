// SPDX-License-Identifier: Apache-2.0
#include "capture/relocation_types.h"

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <unordered_set>

#include <bpf/btf.h>

namespace oomtrace
{

namespace
{

// As bpf_core_essential_name_len() of libbpf: "task_struct" of "task_struct___v5_14".
std::string_view without_flavour(std::string_view name)
{
    for (std::size_t at = name.size(); at-- > 1;) {
        if (name.substr(at).starts_with("___") && name[at - 1] != '_' && name.size() > at + 3 && name[at + 3] != '_')
            return name.substr(0, at);
    }
    return name;
}

// Kinds of which a program can have a type of its own that stands for the kernel's.
bool can_be_asked_for(const btf_type &type)
{
    switch (btf_kind(&type)) {
    case BTF_KIND_INT:
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
    case BTF_KIND_TYPEDEF:
    case BTF_KIND_FWD:
    case BTF_KIND_FLOAT:
        return true;
    default:
        return false;
    }
}

std::size_t size_of(const btf_type &type)
{
    const std::size_t count = btf_vlen(&type);
    switch (btf_kind(&type)) {
    case BTF_KIND_INT:
        return sizeof(type) + sizeof(std::uint32_t);
    case BTF_KIND_ARRAY:
        return sizeof(type) + sizeof(struct btf_array);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
        return sizeof(type) + count * sizeof(btf_member);
    case BTF_KIND_ENUM:
        return sizeof(type) + count * sizeof(struct btf_enum);
    case BTF_KIND_ENUM64:
        return sizeof(type) + count * sizeof(struct btf_enum64);
    default:
        return sizeof(type);
    }
}

class NeededTypes
{
  public:
    explicit NeededTypes(const btf &kernel) : kernel_(kernel), needed_(btf__type_cnt(&kernel), false) {}

    // With what is embedded in it.
    void add(std::uint32_t id)
    {
        pending_.push_back(id);
        while (!pending_.empty()) {
            const std::uint32_t next = pending_.back();
            pending_.pop_back();
            if (next == 0 || next >= needed_.size() || needed_[next])
                continue;
            needed_[next] = true;
            add_parts(*btf__type_by_id(&kernel_, next));
        }
    }

    [[nodiscard]] bool contains(std::uint32_t id) const { return needed_[id]; }

    [[nodiscard]] std::uint32_t end() const
    {
        auto end = static_cast<std::uint32_t>(needed_.size());
        while (end > 1 && !needed_[end - 1])
            --end;
        return end;
    }

  private:
    void add_parts(const btf_type &type)
    {
        switch (btf_kind(&type)) {
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION:
            for (const btf_member &member : std::span(btf_members(&type), btf_vlen(&type)))
                pending_.push_back(member.type);
            break;
        case BTF_KIND_ARRAY:
            pending_.push_back(btf_array(&type)->type);
            pending_.push_back(btf_array(&type)->index_type);
            break;
        case BTF_KIND_TYPEDEF:
        case BTF_KIND_CONST:
        case BTF_KIND_VOLATILE:
        case BTF_KIND_RESTRICT:
        case BTF_KIND_TYPE_TAG:
            pending_.push_back(type.type);
            break;
        default:
            break;
        }
    }

    const btf &kernel_;
    std::vector<bool> needed_;
    std::vector<std::uint32_t> pending_;
};

void append(std::vector<std::byte> &bytes, const void *data, std::size_t size)
{
    const auto *const begin = static_cast<const std::byte *>(data);
    bytes.insert(bytes.end(), begin, begin + size);
}

std::string_view name_of(const btf &types, const btf_type &type)
{
    const char *const name = btf__name_by_offset(&types, type.name_off);
    return name != nullptr ? name : "";
}

} // namespace

std::vector<std::byte> relocation_types(const btf &kernel, const btf &programs)
{
    std::unordered_set<std::string_view> names;
    for (std::uint32_t id = 1; id < btf__type_cnt(&programs); ++id) {
        const btf_type &type = *btf__type_by_id(&programs, id);
        if (const auto name = name_of(programs, type); can_be_asked_for(type) && !name.empty())
            names.insert(without_flavour(name));
    }

    NeededTypes needed(kernel);
    for (std::uint32_t id = 1, end = btf__type_cnt(&kernel); id < end; ++id) {
        const btf_type &type = *btf__type_by_id(&kernel, id);
        if (can_be_asked_for(type) && names.contains(without_flavour(name_of(kernel, type))))
            needed.add(id);
    }

    std::uint32_t raw_size = 0;
    const auto *const raw = static_cast<const char *>(btf__raw_data(&kernel, &raw_size));
    btf_header header{};
    std::memcpy(&header, raw, sizeof(header));

    std::vector<std::byte> bytes(sizeof(header));
    const btf_type filler{.name_off = 0, .info = BTF_KIND_PTR << 24U, .type = 0};
    const std::uint32_t end = needed.end();
    for (std::uint32_t id = 1; id < end; ++id) {
        const btf_type &type = *btf__type_by_id(&kernel, id);
        if (needed.contains(id) && btf_kind(&type) != BTF_KIND_PTR && btf_kind(&type) != BTF_KIND_FUNC_PROTO)
            append(bytes, &type, size_of(type));
        else
            append(bytes, &filler, sizeof(filler));
    }
    const char *const strings = raw + header.hdr_len + header.str_off;
    header.hdr_len = sizeof(header);
    header.type_off = 0;
    header.type_len = static_cast<std::uint32_t>(bytes.size() - sizeof(header));
    header.str_off = header.type_len;
    std::memcpy(bytes.data(), &header, sizeof(header));
    append(bytes, strings, header.str_len);
    return bytes;
}

} // namespace oomtrace
