// SPDX-License-Identifier: Apache-2.0
//
// agent_sinks.h: where the agent's incidents go, and who serves them.
#pragma once

#include <memory>
#include <string>

#include "agent/agent_options.h"
#include "agent/fan_out_sink.h"
#include "agent/health.h"
#include "agent/told_incidents.h"
#include "agent/untold_sink.h"
#include "http/http_server.h"
#include "http/recent_incidents.h"
#include "metrics/metrics_sink.h"
#include "metrics/textfile_sink.h"
#include "oomtrace/result.h"
#include "oomtrace/wire_record.h"
#include "sinks/journal_sink.h"
#include "sinks/json_file_sink.h"
#include "store/store_sink.h"

namespace oomtrace
{

class AgentSinks
{
  public:
    // Opens and starts what the options name. What cannot be had now but perhaps later (the store's disk, a file) is told in
    // the log and tried again with the next incident; an address that cannot be listened on, or a certificate that cannot be
    // read, is an error: nobody would find out.
    static Result<std::unique_ptr<AgentSinks>> start(const AgentOptions &options, const wire_host &host,
                                                     AgentHealthReader &health);
    ~AgentSinks();
    AgentSinks(const AgentSinks &) = delete;
    AgentSinks &operator=(const AgentSinks &) = delete;

    [[nodiscard]] Sink &all() { return untold_; }
    [[nodiscard]] const std::string &served_at() const
    {
        return served_at_;
    } // "http://127.0.0.1:19637/"; empty: no port is open

    // Takes up what take_up() names, opens files anew, and begins to serve with what certificate and password file are now.
    // What cannot be done is told in the log, and stays as it was where it can.
    void reload(const AgentOptions &options);

  private:
    explicit AgentSinks(AgentHealthReader &health) : health_(health) {}
    Result<void> serve(const AgentOptions &options);

    AgentHealthReader &health_;
    std::string hostname_, version_;
    FanOutSink all_;
    UntoldSink untold_{all_};
    std::unique_ptr<StoreSink> store_;
    std::unique_ptr<ToldIncidents> told_;
    std::unique_ptr<JournalSink> journal_;
    std::unique_ptr<JsonFileSink> json_file_;
    std::unique_ptr<metrics::MetricsSink> metrics_;
    std::unique_ptr<metrics::TextfileSink> textfile_;
    std::shared_ptr<http::RecentIncidents> recent_;
    std::shared_ptr<IncidentArchive> archive_;
    std::unique_ptr<http::HttpServer> server_;
    std::string served_at_;
};

} // namespace oomtrace
