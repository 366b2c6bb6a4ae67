// SPDX-License-Identifier: Apache-2.0
//
// journal_sink.h: each incident as one structured entry in the systemd journal, by its native protocol
// (https://systemd.io/JOURNAL_NATIVE_PROTOCOL): one datagram to journald's socket. Not through libsystemd, whose
// sd_journal_sendv() waits for a journald that does not read, reports success where there is none, and would have 3.4 MiB of
// libraries locked in memory.
//
// Fields: MESSAGE_ID (below; deploy/oomtrace.catalog explains it), MESSAGE (the line of --brief without time, host and id),
// PRIORITY, SYSLOG_IDENTIFIER, OOMTRACE_* as in journal_fields(), and OBJECT_SYSTEMD_UNIT, by which "journalctl -u UNIT" shows
// the incident among the victim's own entries.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/unique_fd.h"
#include "oomtrace/sink.h"

namespace oomtrace
{

inline constexpr std::string_view journal_message_id = "549f81737207443096c85c95937cdad5"; // of every incident
inline constexpr const char *journald_socket = "/run/systemd/journal/socket";

using JournalFields = std::vector<std::pair<std::string, std::string>>;

// In the order in which they are sent. What is not known is left out. Values are raw bytes, cut at 8 KiB each.
JournalFields journal_fields(const Incident &incident, const Verdict &verdict);

// The bytes of the datagram.
std::string journal_datagram(const JournalFields &fields);

// Never waits. Errors: no socket can be made; no journald; it does not read, and its queue is full. The entry is lost then.
class JournalSink final : public Sink
{
  public:
    explicit JournalSink(std::filesystem::path socket = journald_socket) : path_(std::move(socket)) {}

    Result<void> on_incident(const Incident &incident, const Verdict &verdict) override;
    Result<void> on_loss(const LossTotals &) override { return {}; }
    Result<void> flush() override { return {}; }

  private:
    std::filesystem::path path_;
    UniqueFd socket_;
};

} // namespace oomtrace
