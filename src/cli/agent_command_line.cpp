// SPDX-License-Identifier: Apache-2.0
#include "cli/agent_command_line.h"

#include <algorithm>
#include <cerrno>
#include <fstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "capture/ring_size.h"
#include "cli/option_values.h"

namespace oomtrace
{

// What CLI11 fills; turned into the options' own types when everything has been parsed.
struct AgentOptionTable::Values {
    AgentOptions options;
    std::string config;
    bool check_config = false;
    int method = 0, cmdline_mode = static_cast<int>(CmdlineMode::program);
    std::string ring_size, store = options.store.string(), web_listen_address = options.web_listen_address;
    std::string json_file = "none", metrics_textfile = "none";
    double walk_time_limit_s = 0, store_max_age_s = 90 * 86400.0;
};

namespace
{

// Where "none" turns something off, so that a command line can turn off what the file turns on.
std::string unless_none(const std::string &text)
{
    return text == "none" ? std::string() : text;
}

constexpr const char *group_kernel = "Kernel";
constexpr const char *group_identity = "Whose processes they are";
constexpr const char *group_store = "Store";
constexpr const char *group_web = "HTTP";
constexpr const char *group_metrics = "Metrics";
constexpr const char *group_logs = "Logs";

std::string trimmed(const std::string &text)
{
    constexpr const char *blank = " \t\r";
    const std::size_t begin = text.find_first_not_of(blank);
    return begin == std::string::npos ? std::string() : text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

// Between quotation marks as it stands there; otherwise up to a " #", which begins a comment.
std::string value_of(const std::string &text)
{
    const std::string value = trimmed(text);
    if (!value.empty() && value.front() == '"') {
        const std::size_t end = value.find('"', 1);
        return end == std::string::npos ? value : value.substr(1, end - 1);
    }
    return trimmed(value.substr(0, std::min(value.find(" #"), value.find("\t#"))));
}

struct ConfigLine {
    std::size_t number = 0;
    std::string argument; // "--name=value"
};

Result<std::vector<ConfigLine>> read_config(const std::filesystem::path &path)
{
    const std::string attempted = "read the configuration " + path.string();
    std::ifstream file(path);
    if (!file)
        return fail_errno(attempted, errno, "give another file with --config");
    std::vector<ConfigLine> lines;
    std::string line;
    for (std::size_t number = 1; std::getline(file, line); ++number) {
        line = trimmed(line);
        if (line.empty() || line.front() == '#')
            continue;
        const std::size_t equals = line.find('=');
        const std::string name = trimmed(line.substr(0, equals));
        if (equals == std::string::npos || name.empty() || name.find_first_of(" \t") != std::string::npos)
            return fail(attempted, fmt::format("line {}: \"{}\" is not \"name = value\"", number, line));
        const std::string value = value_of(line.substr(equals + 1));
        if (name == "config" || name == "check-config")
            return fail(attempted, fmt::format("line {}: {} is for the command line only", number, name));
        lines.push_back({number, fmt::format("--{}={}", name, value)});
    }
    if (file.bad())
        return fail_errno(attempted, EIO);
    return lines;
}

// The reason why `arguments` are not taken; empty: they are.
std::string refusal_of(const std::vector<std::string> &arguments, AgentOptions *options)
{
    CLI::App app;
    const AgentOptionTable table(app);
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend()); // as CLI11 wants them
    try {
        app.parse(reversed);
    } catch (const CLI::ParseError &error) {
        return error.what();
    }
    if (options != nullptr)
        *options = table.options();
    return {};
}

} // namespace

AgentOptionTable::AgentOptionTable(CLI::App &app) : values_(std::make_unique<Values>())
{
    Values &values = *values_;
    AgentOptions &options = values.options;
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    app.add_option("--config", values.config,
                   fmt::format("Configuration file (default: {}, if it is there)", default_agent_config))
        ->type_name("FILE");
    app.add_flag("--check-config", values.check_config, "Read the configuration, say what is wrong with it, and end");
    app.add_option("--lock-file", options.lock_file, "Held while the agent runs, so that there is one per host")
        ->capture_default_str()
        ->type_name("FILE");

    app.option_defaults()->group(group_kernel);
    add_method_option(app, values.method);
    add_ring_size_option(app, values.ring_size);
    add_walk_time_limit_option(app, values.walk_time_limit_s);
    app.add_option("--since-boot", options.since_boot,
                   "Also take in what the kernel's log still holds from before the start, and was not told of then")
        ->capture_default_str();
    app.add_option("--bpf-stats", options.bpf_stats,
                   "Have the kernel count run time and runs of BPF programs: of all on the host, which costs each run some "
                   "tens of nanoseconds")
        ->capture_default_str();

    app.option_defaults()->group(group_identity);
    add_identity_options(app, values.cmdline_mode, options.identity);

    app.option_defaults()->group(group_store);
    app.add_option("--store", values.store, "Keep incidents in this SQLite file, for history and show; none: keep none")
        ->capture_default_str()
        ->type_name("FILE");
    app.add_option("--store.max-age", values.store_max_age_s, "Drop incidents older than this (default: 90d)")
        ->transform(seconds())
        ->check(positive())
        ->type_name("TIME");
    app.add_option("--store.max-incidents", options.store_max_incidents, "Keep the newest of so many")
        ->capture_default_str()
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{10'000'000}).description(""))
        ->type_name("N");
    app.add_option("--store.max-size", options.store_max_bytes, "Size that the file may have (default: 256M)")
        ->transform(CLI::AsSizeValue(false).description(""))
        ->check(CLI::Range(std::uint64_t{1} << 20, std::uint64_t{1} << 40).description(""))
        ->type_name("SIZE");

    app.option_defaults()->group(group_web);
    app.add_option("--web.listen-address", values.web_listen_address, "HOST:PORT to serve on; none: open no port")
        ->capture_default_str()
        ->type_name("ADDRESS");
    auto *const certificate =
        app.add_option("--web.tls-certificate", options.web_tls_certificate, "PEM file: serve HTTPS")->type_name("FILE");
    auto *const key =
        app.add_option("--web.tls-key", options.web_tls_key, "PEM file with the certificate's private key")->type_name("FILE");
    certificate->needs(key);
    key->needs(certificate);
    app.add_option("--web.auth-file", options.web_auth_file,
                   "Ask for a name and password: lines of \"name:hash\" with a hash of crypt(3), as mkpasswd makes them")
        ->type_name("FILE");
    app.add_option("--web.max-connections", options.web_max_connections, "Connections at a time")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000).description(""))
        ->type_name("N");

    app.option_defaults()->group(group_metrics);
    app.add_option("--metrics.max-series", options.metrics_max_series,
                   "Series of victims by pod, container or unit; what comes after is counted as other")
        ->capture_default_str()
        ->check(CLI::Range(1, 100'000).description(""))
        ->type_name("N");
    app.add_option("--metrics.textfile", values.metrics_textfile,
                   "Also write the metrics to this file, for the node exporter's textfile collector; none: do not")
        ->capture_default_str()
        ->type_name("FILE");

    app.option_defaults()->group(group_logs);
    app.add_option("--journal", options.journal, "Write each incident to the journal, as one structured entry")
        ->capture_default_str();
    app.add_option("--json-file", values.json_file,
                   "Append each incident to this file, as one line of JSON; -: to the standard output; none: do not")
        ->capture_default_str()
        ->type_name("FILE");
    app.add_option("--json-file.max-size", options.json_file_max_bytes, "Begin a new file at this size (default: 64M)")
        ->transform(CLI::AsSizeValue(false).description(""))
        ->check(CLI::Range(std::uint64_t{4096}, std::uint64_t{1} << 40).description(""))
        ->type_name("SIZE");
    app.add_option("--json-file.keep", options.json_file_keep, "Files to keep beside the one being written")
        ->capture_default_str()
        ->check(CLI::Range(0, 1000).description(""))
        ->type_name("N");
}

AgentOptionTable::~AgentOptionTable() = default;

AgentArguments AgentOptionTable::arguments() const
{
    AgentArguments arguments;
    if (!values_->config.empty())
        arguments.config = values_->config;
    arguments.check_config = values_->check_config;
    return arguments;
}

AgentOptions AgentOptionTable::options() const
{
    AgentOptions options = values_->options;
    if (values_->method != 0)
        options.method = static_cast<AttachMethod>(values_->method);
    if (!values_->ring_size.empty())
        options.ring_bytes = *parse_ring_size(values_->ring_size);
    if (values_->walk_time_limit_s > 0)
        options.walk_time_limit = nanoseconds(values_->walk_time_limit_s);
    options.identity.cmdline = static_cast<CmdlineMode>(values_->cmdline_mode);
    options.store = unless_none(values_->store);
    options.store_max_age = std::chrono::seconds(static_cast<std::int64_t>(values_->store_max_age_s));
    options.web_listen_address = unless_none(values_->web_listen_address);
    options.metrics_textfile = unless_none(values_->metrics_textfile);
    options.json_file = unless_none(values_->json_file);
    return options;
}

Result<AgentOptions> load_agent_options(const AgentArguments &arguments)
{
    std::error_code ignored;
    const std::filesystem::path path = arguments.config.value_or(default_agent_config);
    std::vector<std::string> all;
    if (arguments.config || std::filesystem::exists(path, ignored)) {
        const auto lines = read_config(path);
        if (!lines)
            return tl::unexpected(lines.error());
        for (const ConfigLine &line : *lines) {
            // Options that need another one are looked at with all the rest.
            const bool part = line.argument.rfind("--web.tls-", 0) == 0;
            if (const std::string refusal = refusal_of({line.argument}, nullptr); !refusal.empty() && !part)
                return fail("read the configuration " + path.string(), fmt::format("line {}: {}", line.number, refusal),
                            "\"oomtrace agent --help\" lists the options; the names are the same");
            all.push_back(line.argument);
        }
    }
    all.insert(all.end(), arguments.command_line.begin(), arguments.command_line.end());
    AgentOptions options;
    if (const std::string refusal = refusal_of(all, &options); !refusal.empty())
        return fail("read the configuration " + path.string(), refusal,
                    "\"oomtrace agent --help\" lists the options; the names are the same");
    return options;
}

} // namespace oomtrace
