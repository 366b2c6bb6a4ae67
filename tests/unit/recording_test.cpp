// SPDX-License-Identifier: Apache-2.0
#include "decode/recording.h"

#include <cstring>
#include <sstream>
#include <streambuf>

#include <gmock/gmock.h>

#include "decode/script_source.h"
#include "support/canned_episodes.h"
#include "support/replay.h"

namespace oomtrace::test
{
namespace
{

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string recording_of(const std::vector<Bytes> &records)
{
    std::ostringstream out;
    auto writer = RecordingWriter::start(out, "test.oom");
    EXPECT_TRUE(writer);
    for (const Bytes &record : records) {
        EXPECT_TRUE(writer->append(record));
    }
    EXPECT_TRUE(writer->flush());
    EXPECT_EQ(writer->records(), records.size());
    return out.str();
}

struct Reading {
    std::vector<Bytes> records;
    std::optional<Error> error;
};

Reading read_all(RecordSource &source)
{
    Reading reading;
    for (;;) {
        auto record = source.next(std::nullopt);
        if (!record) {
            EXPECT_FALSE(reading.error) << "an error is given once";
            reading.error = record.error();
            continue; // a source is at its end after its error
        }
        if (!*record) {
            return reading;
        }
        reading.records.emplace_back((*record)->begin(), (*record)->end());
    }
}

Reading read_all(const std::string &bytes)
{
    std::istringstream in(bytes);
    auto source = RecordingSource::open(in, "test.oom");
    if (!source) {
        return {{}, source.error()};
    }
    return read_all(**source);
}

std::string with_head(const std::function<void(wire_file_header &)> &change)
{
    std::string bytes = recording_of(memcg_episode_fentry().records());
    wire_file_header head{};
    std::memcpy(&head, bytes.data(), sizeof(head));
    change(head);
    std::memcpy(bytes.data(), &head, sizeof(head));
    return bytes;
}

TEST(Recording, GivesBackWhatWasWritten)
{
    const std::vector<Bytes> records = memcg_episode_fentry().records();
    const Reading reading = read_all(recording_of(records));
    EXPECT_FALSE(reading.error) << reading.error->reason;
    EXPECT_EQ(reading.records, records);
}

// At every byte: what was whole is delivered, and then the error says that the recording is cut off.
TEST(Recording, TruncatedAnywhereDeliversWhatIsWholeAndSaysSo)
{
    const std::vector<Bytes> records = memcg_episode_tracepoint().records();
    const std::string whole = recording_of(records);
    for (std::size_t length = 0; length < whole.size(); length++) {
        const Reading reading = read_all(whole.substr(0, length));
        ASSERT_TRUE(reading.error) << length;
        std::size_t expected = 0;
        for (std::size_t end = sizeof(wire_file_header); expected < records.size(); expected++) {
            end += records[expected].size();
            if (end > length) {
                break;
            }
        }
        ASSERT_EQ(reading.records.size(), expected) << length;
        if (length == 0) {
            EXPECT_THAT(reading.error->reason, HasSubstr("empty"));
        } else {
            EXPECT_THAT(reading.error->reason, HasSubstr("truncated")) << length;
        }
        EXPECT_THAT(reading.error->attempted, HasSubstr("test.oom"));
    }
}

TEST(Recording, TruncatedReplayKeepsTheIncidentAndSaysThatItIsIncomplete)
{
    const std::vector<Bytes> records = memcg_episode_fentry().records();
    std::string bytes = recording_of(records);
    bytes.resize(bytes.size() - records.back().size() - records[records.size() - 2].size() - 1);
    const std::vector<Incident> incidents = replay(read_all(bytes).records);
    ASSERT_THAT(incidents, SizeIs(1));
    EXPECT_EQ(incidents.front().outcome, Outcome::killed);
    EXPECT_FALSE(incidents.front().completeness.complete);
}

TEST(Recording, NamesTheVersionThatItCannotRead)
{
    const Reading reading = read_all(with_head([](wire_file_header &head) { head.version = WIRE_VERSION + 2; }));
    ASSERT_TRUE(reading.error);
    EXPECT_EQ(reading.error->reason, "written by wire version " + std::to_string(WIRE_VERSION + 2) + ", this oomtrace reads " +
                                         std::to_string(WIRE_VERSION));
    EXPECT_THAT(reading.error->hint, HasSubstr("wrote"));
}

TEST(Recording, RefusesTheOtherByteOrder)
{
    const Reading reading = read_all(with_head([](wire_file_header &head) {
        head.byte_order = 0x04030201;
        head.version = 0x01000000;
    }));
    ASSERT_TRUE(reading.error);
    EXPECT_THAT(reading.error->reason, HasSubstr("other byte order"));
}

TEST(Recording, RefusesADamagedHead)
{
    EXPECT_THAT(read_all(with_head([](wire_file_header &head) { head.byte_order = 7; })).error->reason, HasSubstr("damaged"));
    EXPECT_THAT(read_all(with_head([](wire_file_header &head) { head.header_size = 99; })).error->reason, HasSubstr("damaged"));
}

TEST(Recording, RefusesWhatIsNoRecording)
{
    for (const std::string &bytes : {std::string("[  12.3] Out of memory: Killed process 1\n"), std::string("X"),
                                     std::string(1000, '\0'), std::string("OOMTRACK and so on, long enough for a head")}) {
        const Reading reading = read_all(bytes);
        ASSERT_TRUE(reading.error);
        EXPECT_EQ(reading.error->reason, "not an oomtrace recording");
        EXPECT_THAT(reading.records, IsEmpty());
    }
}

TEST(Recording, RefusesARecordOfAnAbsurdSize)
{
    for (const wire_u32 size : {0U, 31U, (1U << 20) + 1, 0xffffffffU}) {
        std::vector<Bytes> records = memcg_episode_fentry().records();
        auto header = wire_of<wire_header>(records[3]);
        header.size = size;
        std::memcpy(records[3].data(), &header, sizeof(header));
        const Reading reading = read_all(recording_of(records));
        ASSERT_TRUE(reading.error);
        EXPECT_THAT(reading.error->reason, HasSubstr("damaged after 3 whole records"));
        EXPECT_THAT(reading.records, SizeIs(3));
    }
}

TEST(Recording, SkipsNothingThatItDoesNotKnow)
{
    Stream stream;
    stream.clock();
    auto newer = empty_record<wire_symbol>(WIRE_SYMBOL);
    newer.header.kind = 4000;
    stream.records().push_back(bytes_of(newer));
    stream.stream_end();
    const Reading reading = read_all(recording_of(stream.records()));
    EXPECT_FALSE(reading.error);
    EXPECT_THAT(reading.records, SizeIs(3));
}

TEST(Recording, ChecksItsCount)
{
    std::vector<Bytes> records = memcg_episode_fentry().records();
    const std::size_t all = records.size();
    records.erase(records.begin() + 5);
    const Reading reading = read_all(recording_of(records));
    ASSERT_TRUE(reading.error);
    EXPECT_THAT(reading.error->reason,
                HasSubstr("counts " + std::to_string(all - 1) + " records, the file holds " + std::to_string(all - 2)));
    EXPECT_EQ(reading.records, records);
}

TEST(Recording, RefusesBytesAfterTheEnd)
{
    const std::string bytes = recording_of(memcg_episode_fentry().records());
    const Reading reading = read_all(bytes + bytes);
    ASSERT_TRUE(reading.error);
    EXPECT_THAT(reading.error->reason, HasSubstr("after the closing record"));
    EXPECT_THAT(reading.records, SizeIs(memcg_episode_fentry().records().size()));
}

// A disk that is full after so many bytes.
class FullDisk : public std::streambuf
{
  public:
    explicit FullDisk(std::streamsize room) : room_(room) {}

  private:
    std::streamsize xsputn(const char *, std::streamsize count) override
    {
        if (count > room_) {
            errno = ENOSPC;
            return 0;
        }
        room_ -= count;
        return count;
    }
    int_type overflow(int_type) override { return traits_type::eof(); }

    std::streamsize room_;
};

TEST(Recording, SaysWhyItCannotBeWritten)
{
    FullDisk nothing(0);
    std::ostream closed(&nothing);
    const auto refused = RecordingWriter::start(closed, "full.oom");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().attempted, "write recording full.oom");
    EXPECT_EQ(refused.error().reason, "No space left on device");

    FullDisk head_only(sizeof(wire_file_header));
    std::ostream out(&head_only);
    auto writer = RecordingWriter::start(out, "full.oom");
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->append(memcg_episode_fentry().records().front()));
    const Result<void> flushed = writer->flush();
    ASSERT_FALSE(flushed);
    EXPECT_EQ(flushed.error().reason, "No space left on device");
}

// A write may wait for memory that a host in need has not got.
TEST(Recording, WritesNothingOfAnEpisodeBeforeItIsAskedTo)
{
    const std::vector<Bytes> records = memcg_episode_fentry().records();
    std::ostringstream out;
    auto writer = RecordingWriter::start(out, "test.oom");
    ASSERT_TRUE(writer);
    std::size_t bytes = 0;
    for (const Bytes &record : records) {
        ASSERT_TRUE(writer->append(record));
        bytes += record.size();
    }
    EXPECT_EQ(out.str().size(), sizeof(wire_file_header));
    ASSERT_TRUE(writer->flush());
    EXPECT_EQ(out.str().size(), sizeof(wire_file_header) + bytes);

    // One of a hundred thousand tasks does not stay in memory.
    std::string all = out.str();
    for (std::size_t written = 0; written < (1U << 20); written += records.front().size()) {
        ASSERT_TRUE(writer->append(records.front()));
        all.append(reinterpret_cast<const char *>(records.front().data()), records.front().size());
    }
    EXPECT_GT(out.str().size(), all.size() - (256U << 10) - 1);
    ASSERT_TRUE(writer->flush());
    EXPECT_EQ(out.str(), all);
}

TEST(ScriptSource, GivesItsRecordsAndThenItsEnd)
{
    const std::vector<Bytes> records = memcg_episode_fentry().records();
    ScriptSource source(records);
    const Reading reading = read_all(source);
    EXPECT_EQ(reading.records, records);
    EXPECT_FALSE(reading.error);
}

} // namespace
} // namespace oomtrace::test
