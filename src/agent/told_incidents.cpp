// SPDX-License-Identifier: Apache-2.0
#include "agent/told_incidents.h"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/host_tree.h"
#include "host/proc_file.h"
#include "host/unique_fd.h"
#include "store/incident_columns.h"
#include "store/same_oom.h"

namespace oomtrace
{

namespace
{

// "<id> <realtime_ns> <pid of the victim, or -> <name of who asked>". A name may hold any byte but one that would begin a line.
std::string line_of(const IncidentSummary &summary)
{
    std::string trigger = summary.trigger_comm;
    std::ranges::replace(trigger, '\n', ' ');
    const std::string pid = summary.victim_pid ? std::to_string(*summary.victim_pid) : "-";
    return fmt::format("{} {} {} {}\n", summary.id, summary.realtime_ns, pid, trigger);
}

std::string_view take_word(std::string_view &line)
{
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), word.size() + 1));
    return word;
}

KeptOom read_line(std::string_view line)
{
    KeptOom told;
    told.id = take_word(line);
    told.realtime_ns = parse_integer(take_word(line)).value_or(0);
    if (const auto pid = parse_unsigned(take_word(line)))
        told.victim_pid = static_cast<std::uint32_t>(*pid);
    told.trigger_comm = line;
    return told;
}

} // namespace

Result<void> ToldIncidents::on_incident(const Incident &incident, const Verdict &verdict)
{
    const std::string attempted = fmt::format("note in {} what was told", file_.string());
    const UniqueFd fd(::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    struct stat status {
    };
    if (!fd || ::fstat(fd.get(), &status) != 0)
        return fail_errno(attempted, errno, "the next start may tell of it again");
    if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid())
        return fail(attempted, "it is not a file of the agent's user", "remove it, or give another --lock-file");
    std::string text = line_of(summarize(incident, verdict));
    if (static_cast<std::size_t>(status.st_size) + text.size() > most_bytes) {
        const std::string whole = read();
        const std::size_t end = whole.find('\n', whole.size() / 2);
        text = (end == std::string::npos ? "" : whole.substr(end + 1)) + text;
        if (::ftruncate(fd.get(), 0) != 0)
            return fail_errno(attempted, errno);
    }
    const ssize_t written = ::write(fd.get(), text.data(), text.size());
    if (written != static_cast<ssize_t>(text.size()))
        return fail_errno(attempted, written < 0 ? errno : ENOSPC, "the next start may tell of it again");
    return {};
}

std::optional<std::string> ToldIncidents::same_oom(const Incident &report) const
{
    const std::string text = read();
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view line = first_line(rest);
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        KeptOom told = read_line(line);
        if (is_same_oom(told, report))
            return std::move(told.id);
    }
    return std::nullopt;
}

std::string ToldIncidents::read() const
{
    const auto text = HostTree(file_.parent_path()).read("/" + file_.filename().string(), most_bytes, ::geteuid());
    if (!text && !std::exchange(refusal_told_, true))
        spdlog::warn("{}: cannot be read: {}; incidents may be told again", file_.string(), text.error().reason);
    return text ? text->value_or("") : "";
}

} // namespace oomtrace
