// SPDX-License-Identifier: Apache-2.0
#include "btf_layout.h"

#include <charconv>
#include <cstring>
#include <span>

namespace oomtrace::test
{
namespace
{

constexpr std::int64_t bits_of_byte = 8;

const btf_type *resolve(const btf &types, std::uint32_t id)
{
    const btf_type *type = btf__type_by_id(&types, id);
    while (type != nullptr && (btf_is_mod(type) || btf_is_typedef(type))) {
        type = btf__type_by_id(&types, type->type);
    }
    return type;
}

struct Place {
    const btf_type *type;
    std::int64_t offset;
};

std::span<const btf_member> members(const btf_type *type)
{
    return {btf_members(type), btf_vlen(type)};
}

std::optional<Place> find_member(const btf &types, const btf_type *type, std::string_view name)
{
    if (type == nullptr || !btf_is_composite(type)) {
        return std::nullopt;
    }
    std::uint32_t index = 0;
    for (const btf_member &member : members(type)) {
        const std::string_view own(btf__name_by_offset(&types, member.name_off));
        const std::int64_t offset = btf_member_bit_offset(type, index++) / bits_of_byte;
        const btf_type *inner = resolve(types, member.type);
        if (own == name) {
            return Place{inner, offset};
        }
        if (own.empty()) {
            if (const std::optional<Place> found = find_member(types, inner, name)) {
                return Place{found->type, offset + found->offset};
            }
        }
    }
    return std::nullopt;
}

// "count[1]" gives "count" and 1.
std::pair<std::string_view, std::uint32_t> split_index(std::string_view step)
{
    std::uint32_t index = 0;
    const std::size_t bracket = step.find('[');
    if (bracket != std::string_view::npos) {
        std::from_chars(step.data() + bracket + 1, step.data() + step.size(), index);
    }
    return {step.substr(0, bracket), index};
}

} // namespace

BtfTypes read_btf(const std::string &file)
{
    return BtfTypes(btf__parse(file.c_str(), nullptr));
}

std::optional<std::int64_t> offset_of(const btf &types, const char *structure, std::string_view path)
{
    const std::int32_t id = btf__find_by_name_kind(&types, structure, BTF_KIND_STRUCT);
    if (id < 0) {
        return std::nullopt;
    }
    Place place{btf__type_by_id(&types, static_cast<std::uint32_t>(id)), 0};
    while (!path.empty()) {
        const std::size_t dot = path.find('.');
        const auto [name, index] = split_index(path.substr(0, dot));
        path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
        const std::optional<Place> found = find_member(types, place.type, name);
        if (!found) {
            return std::nullopt;
        }
        place = {found->type, place.offset + found->offset};
        if (place.type != nullptr && btf_is_array(place.type)) {
            const std::uint32_t element = btf_array(place.type)->type;
            const std::int64_t size = btf__resolve_size(&types, element);
            if (size < 0) {
                return std::nullopt;
            }
            place = {resolve(types, element), place.offset + index * size};
        }
    }
    return place.offset;
}

std::optional<std::int64_t> number_of(const btf &types, const char *enumeration, std::string_view enumerator)
{
    const std::int32_t id = btf__find_by_name_kind(&types, enumeration, BTF_KIND_ENUM);
    if (id < 0) {
        return std::nullopt;
    }
    const btf_type *type = btf__type_by_id(&types, static_cast<std::uint32_t>(id));
    for (const struct btf_enum &value : std::span(btf_enum(type), btf_vlen(type))) {
        if (enumerator == btf__name_by_offset(&types, value.name_off)) {
            return value.val;
        }
    }
    return std::nullopt;
}

std::map<std::string, std::int64_t> members_of(const btf &types, const char *structure, const std::byte *bytes)
{
    std::map<std::string, std::int64_t> found;
    const std::int32_t id = btf__find_by_name_kind(&types, structure, BTF_KIND_STRUCT);
    if (id < 0) {
        return found;
    }
    const btf_type *type = btf__type_by_id(&types, static_cast<std::uint32_t>(id));
    std::uint32_t index = 0;
    for (const btf_member &member : members(type)) {
        std::int64_t value = 0;
        std::memcpy(&value, bytes + btf_member_bit_offset(type, index++) / bits_of_byte, sizeof(value));
        found.emplace(btf__name_by_offset(&types, member.name_off), value);
    }
    return found;
}

} // namespace oomtrace::test
