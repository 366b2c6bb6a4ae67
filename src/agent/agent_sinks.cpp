// SPDX-License-Identifier: Apache-2.0
#include "agent/agent_sinks.h"

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "http/routes.h"
#include "store/incident_columns.h"
#include "store/incident_store.h"

namespace oomtrace
{

namespace
{

std::int64_t realtime_now_ns()
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void warn(std::string_view who, const Error &error)
{
    spdlog::warn("{}: cannot {}: {}{}{}", who, error.attempted, error.reason, error.hint.empty() ? "" : "; ", error.hint);
}

StoreLimits limits_of(const AgentOptions &options)
{
    return {options.store_max_age, options.store_max_incidents, options.store_max_bytes};
}

void tell_of_store(const StoreNews &news)
{
    switch (news.kind) {
    case StoreNews::Kind::failing:
        warn("store", news.error);
        break;
    case StoreNews::Kind::recovered:
        spdlog::info("store: works again, and has what was waiting");
        break;
    case StoreNews::Kind::moved_aside:
        spdlog::warn("store: began a new file: {}; {}", news.error.reason, news.error.hint);
        break;
    }
}

void tell_of_json_file(const std::optional<Error> &error)
{
    if (error)
        warn("json file", *error);
    else
        spdlog::info("json file: works again");
}

} // namespace

Result<std::unique_ptr<AgentSinks>> AgentSinks::start(const AgentOptions &options, const wire_host &host,
                                                      AgentHealthReader &health)
{
    std::unique_ptr<AgentSinks> sinks(new AgentSinks(health));
    sinks->hostname_ = reinterpret_cast<const char *>(host.hostname);
    sinks->version_ = reinterpret_cast<const char *>(host.tracer_version);
    if (!options.store.empty()) {
        StoreSinkOptions store;
        store.path = options.store;
        store.limits = limits_of(options);
        store.on_news = tell_of_store;
        auto started = StoreSink::start(std::move(store));
        if (!started)
            return tl::unexpected(started.error());
        sinks->store_ = std::move(*started);
        sinks->all_.add("store", *sinks->store_);
        const auto archive = std::make_shared<StoreArchive>(options.store);
        sinks->untold_.ask([archive](const Incident &report) { return archive->same_oom(report); });
        sinks->archive_ = archive;
        health.report_on(sinks->store_.get());
    } else {
        sinks->recent_ = std::make_shared<http::RecentIncidents>(http::RecentLimits{}, archive);
        sinks->all_.add("recent", *sinks->recent_);
        sinks->archive_ = sinks->recent_;
        sinks->told_ = std::make_unique<ToldIncidents>(std::filesystem::path(options.lock_file).replace_extension(".told"));
        sinks->untold_.ask([told = sinks->told_.get()](const Incident &report) { return told->same_oom(report); },
                           sinks->recent_.get());
    }
    metrics::MetricsOptions measured;
    measured.version = sinks->version_;
    measured.kernel = reinterpret_cast<const char *>(host.kernel);
    measured.attach_method = health.read().attach_method;
    measured.victim_series = options.metrics_max_series;
    sinks->metrics_ = std::make_unique<metrics::MetricsSink>(measured, [&health] { return health.read(); });
    sinks->all_.add("metrics", *sinks->metrics_);
    if (options.journal) {
        sinks->journal_ = std::make_unique<JournalSink>();
        sinks->all_.add("journal", *sinks->journal_);
    }
    if (!options.json_file.empty()) {
        JsonFileOptions json;
        json.path = options.json_file;
        json.max_bytes = options.json_file_max_bytes;
        json.keep = options.json_file_keep;
        json.on_news = tell_of_json_file;
        auto started = JsonFileSink::start(std::move(json));
        if (!started)
            return tl::unexpected(started.error());
        sinks->json_file_ = std::move(*started);
        sinks->all_.add("json", *sinks->json_file_);
    }
    if (!options.metrics_textfile.empty()) {
        sinks->textfile_ = std::make_unique<metrics::TextfileSink>(*sinks->metrics_, options.metrics_textfile);
        sinks->all_.add("textfile", *sinks->textfile_);
    }
    if (sinks->told_)
        sinks->all_.add("told", *sinks->told_);
    health.report_on(&sinks->all_);
    if (sinks->textfile_) {
        if (const auto written = sinks->textfile_->write(); !written)
            warn("textfile", written.error());
    }
    if (!options.web_listen_address.empty()) {
        if (auto served = sinks->serve(options); !served)
            return tl::unexpected(served.error());
    }
    return sinks;
}

AgentSinks::~AgentSinks()
{
    // Who serves asks the others: it goes first.
    health_.report_on(static_cast<const http::HttpServer *>(nullptr));
    server_.reset();
    health_.report_on(static_cast<StoreSink *>(nullptr));
    health_.report_on(static_cast<const FanOutSink *>(nullptr));
}

Result<void> AgentSinks::serve(const AgentOptions &options)
{
    auto address = http::parse_listen_address(options.web_listen_address);
    if (!address)
        return tl::unexpected(address.error());
    http::HttpServerOptions server;
    server.listen = *address;
    if (!options.web_tls_certificate.empty()) {
        server.tls_certificate = options.web_tls_certificate;
        server.tls_key = options.web_tls_key;
    }
    if (!options.web_auth_file.empty())
        server.users = options.web_auth_file;
    server.connections = options.web_max_connections;
    http::RouteSources sources;
    sources.scrape = [this](metrics::Format format) { return metrics_->scrape(format); };
    sources.not_ready = [this] { return health_.not_ready(); };
    sources.archive = archive_;
    sources.now_ns = realtime_now_ns;
    sources.hostname = hostname_;
    sources.version = version_;
    auto started = http::HttpServer::start(server, http::make_routes(std::move(sources)));
    if (!started)
        return tl::unexpected(started.error());
    server_ = std::move(*started);
    health_.report_on(server_.get());
    for (const std::string &warning : server_->warnings())
        spdlog::warn("http: {}", warning);
    served_at_ = (server.tls_certificate ? "https://" : "http://") + server_->address().text() + "/";
    return {};
}

void AgentSinks::reload(const AgentOptions &options)
{
    if (store_)
        store_->set_limits(limits_of(options));
    if (json_file_)
        json_file_->reopen();
    if (options.web_listen_address.empty())
        return;
    health_.report_on(static_cast<const http::HttpServer *>(nullptr));
    server_.reset();
    served_at_.clear();
    if (const auto served = serve(options); !served) {
        warn("http", served.error());
        spdlog::warn("http: nothing is served until that is mended and the agent reloaded");
    }
}

} // namespace oomtrace
