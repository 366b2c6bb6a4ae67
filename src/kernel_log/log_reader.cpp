// SPDX-License-Identifier: Apache-2.0
#include "kernel_log/log_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "kernel_log/needle_search.h"
#include "kernel_log/report_incident.h"
#include "kernel_log/run_together.h"
#include "kernel_log/text_cursor.h"

namespace oomtrace::kernel_log
{

namespace
{

constexpr std::size_t longest_line = 64UL << 10;    // of a longer one only so much is looked at
constexpr std::size_t context_bytes = 4096;         // looked at before a needle
constexpr std::uint64_t linger_bytes = 128UL << 10; // for which a report waits for the lines that come late
constexpr std::size_t most_pending = 64;
constexpr std::size_t most_pending_rows = 32'768; // of reports that are over
constexpr std::size_t most_streams = 64;
constexpr std::size_t most_boots = 256;
constexpr std::size_t most_victims = 64;
constexpr std::size_t most_remembered = 4096;
constexpr std::uint64_t most_stray = 1000;

constexpr std::uint64_t mixer = 0x9e3779b97f4a7c15ULL;

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value)
{
    hash = (hash ^ value) * mixer;
    return hash ^ (hash >> 32);
}

std::uint64_t word_at(const char *bytes, std::endian order)
{
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return order == std::endian::native ? word : __builtin_bswap64(word);
}

// Not for adversaries: it makes the id of a report, the same on every machine, so that bytes are taken in a fixed order.
std::uint64_t hash_of(std::string_view text)
{
    constexpr std::size_t step = sizeof(std::uint64_t);
    std::uint64_t hash = text.size();
    std::size_t at = 0;
    for (; at + step <= text.size(); at += step)
        hash = mixed(hash, word_at(text.data() + at, std::endian::little));
    std::uint64_t tail = 0;
    if (text.size() >= step) { // of the last word, what has not been taken
        tail = word_at(text.data() + text.size() - step, std::endian::big) & ((1ULL << 8 * (text.size() - at)) - 1);
    } else {
        for (const char c : text)
            tail = tail << 8 | static_cast<unsigned char>(c);
    }
    return mixed(hash, tail);
}

// Lines that begin a report whose first line was held back or cut off.
bool may_begin_headless(LineKind kind)
{
    switch (kind) {
    case LineKind::mem_info:
    case LineKind::totals:
    case LineKind::node:
    case LineKind::zone:
    case LineKind::memcg_task:
    case LineKind::memcg_counter:
    case LineKind::memcg_stats:
    case LineKind::table_title:
    case LineKind::table_header:
    case LineKind::summary:
    case LineKind::score:
    case LineKind::kill:
    case LineKind::already_exiting:
    case LineKind::no_killable:
    case LineKind::panic:
    case LineKind::sysrq:
        return true;
    default:
        return false;
    }
}

// What another kind of report has too.
bool is_shared_with_others(LineKind kind)
{
    switch (kind) {
    case LineKind::cpu:
    case LineKind::cpuset:
    case LineKind::stack:
    case LineKind::mem_info:
    case LineKind::totals:
    case LineKind::node:
    case LineKind::zone:
    case LineKind::lowmem_reserve:
    case LineKind::free_blocks:
    case LineKind::per_cpu:
    case LineKind::hugepages:
    case LineKind::page_count:
    case LineKind::swap:
        return true;
    default:
        return false;
    }
}

std::string_view after_last_lines(std::string_view text, std::size_t bytes)
{
    if (text.size() <= bytes)
        return text;
    const std::string_view tail = text.substr(text.size() - bytes);
    const std::size_t line = tail.find('\n');
    return line == std::string_view::npos ? tail : tail.substr(line + 1);
}

} // namespace

LogReader::LogReader(DeliverReport deliver) : deliver_(std::move(deliver)) {}

LogReader::LogReader(Deliver deliver, std::string tracer_version)
    : LogReader([deliver = std::move(deliver), version = std::move(tracer_version)](FoundReport &&found) {
          deliver(incident_of(found, version));
      })
{
}

LogReader::~LogReader() = default;

bool LogReader::watching() const
{
    return parts_.collecting() || export_skip_ != 0 ||
           std::any_of(streams_.begin(), streams_.end(), [](const auto &stream) { return stream->open != nullptr; });
}

void LogReader::feed(std::string_view bytes)
{
    if (!carry_.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::string_view head = bytes.substr(0, end);
        if (carry_.size() < longest_line)
            carry_ += head.substr(0, longest_line - carry_.size());
        if (end == std::string_view::npos) {
            totals_.bytes += bytes.size();
            return;
        }
        carry_ += '\n';
        totals_.bytes += end + 1;
        bytes.remove_prefix(end + 1);
        take_block(carry_);
        carry_.clear();
    }
    const std::size_t last = bytes.rfind('\n');
    const std::size_t whole = last == std::string_view::npos ? 0 : last + 1;
    totals_.bytes += bytes.size();
    take_block(bytes.substr(0, whole));
    carry_ = bytes.substr(whole, longest_line);
}

void LogReader::end_of_file()
{
    if (carry_.empty())
        return;
    carry_ += '\n';
    take_block(std::exchange(carry_, {}));
}

void LogReader::finish()
{
    end_of_file();
    if (parts_.collecting()) {
        const std::string text = parts_.take_text();
        take_block(text);
    }
    for (const auto &pending : pending_)
        pending->closed = true;
    deliver_ready(true);
}

// `block` ends with a line feed.
void LogReader::take_block(std::string_view block)
{
    std::size_t at = 0; // up to here everything was looked at
    while (at < block.size()) {
        if (watching()) {
            const std::size_t end = block.find('\n', at);
            take_line(block.substr(at, end - at));
            at = end + 1;
            continue;
        }
        const std::size_t hit = find_needle(block, at);
        if (hit == std::string_view::npos)
            break;
        const std::size_t hit_line = block.rfind('\n', hit) == std::string_view::npos ? 0 : block.rfind('\n', hit) + 1;
        const std::string_view before = block.substr(at, std::max(hit_line, at) - at);
        std::string head;
        if (before.size() < context_bytes && !context_.empty())
            head = after_last_lines(context_, context_bytes - before.size());
        context_.clear();
        const auto take_lines = [this](std::string_view text) {
            while (!text.empty()) {
                const std::size_t end = text.find('\n');
                take_line(text.substr(0, end));
                text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
            }
        };
        take_lines(head);
        take_lines(after_last_lines(before, context_bytes));
        at = std::max(hit_line, at);
        const std::size_t end = block.find('\n', at);
        take_line(block.substr(at, end - at));
        at = end + 1;
    }
    if (at < block.size()) {
        const std::string_view rest = block.substr(at);
        if (rest.size() < context_bytes) {
            context_ += rest;
            if (context_.size() > 2 * context_bytes)
                context_ = std::string(after_last_lines(context_, context_bytes));
        } else {
            context_ = after_last_lines(rest, context_bytes);
        }
    }
    if (!pending_.empty())
        deliver_ready(false);
}

void LogReader::take_line(std::string_view line)
{
    ++totals_.lines_read;
    if (line.size() > longest_line)
        line = line.substr(0, longest_line);
    if (parts_.must_be_taken_before(line)) {
        const std::string text = parts_.take_text();
        take_block(text);
    }
    if (parts_.take(line))
        return;
    take_single(line);
}

void LogReader::take_single(std::string_view line)
{
    if (export_skip_ != 0) { // eight bytes of length, which may look like anything, then the message
        const std::size_t skipped = std::min<std::size_t>(line.size(), export_skip_);
        export_skip_ -= skipped;
        line.remove_prefix(skipped);
        if (export_skip_ != 0) {
            --export_skip_; // the line feed was one of them
            return;
        }
    } else if (line == "MESSAGE") {
        export_skip_ = 8;
        return;
    }
    if (line.empty()) {
        record_ = {};
        return;
    }
    if (!may_run_together(line)) {
        take_record(line, std::nullopt);
        return;
    }
    std::optional<std::string> first_host; // one file is one host's, whatever a name was made into
    for_each_record(line, [&](std::string_view record) {
        take_record(record, first_host);
        if (!first_host && speaking_ != nullptr && speaking_->open != nullptr)
            first_host = speaking_->host;
    });
}

// `host`: where that is known better than from the record itself; that it has none is known too.
void LogReader::take_record(std::string_view record, const std::optional<std::string> &host)
{
    LogLine log = strip_prefixes(record, scratch_);
    if (!log.host.empty() && log.field_only)
        record_.host = log.host;
    if (log.field_only) {
        record_.monotonic_ns = log.monotonic_ns ? log.monotonic_ns : record_.monotonic_ns;
        record_.realtime_ns = log.realtime_ns ? log.realtime_ns : record_.realtime_ns;
        return;
    }
    if (log.speaker == Speaker::other)
        return;
    if (host)
        log.host = *host;
    else if (log.host.empty())
        log.host = record_.host;
    if (!log.monotonic_ns)
        log.monotonic_ns = record_.monotonic_ns;
    if (!log.realtime_ns)
        log.realtime_ns = record_.realtime_ns;
    std::string_view rest = log.text;
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        take_text(rest.substr(0, end), log);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
}

bool LogReader::take_boot_line(std::string_view text, const LogLine &line)
{
    const bool boots = begins(text, "Linux version ");
    const std::size_t swap = begins(text, "Adding ") ? text.find("k swap on ") : std::string_view::npos;
    if (!boots && swap == std::string_view::npos)
        return false;
    if (boots_.size() >= most_boots && !boots_.contains(std::string(line.host)))
        boots_.clear();
    Boot &boot = boots_[std::string(line.host)];
    boot.monotonic_ns = line.monotonic_ns;
    if (boots) {
        boot = {};
        boot.swap_total_bytes = 0; // until it says otherwise
        TextCursor cursor{text.substr(14)};
        boot.kernel = cursor.take_word();
        return true;
    }
    TextCursor cursor{text.substr(7)};
    const auto kilobytes = cursor.take_number<std::uint64_t>();
    if (kilobytes && *kilobytes < UINT64_MAX / 4096 && boot.swap_total_bytes)
        *boot.swap_total_bytes += *kilobytes * 1024;
    return true;
}

void LogReader::take_text(std::string_view text, const LogLine &line)
{
    if (take_boot_line(text, line))
        return;
    Stream &stream = stream_of(line);
    line_hash_ = hash_of(without_leading_spaces(text)); // what carries a record may indent its second line
    const std::uint64_t stamped = mixed(line_hash_, line.monotonic_ns.value_or(0));
    if (stamped == std::exchange(stream.last_hash, stamped)) // twice in a row: a doubled log
        return;
    LineKind kind = classify(text, stream.state);
    if (kind == LineKind::unknown && line.speaker == Speaker::unmarked) {
        text = without_leading_spaces(text); // the second line of a record stands below the first
        kind = classify(text, stream.state);
    }
    take_kind(kind, text, line, stream);
}

LogReader::Stream &LogReader::stream_of(const LogLine &line)
{
    if (line.speaker == Speaker::unmarked && line.host.empty() && speaking_ != nullptr && speaking_->open != nullptr)
        return *speaking_;
    const auto found = std::find_if(streams_.begin(), streams_.end(), [&](const auto &stream) {
        return stream->host == line.host && stream->caller == line.caller;
    });
    if (found != streams_.end()) {
        speaking_ = found->get();
    } else {
        if (streams_.size() >= most_streams) {
            const auto oldest = std::min_element(streams_.begin(), streams_.end(),
                                                 [](const auto &a, const auto &b) { return a->used_at < b->used_at; });
            if ((*oldest)->open != nullptr)
                close_report(*(*oldest)->open);
            streams_.erase(oldest);
        }
        streams_.push_back(std::make_unique<Stream>());
        speaking_ = streams_.back().get();
        speaking_->host = line.host;
        speaking_->caller = line.caller;
    }
    speaking_->marked = line.speaker == Speaker::kernel;
    speaking_->used_at = totals_.lines_read;
    return *speaking_;
}

void LogReader::take_kind(LineKind kind, std::string_view text, const LogLine &line, Stream &stream)
{
    switch (kind) {
    case LineKind::unknown:
        count_stray(stream);
        return;
    case LineKind::other_report:
        stream.foreign = true;
        if (stream.open != nullptr)
            stream.open->report->foreign_lines = true;
        return;
    case LineKind::invocation:
        if (stream.open != nullptr) {
            stream.open->report->cut_by_next = true;
            close_report(*stream.open);
        }
        break;
    case LineKind::kill:
    case LineKind::reaped:
    case LineKind::group:
    case LineKind::already_exiting:
    case LineKind::mm_pinned:
        take_tail(kind, text, line, stream);
        return;
    default:
        break;
    }
    if (stream.foreign) {
        if (is_shared_with_others(kind))
            return;
        stream.foreign = false;
    }
    if (stream.open == nullptr) {
        if (kind != LineKind::invocation && !may_begin_headless(kind))
            return;
        open_report(stream, line);
    } else if (kind == LineKind::summary && stream.open->report->summary) {
        stream.open->report->cut_by_next = true;
        close_report(*stream.open);
        open_report(stream, line);
    }
    parse_into(*stream.open, kind, text, line, stream);
}

// Lines that may come when their report is over.
void LogReader::take_tail(LineKind kind, std::string_view text, const LogLine &line, Stream &stream)
{
    // A report of another kind that came in between may go on behind it.
    stream.foreign = stream.foreign && stream.open != nullptr;
    if (kind == LineKind::reaped) {
        ParsedReport probe;
        if (!parse_choice_line(kind, text, line, probe) || probe.reaped.empty())
            return;
        const ReapedLine reaped = probe.reaped.front();
        if (const auto boot = boots_.find(std::string(line.host)); boot != boots_.end()) {
            for (EarlierVictim &victim : boot->second.victims)
                victim.reaped = victim.reaped || victim.pid == reaped.pid;
        }
        // The reaper is another task than the one that killed: another caller.
        for (std::size_t back = pending_.size(); back-- > 0;) {
            ParsedReport &report = *pending_[back]->report;
            const bool killed = std::any_of(report.kills.begin(), report.kills.end(),
                                            [&](const KillLine &kill) { return kill.pid == reaped.pid; });
            if (report.host == line.host && killed) {
                report.reaped.push_back(reaped);
                return;
            }
        }
        return;
    }
    Pending *target = stream.open != nullptr ? stream.open : stream.last;
    if (kind == LineKind::mm_pinned || kind == LineKind::group) {
        if (target != nullptr)
            parse_into(*target, kind, text, line, stream);
        return;
    }
    if (target != nullptr && target->report->is_over()) {
        ParsedReport probe;
        if (!parse_choice_line(kind, text, line, probe))
            return;
        const ParsedReport &report = *target->report;
        if (kind == LineKind::already_exiting && !report.group_path.empty()) {
            parse_into(*target, kind, text, line, stream);
            return;
        }
        if (kind == LineKind::kill) {
            const KillLine &kill = probe.kills.front();
            const bool same = std::any_of(report.kills.begin(), report.kills.end(), [&](const KillLine &known) {
                return known.pid == kill.pid && known.comm == kill.comm && known.rss_anon_bytes == kill.rss_anon_bytes &&
                       (known.monotonic_ns == kill.monotonic_ns || !kill.monotonic_ns);
            });
            if (same)
                return;
            if (!report.group_path.empty() || kill.shares_mm) {
                parse_into(*target, kind, text, line, stream);
                return;
            }
        }
        target = nullptr;
    }
    if (target == nullptr)
        target = &open_report(stream, line);
    parse_into(*target, kind, text, line, stream);
}

void LogReader::parse_into(Pending &pending, LineKind kind, std::string_view text, const LogLine &line, Stream &stream)
{
    ParsedReport &report = *pending.report;
    if (!parse_line(kind, text, line, report, stream.state)) {
        count_stray(stream);
        return;
    }
    stream.stray = 0;
    ++report.lines;
    if (kind != LineKind::reaped)
        report.text_hash = mixed(report.text_hash, line_hash_);
    if (report.is_over() && !pending.closed) {
        pending.closed = true;
        close_report(pending);
    }
}

void LogReader::count_stray(Stream &stream)
{
    if (stream.open == nullptr)
        return;
    ++stream.open->report->unread_lines;
    if (++stream.stray > most_stray)
        close_report(*stream.open);
}

LogReader::Pending &LogReader::open_report(Stream &stream, const LogLine &line)
{
    if (stream.open != nullptr)
        close_report(*stream.open);
    auto pending = std::make_unique<Pending>();
    ParsedReport &report = *pending->report;
    report.host_page_size = page_size_;
    report.host = line.host;
    report.caller = line.caller;
    report.logged_at = line.wall_clock;
    report.monotonic_ns = line.monotonic_ns;
    report.realtime_ns = line.realtime_ns;
    if (const auto boot = boots_.find(report.host); boot != boots_.end()) {
        if (report.monotonic_ns.value_or(UINT64_MAX) < boot->second.monotonic_ns.value_or(0))
            boots_.erase(boot); // time has gone back: another boot
        else {
            report.boot_swap_total_bytes = boot->second.swap_total_bytes;
            report.boot_kernel = boot->second.kernel;
            report.earlier_victims = boot->second.victims;
        }
    }
    stream.open = pending.get();
    stream.state = {};
    stream.foreign = false;
    stream.stray = 0;
    pending_.push_back(std::move(pending));
    return *stream.open;
}

void LogReader::close_report(Pending &pending)
{
    pending.closed = true;
    pending.closed_at = totals_.bytes;
    ParsedReport &report = *pending.report;
    for (const auto &stream : streams_) {
        if (stream->open == &pending) {
            stream->open = nullptr;
            stream->last = &pending;
        }
    }
    if (report.kills.empty() && !report.swap_total_bytes)
        return;
    if (boots_.size() >= most_boots && !boots_.contains(report.host))
        boots_.clear();
    Boot &boot = boots_[report.host];
    boot.monotonic_ns = report.monotonic_ns;
    if (report.swap_total_bytes && !report.kernel.empty()) {
        boot.swap_total_bytes = report.swap_total_bytes;
        boot.kernel = report.kernel;
    }
    for (const KillLine &kill : report.kills) {
        boot.victims.push_back({kill.pid, false});
        if (boot.victims.size() > most_victims)
            boot.victims.erase(boot.victims.begin());
    }
}

void LogReader::deliver_ready(bool all)
{
    std::size_t rows = 0;
    for (const auto &pending : pending_)
        rows += pending->closed ? pending->report->rows.size() : 0;
    while (!pending_.empty()) {
        Pending &front = *pending_.front();
        const bool too_many = pending_.size() > most_pending || rows > most_pending_rows;
        if (!front.closed && !all) {
            if (pending_.size() <= most_pending)
                return;
            close_report(front);
        }
        if (!all && !too_many && totals_.bytes - front.closed_at < linger_bytes)
            return;
        rows -= std::min(rows, front.report->rows.size());
        for (const auto &stream : streams_) {
            if (stream->last == &front)
                stream->last = nullptr;
            if (stream->open == &front)
                stream->open = nullptr;
        }
        deliver(front);
        pending_.pop_front();
    }
}

void LogReader::deliver(Pending &pending)
{
    const ParsedReport &report = *pending.report;
    if (!is_oom_report(report))
        return;
    const std::uint64_t stamp = report.monotonic_ns.value_or(0);
    const auto [known, is_new] = delivered_.try_emplace(report.text_hash, stamp);
    if (!is_new && (known->second == stamp || known->second == 0 || stamp == 0)) {
        ++totals_.repeated;
        return;
    }
    if (is_new)
        delivered_order_.push_back(report.text_hash);
    if (delivered_order_.size() > most_remembered) {
        delivered_.erase(delivered_order_.front());
        delivered_order_.pop_front();
    }
    ++totals_.reports;
    deliver_({std::move(pending.report), totals_.reports});
}

} // namespace oomtrace::kernel_log
