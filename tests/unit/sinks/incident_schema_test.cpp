// SPDX-License-Identifier: Apache-2.0
//
// The schema against what the sink writes, in both directions: every sample passes, and every sample with one key less, one key
// more or one value of another type does not. So a field that the schema does not pin is found.
#include "sinks/incident_schema.h"

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "json_of.h"
#include "support/sample_incident.h"

namespace oomtrace
{
namespace
{

using nlohmann::json;

class IncidentSchemaTest : public testing::Test
{
  protected:
    IncidentSchemaTest() : document_(json::parse(incident_schema()))
    {
        valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
        parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(document_), schema_);
    }

    // What is wrong with `value`; empty if nothing is.
    std::string faults(const json &value) const
    {
        valijson::Validator validator(valijson::Validator::kStrongTypes);
        valijson::ValidationResults results;
        if (validator.validate(schema_, valijson::adapters::NlohmannJsonAdapter(value), &results))
            return {};
        std::string text = "invalid";
        valijson::ValidationResults::Error error;
        while (results.popError(error)) {
            text += "\n  ";
            for (const std::string &step : error.context)
                text += step;
            text += ": " + error.description;
        }
        return text;
    }

    json document_;
    valijson::Schema schema_;
};

std::vector<std::pair<std::string, Incident>> samples()
{
    std::vector<std::pair<std::string, Incident>> all;
    all.emplace_back("memcg_kill", sample::memcg_kill());
    all.emplace_back("pod_kill", sample::pod_kill());
    all.emplace_back("global_kill", sample::global_kill());
    all.emplace_back("tracepoint_kill", sample::tracepoint_kill());
    all.emplace_back("group_kill", sample::group_kill());
    all.emplace_back("no_killable_task", sample::no_killable_task());
    all.emplace_back("already_dying", sample::already_dying());
    all.emplace_back("aborted", sample::aborted());
    all.emplace_back("notifier_freed", sample::notifier_freed());
    all.emplace_back("panic", sample::panic());
    all.emplace_back("incomplete", sample::incomplete());
    all.emplace_back("sysrq_kill", sample::sysrq_kill());
    all.emplace_back("nothing known", Incident{});
    Incident hostile = sample::memcg_kill();
    hostile.victim->process.comm = "a\"\n\x1b[31m\xff";
    hostile.trigger.process.cgroup = "/\xc3\xa9\xef\xbf\xbd\\x2d";
    hostile.nodes.front().stat_bytes["a_new_counter"] = 4096;
    hostile.scores.mismatches = {{4121, 10, 11}};
    hostile.before.compaction = {3, 12'000'000, 2, CompactPriority::sync_light, CompactResult::skipped, 2, 16, false};
    all.emplace_back("hostile", std::move(hostile));
    return all;
}

json parsed(const Incident &incident)
{
    return json::parse(json_of(incident).dump());
}

// The first of each array only: the others have the same form, and every change is a validation of the whole.
json trimmed(json value)
{
    if (value.is_array() && value.size() > 1)
        value.erase(value.begin() + 1, value.end());
    if (value.is_structured()) {
        for (json &member : value)
            member = trimmed(std::move(member));
    }
    return value;
}

// Calls `visit` for every object in `value`, the outermost first; `value` is whole again when it returns.
void for_each_object(json &value, const std::string &path, const std::function<void(json &, const std::string &)> &visit)
{
    if (value.is_object()) {
        visit(value, path);
        for (auto &[key, member] : value.items())
            for_each_object(member, path + "/" + key, visit);
    } else if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i)
            for_each_object(value[i], path + "/" + std::to_string(i), visit);
    }
}

TEST_F(IncidentSchemaTest, EverySampleIsValid)
{
    for (const auto &[name, incident] : samples())
        EXPECT_EQ(faults(parsed(incident)), "") << name;
}

TEST_F(IncidentSchemaTest, ALineThatLacksAnyKeyIsNot)
{
    std::size_t removed = 0;
    for (const Incident &incident : {sample::memcg_kill(), sample::tracepoint_kill()}) {
        json line = trimmed(parsed(incident));
        for_each_object(line, "", [&](json &object, const std::string &path) {
            const json whole = object;
            for (const auto &[key, value] : whole.items()) {
                object.erase(key);
                EXPECT_NE(faults(line), "") << "without " << path << "/" << key;
                object = whole;
                ++removed;
            }
        });
    }
    EXPECT_GT(removed, 400U);
}

TEST_F(IncidentSchemaTest, ALineWithAKeyMoreIsNot)
{
    json line = trimmed(parsed(sample::memcg_kill()));
    for_each_object(line, "", [&](json &object, const std::string &path) {
        object["surplus"] = nullptr;
        EXPECT_NE(faults(line), "") << "with " << path << "/surplus";
        object.erase("surplus");
    });
}

TEST_F(IncidentSchemaTest, AValueOfAnotherTypeIsNot)
{
    json line = trimmed(parsed(sample::memcg_kill()));
    for_each_object(line, "", [&](json &object, const std::string &path) {
        for (auto &[key, value] : object.items()) {
            const json right = value;
            value = json::array({json::object()}); // no field of any sample is that
            EXPECT_NE(faults(line), "") << path << "/" << key;
            value = right;
        }
    });
}

TEST_F(IncidentSchemaTest, AnUnknownWordIsNot)
{
    const json right = parsed(sample::memcg_kill());
    for (const std::string pointer :
         {"/schema", "/outcome", "/constraint", "/scope", "/tracer/attach_method", "/candidates/0/skip_reason",
          "/candidates/0/points_source", "/kills/0/why", "/timeline/0/event", "/completeness/walk_stop",
          "/provenance/trigger/source", "/time", "/allocation/gfp_mask", "/candidates/0/mm", "/trigger/stack/0/address"}) {
        json line = right;
        ASSERT_TRUE(line.at(json::json_pointer(pointer)).is_string()) << pointer;
        line[json::json_pointer(pointer)] = "an unknown word";
        EXPECT_NE(faults(line), "") << pointer;
    }
}

TEST_F(IncidentSchemaTest, ANegativeSizeIsNot)
{
    json line = parsed(sample::memcg_kill());
    line["candidates"][0]["rss_anon_bytes"] = -1;
    EXPECT_NE(faults(line), "");
}

// Without an absolute URI of its own, an $id makes validators look the references up on the network.
TEST_F(IncidentSchemaTest, RefersOnlyToItself)
{
    EXPECT_FALSE(document_.contains("$id"));
    std::size_t references = 0;
    json document = document_;
    for_each_object(document, "", [&](json &object, const std::string &path) {
        if (!object.contains("$ref"))
            return;
        ++references;
        const auto target = object["$ref"].get<std::string>();
        ASSERT_TRUE(target.starts_with("#/definitions/")) << path;
        EXPECT_TRUE(document_.contains(json::json_pointer(target.substr(1)))) << path << ": " << target;
    });
    EXPECT_GT(references, 50U);
}

// Rules for the schema itself: nothing open, nothing optional, nothing without a word of what it is.
TEST_F(IncidentSchemaTest, ClosesAndExplainsEveryObject)
{
    std::size_t objects = 0;
    json document = document_;
    for_each_object(document, "", [&](json &object, const std::string &path) {
        if (!object.contains("properties") || !object["properties"].is_object() || path.ends_with("/properties"))
            return;
        ++objects;
        EXPECT_EQ(object.value("additionalProperties", json()), json(false)) << path;
        json keys = json::array();
        for (const auto &[key, property] : object["properties"].items()) {
            keys.push_back(key);
            const std::string target = property.value("$ref", "");
            const json &described =
                target.empty() ? property : document_.at(json::json_pointer(target.substr(target.find('/'))));
            EXPECT_FALSE(described.value("description", "").empty()) << path << "/" << key;
        }
        json required = object["required"];
        std::sort(required.begin(), required.end());
        std::sort(keys.begin(), keys.end());
        EXPECT_EQ(required, keys) << path;
    });
    EXPECT_GT(objects, 25U);
}

} // namespace
} // namespace oomtrace
