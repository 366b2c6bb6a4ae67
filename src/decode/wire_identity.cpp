// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "decode/wire_bodies.h"
#include "decode/wire_text.h"

namespace oomtrace
{
namespace
{

template <std::size_t size>
std::optional<std::string> text_if(bool valid, const wire_u8 (&field)[size])
{
    return valid ? std::optional(text_of(field)) : std::nullopt;
}

// As /proc/PID/exe has it.
std::string path_of(const wire_process_identity &wire)
{
    const auto *const begin = reinterpret_cast<const char *>(wire.exe);
    std::string_view rest(begin, sizeof(wire.exe));
    std::string path;
    while (!rest.empty() && rest.front() != '\0') {
        const std::string_view name = rest.substr(0, rest.find('\0'));
        path.insert(0, name).insert(0, 1, '/');
        rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    }
    if ((wire.valid & WIRE_IDENTITY_EXE_CUT) != 0) {
        path.insert(0, "...");
    }
    if ((wire.valid & WIRE_IDENTITY_EXE_DELETED) != 0) {
        path += " (deleted)";
    }
    return path;
}

} // namespace

BodyResult body_of(const wire_process_identity &wire)
{
    if (wire.arguments_copied > sizeof(wire.arguments)) {
        return tl::unexpected(BadField{"arguments_copied"});
    }
    const auto has = [&](wire_u32 bit) { return (wire.valid & bit) != 0; };
    ProcessIdentityRead identity;
    identity.pid = wire.pid;
    identity.start_boottime_ns = wire.start_boottime_ns;
    if (has(WIRE_IDENTITY_EXE)) {
        identity.exe = path_of(wire);
    }
    if (has(WIRE_IDENTITY_WITHHELD)) {
        identity.arguments = ArgumentsState::withheld;
    } else if (wire.argument_bytes == 0) {
        identity.arguments = ArgumentsState::none;
    } else if (!has(WIRE_IDENTITY_ARGUMENTS)) {
        identity.arguments = ArgumentsState::not_in_memory;
    } else {
        std::string text(reinterpret_cast<const char *>(wire.arguments), wire.arguments_copied);
        text.resize(text.find_last_not_of('\0') + 1);
        std::ranges::replace(text, '\0', ' ');
        // Of a string that was cut, the NUL is the last byte of the field.
        const bool cut = has(WIRE_IDENTITY_FIRST_ALONE) ? wire.arguments_copied + 1 == sizeof(wire.arguments)
                                                        : wire.arguments_copied < wire.argument_bytes;
        identity.arguments = text.empty() ? ArgumentsState::none : cut ? ArgumentsState::cut : ArgumentsState::whole;
        identity.cmdline = std::move(text);
    }
    return identity;
}

BodyResult body_of(const wire_cgroup_names &wire)
{
    CgroupNames names;
    names.memcg_id = wire.memcg_id;
    names.container_runtime = text_if((wire.valid & WIRE_NAMES_RUNTIME) != 0, wire.container_runtime);
    names.container_name = text_if((wire.valid & WIRE_NAMES_CONTAINER) != 0, wire.container_name);
    names.pod_name = text_if((wire.valid & WIRE_NAMES_POD) != 0, wire.pod_name);
    names.pod_namespace = text_if((wire.valid & WIRE_NAMES_POD) != 0, wire.pod_namespace);
    names.note = text_of(wire.note);
    return names;
}

} // namespace oomtrace
