// SPDX-License-Identifier: Apache-2.0
#include "sinks/journal_sink.h"

#include <cerrno>
#include <cstring>
#include <optional>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sinks/known.h"
#include "sinks/terminal/headline.h"
#include "sinks/text_escape.h"
#include "sinks/time_text.h"

namespace oomtrace
{

namespace
{

constexpr std::size_t longest_value = 8192; // all of them then fit a datagram, whose limit is net.core.wmem_default

// syslog(3)
constexpr const char *priority_critical = "2";
constexpr const char *priority_error = "3";
constexpr const char *priority_warning = "4";

const char *priority_of(Outcome outcome)
{
    switch (outcome) {
    case Outcome::panic:
        return priority_critical;
    case Outcome::killed:
    case Outcome::group_kill:
    case Outcome::no_killable_task:
    case Outcome::unknown:
        return priority_error;
    case Outcome::victim_already_dying:
    case Outcome::aborted:
    case Outcome::notifier_freed:
        return priority_warning;
    }
    return priority_error;
}

void add(JournalFields &fields, const char *name, std::string_view value)
{
    fields.emplace_back(name, value.substr(0, longest_value));
}

void add(JournalFields &fields, const char *name, const std::optional<std::string> &value)
{
    if (value)
        add(fields, name, std::string_view(*value));
}

template <typename Number>
void add_number(JournalFields &fields, const char *name, const std::optional<Number> &value)
{
    if (value)
        add(fields, name, std::string_view(std::to_string(*value)));
}

void add_victim(JournalFields &fields, const Victim &victim)
{
    const Process &process = victim.process;
    if (process.pid != 0)
        add_number(fields, "OOMTRACE_VICTIM_PID", std::optional(process.pid));
    add(fields, "OOMTRACE_VICTIM_COMM", std::string_view(process.comm));
    add_number(fields, "OOMTRACE_VICTIM_UID", process.uid);
    add(fields, "OOMTRACE_VICTIM_EXE", victim.identity.exe);
    if (is_known(victim.memory) && rss_known(victim.memory))
        add_number(fields, "OOMTRACE_VICTIM_RSS_BYTES", std::optional(victim.memory.rss_bytes()));
    add_number(fields, "OOMTRACE_VICTIM_POINTS", victim.points);
    add(fields, "OOMTRACE_VICTIM_CGROUP", process.cgroup);
    const CgroupIdentity &identity = victim.cgroup_identity;
    add(fields, "OOMTRACE_VICTIM_UNIT", identity.systemd_unit);
    add(fields, "OOMTRACE_VICTIM_USER_UNIT", identity.systemd_user_unit);
    add(fields, "OOMTRACE_CONTAINER_ID", identity.container_id);
    add(fields, "OOMTRACE_CONTAINER_NAME", identity.container_name);
    add(fields, "OOMTRACE_CONTAINER_RUNTIME", identity.container_runtime);
    add(fields, "OOMTRACE_POD_NAMESPACE", identity.pod_namespace);
    add(fields, "OOMTRACE_POD_NAME", identity.pod_name);
    add(fields, "OOMTRACE_POD_UID", identity.pod_uid);
    add(fields, "OBJECT_SYSTEMD_UNIT", identity.systemd_unit);
    add(fields, "OBJECT_SYSTEMD_USER_UNIT", identity.systemd_user_unit);
}

std::string_view reason_hint(int error_number)
{
    switch (error_number) {
    case ENOENT:
    case ECONNREFUSED:
        return "there is no systemd-journald here: turn the journal off in the agent's configuration, or give a container "
               "/run/systemd/journal/socket";
    case EAGAIN:
        return "systemd-journald does not read its socket; the incident is in the store";
    default:
        return "the incident is in the store";
    }
}

} // namespace

JournalFields journal_fields(const Incident &incident, const Verdict &)
{
    JournalFields fields;
    add(fields, "MESSAGE", std::string_view(terminal::brief_facts(incident)));
    add(fields, "MESSAGE_ID", journal_message_id);
    add(fields, "PRIORITY", std::string_view(priority_of(incident.outcome)));
    add(fields, "SYSLOG_IDENTIFIER", std::string_view("oomtrace"));
    add(fields, "OOMTRACE_INCIDENT_ID", std::string_view(incident.id));
    if (const auto realtime_ns = known_realtime_ns(incident))
        add(fields, "OOMTRACE_TIME", std::string_view(rfc3339_utc(*realtime_ns, TimeDigits::nanoseconds)));
    add(fields, "OOMTRACE_OUTCOME", name_of(incident.outcome));
    add(fields, "OOMTRACE_SCOPE", name_of(incident.scope));
    if (incident.constraint)
        add(fields, "OOMTRACE_CONSTRAINT", name_of(*incident.constraint));
    add(fields, "OOMTRACE_MEMCG", incident.memcg.path);
    add_number(fields, "OOMTRACE_MEMCG_LIMIT_BYTES", incident.memcg.limit_bytes);
    add_number(fields, "OOMTRACE_KILLS", std::optional(incident.kills.size()));
    if (incident.victim)
        add_victim(fields, *incident.victim);
    if (is_known(incident.trigger, incident.provenance.trigger)) {
        if (incident.trigger.process.pid != 0)
            add_number(fields, "OOMTRACE_TRIGGER_PID", std::optional(incident.trigger.process.pid));
        add(fields, "OOMTRACE_TRIGGER_COMM", std::string_view(incident.trigger.process.comm));
    }
    add_number(fields, "OOMTRACE_RETURNED_BYTES", incident.after.returned_bytes);
    add(fields, "OOMTRACE_COMPLETE", std::string_view(incident.completeness.complete ? "yes" : "no"));
    add(fields, "OOMTRACE_BEFORE_START", std::string_view(incident.before_start ? "yes" : "no"));
    return fields;
}

std::string journal_datagram(const JournalFields &fields)
{
    std::string datagram;
    for (const auto &[name, value] : fields) {
        datagram += name;
        if (value.find('\n') == std::string::npos) {
            datagram += '=';
        } else { // its length, 64 bits little-endian
            datagram += '\n';
            for (unsigned shift = 0; shift < 64; shift += 8)
                datagram += static_cast<char>(static_cast<std::uint64_t>(value.size()) >> shift & 0xffU);
        }
        datagram += value;
        datagram += '\n';
    }
    return datagram;
}

Result<void> JournalSink::on_incident(const Incident &incident, const Verdict &verdict)
{
    const auto attempted = [&] { return fmt::format("write incident {} to the journal", escape_text(incident.id)); };
    if (!socket_)
        socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_)
        return fail_errno(attempted(), errno);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.native().size() >= sizeof(address.sun_path))
        return fail_errno(attempted(), ENAMETOOLONG);
    std::memcpy(address.sun_path, path_.c_str(), path_.native().size());
    const std::string datagram = journal_datagram(journal_fields(incident, verdict));
    const ssize_t sent = ::sendto(socket_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                                  reinterpret_cast<const sockaddr *>(&address), sizeof(address));
    if (sent < 0) {
        const int error_number = errno;
        return fail_errno(attempted(), error_number, std::string(reason_hint(error_number)));
    }
    return {};
}

} // namespace oomtrace
