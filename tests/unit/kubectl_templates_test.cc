#include "apps/kubectl-ate/custom_columns.h"
#include "apps/kubectl-ate/json_path.h"
#include "apps/kubectl-ate/output_format.h"
#include "apps/kubectl-ate/printer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace atestore::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<ateapi::Actor> TwoActors() {
  std::vector<ateapi::Actor> actors(2);
  actors[0].set_atespace("team-a");
  actors[0].set_actor_id("one");
  actors[0].set_version(3);
  actors[0].set_status(ateapi::Actor::STATUS_RUNNING);
  auto& labels = *actors[0].mutable_worker_selector()->mutable_match_labels();
  labels["zone"] = "a";
  actors[0].mutable_latest_snapshot_info()->set_type(ateapi::SNAPSHOT_TYPE_LOCAL);
  ateapi::LocalSnapshotInfo* local = actors[0].mutable_latest_snapshot_info()->mutable_local();
  local->add_node_vms_with_local_snapshots("vm-1");
  local->add_node_vms_with_local_snapshots("vm-2");
  actors[1].set_atespace("team-a");
  actors[1].set_actor_id("two");
  (*actors[1].mutable_worker_selector()->mutable_match_labels())["k8s.io/x"] = "y";
  return actors;
}

std::string Printed(OutputFormat format, const std::string& spec) {
  const auto printer = MakePrinter({.format = format, .spec = spec}, "actors");
  std::string text = printer->Begin();
  // Page by page.
  for (const ateapi::Actor& actor : TwoActors()) text += printer->Print({actor});
  return text + printer->End();
}

std::string JsonPath(const std::string& text) { return Printed(OutputFormat::kJsonPath, text); }

std::string PathError(const std::string& text, bool one_actor = false) {
  const absl::Status status = JsonPathTemplate::Parse(text, one_actor).status();
  return status.ok() ? "no error" : std::string(status.message());
}

TEST(CustomColumnsTest, ShowsWhatThePathsName) {
  EXPECT_EQ(Printed(OutputFormat::kCustomColumns,
                    "ID:.actorId,STATUS:.status,V:{.version},ZONE:.workerSelector.matchLabels.zone,"
                    "VMS:.latestSnapshotInfo.local.nodeVmsWithLocalSnapshots[*]"),
            "ID    STATUS           V   ZONE   VMS\n"
            "one   STATUS_RUNNING   3   a      vm-1,vm-2\n"
            "two   <none>           <none>   <none>   <none>\n");
  EXPECT_EQ(Printed(OutputFormat::kCustomColumns,
                    "X:actor_id,Y:.workerSelector.matchLabels.k8s\\.io/x,"
                    "Z:.workerSelector.matchLabels['k8s.io/x']"),
            "X     Y        Z\n"
            "one   <none>   <none>\n"
            "two   y        y\n");
  EXPECT_EQ(
      Printed(OutputFormat::kCustomColumns,
              "A:.workerSelector,B:.workerSelector.matchLabels,C:.latestSnapshotInfo.local,"
              "D:.latestSnapshotInfo.local.nodeVmsWithLocalSnapshots,"
              "E:.latestSnapshotInfo.local.nodeVmsWithLocalSnapshots[1]"),
      "A                              B              C                                         "
      "      D                 E\n"
      "{\"matchLabels\":{\"zone\":\"a\"}}   {\"zone\":\"a\"}   "
      "{\"nodeVmsWithLocalSnapshots\":[\"vm-1\",\"vm-2\"]}   [\"vm-1\",\"vm-2\"]   vm-2\n"
      "{\"matchLabels\":{\"k8s.io/x\":\"y\"}}   {\"k8s.io/x\":\"y\"}   <none>                      "
      " "
      "                   <none>            <none>\n");
}

TEST(CustomColumnsTest, RefusalsNameThePlace) {
  for (const auto& [spec, what] : std::vector<std::pair<std::string, std::string>>{
           {"", "character 1: expected NAME:PATH"},
           {"ID", "character 1: expected NAME:PATH"},
           {"ID:.actorId,", "character 13: expected NAME:PATH"},
           {":.actorId", "character 1: expected NAME:PATH"},
           {"ID:.actorid", "character 5: an actor has no field \"actorid\"; it has: actorId, "},
           {"ID:.actorId,X:{.statu}", "character 17: an actor has no field \"statu\""},
           {"X:.status[0]", "character 10: this is not a list"},
           {"X:.status x", "character 10: \" x\" is not part of a path"},
           {"X:..status", "character 3: \"..\" is not supported"},
           {"X:.workerSelector.matchLabels.a.b", "has no field \"workerSelector.matchLabels.b\""},
           {"X:.workerSelector.matchLabels['a'", "character 30: \"[\" without its \"]\""},
       }) {
    const absl::Status status = CustomColumns::Parse(spec).status();
    EXPECT_THAT(std::string(status.message()), HasSubstr("custom-columns: ")) << spec;
    EXPECT_THAT(std::string(status.message()), HasSubstr(what)) << spec;
  }
}

TEST(JsonPathTest, PrintsLikeKubectl) {
  EXPECT_EQ(JsonPath("{.actors[*].actorId}"), "one two");
  EXPECT_EQ(JsonPath("{.items[*].actorId}"), "one two");
  EXPECT_EQ(JsonPath("{$.actors[*].status}"), "STATUS_RUNNING ");
  EXPECT_EQ(JsonPath("ids: {.actors[*].actorId}{\"\\n\"}"), "ids: one two\n");
  EXPECT_EQ(JsonPath("{range .actors[*]}{.actorId}{\"\\t\"}{.status}{'\\n'}{end}done"),
            "one\tSTATUS_RUNNING\ntwo\t\ndone");
  EXPECT_EQ(JsonPath("{range .actors[*]}{@.actorId} has {$.version}; {end}"),
            "one has 3; two has ; ");
  EXPECT_EQ(JsonPath("{range .items[*]}[{.workerSelector.matchLabels['k8s\\.io/x']}]{end}"),
            "[][y]");
  EXPECT_EQ(JsonPath("{range .actors[*]}"
                     "{.latestSnapshotInfo.local.nodeVmsWithLocalSnapshots[*]}|{end}"),
            "vm-1 vm-2||");
  EXPECT_EQ(JsonPath("{range .actors[*]}{.version}{end}"), "3");
  EXPECT_EQ(JsonPath("{range .actors[*]}{\"}{\"}{end}"), "}{}{");
  EXPECT_THAT(JsonPath("{.actors[*]}"), HasSubstr("{\"actorId\":\"one\",\"version\":\"3\","));
  EXPECT_EQ(JsonPath("{.actors[*]['actorId']}"), "one two");
}

TEST(JsonPathTest, OneActorNeedsNoRange) {
  EXPECT_EQ(PathError("{.status}", /*one_actor=*/true), "no error");
  const auto printer = MakePrinter({.format = OutputFormat::kJsonPath, .spec = "{.actorId}!"}, "");
  EXPECT_EQ(printer->Print({TwoActors()[0]}), "one!");
  EXPECT_THAT(PathError("{.actors[*].status}", /*one_actor=*/true),
              HasSubstr("one actor, not a list"));
  // … but may have one: what is right for a listing is right for one actor.
  EXPECT_TRUE(ParseOutput("jsonpath={.actors[*].status}", false, Printed::kOneActor).ok());
  EXPECT_TRUE(ParseOutput("jsonpath={.status}", false, Printed::kOneActor).ok());
  EXPECT_FALSE(ParseOutput("jsonpath={.status}", false, Printed::kActors).ok());
  EXPECT_FALSE(ParseOutput("jsonpath={.status}", false, Printed::kOther).ok());
}

TEST(JsonPathTest, RefusalsNameThePlace) {
  for (const auto& [text, what] : std::vector<std::pair<std::string, std::string>>{
           {"", "character 1: the template prints no actor"},
           {"actorId", "character 1: the template prints no actor"},
           {"{.actorId}", "character 2: outside a range there is only .actors[*]"},
           {"{.actors[*].actorid}", "character 13: an actor has no field \"actorid\""},
           {"{.actors[0].actorId}", "character 2: outside a range"},
           {"{.actors[*].a", "character 1: \"{\" without its \"}\""},
           {"{}", "character 1: nothing between the braces"},
           {"x{range .actors[*]}", "character 3: {range} without its {end}"},
           {"{end}", "character 2: {end} without its {range}"},
           {"{range .actors[*]}{range .x[*]}{end}{end}", "character 20: a range in a range"},
           {"{range .workers[*]}{end}", "character 2: only {range .actors[*]}"},
           {"{.actors[*].actorId}{.actors[*].status}", "character 22: actors are printed as they"},
           {"{range .actors[*]}{..status}{end}", "character 20: \"..\" is not supported"},
           {"{range .actors[*]}{.status == 1}{end}", "character 27: \" == 1\" is not supported"},
           {"{.actors[?(@.status==\"x\")].actorId}", "character 2: outside a range"},
           {"{range .actors[*]}{.latestSnapshotInfo.local.nodeVmsWithLocalSnapshots[?(@)]}{end}",
            "character 71: conditions are not supported here: --filter"},
           {"{range .actors[*]}{\"\\q\"}{end}", "character 22: \\n, \\t, \\r"},
           {"{range .actors[*]}{\"a\" \"b\"}{end}", "character 20: expected one quoted text"},
       }) {
    EXPECT_THAT(PathError(text), HasSubstr("jsonpath: " + what)) << text;
  }
}

TEST(OutputFormatTest, AsksForWhatItShows) {
  const auto fields = [](const std::string& text) {
    return FieldsShown(ParseOutput(text, false, Printed::kActors).value_or(OutputOptions()));
  };
  EXPECT_THAT(fields("name"), UnorderedElementsAre("atespace", "actor_id"));
  EXPECT_THAT(fields("jsonl"), IsEmpty());
  EXPECT_THAT(fields("json"), IsEmpty());
  EXPECT_THAT(fields("yaml"), IsEmpty());
  EXPECT_THAT(fields("custom-columns=A:.latestSnapshotInfo.type,B:.version"),
              UnorderedElementsAre("latest_snapshot_info", "version", "atespace", "actor_id"));
  EXPECT_THAT(fields("custom-columns=A:.version,B:."), IsEmpty());
  EXPECT_THAT(fields("jsonpath={.actors[*].workerSelector.matchLabels.zone}"),
              UnorderedElementsAre("worker_selector", "atespace", "actor_id"));
  EXPECT_THAT(fields("jsonpath={.actors[*]}"), IsEmpty());
}

// What is shown of an actor cut down to FieldsShown() is what is shown of the whole.
TEST(OutputFormatTest, ShowsTheSameOfWhatItAsksFor) {
  for (const std::string text :
       {"table", "wide", "name", "custom-columns=A:.latestSnapshotInfo,B:.version",
        "jsonpath={range .actors[*]}{.workerSelector}{.status}{end}"}) {
    const OutputOptions output = *ParseOutput(text, false, Printed::kActors);
    EXPECT_EQ(OutputText(output), text);
    ActorFields fields;
    for (const std::string& path : FieldsShown(output)) {
      const ActorField* field = FindActorField(path);
      ASSERT_NE(field, nullptr) << path;
      fields.Add(field->top_number);
    }
    std::vector<ateapi::Actor> cut = TwoActors();
    for (ateapi::Actor& actor : cut) KeepFields(fields, &actor);
    EXPECT_EQ(MakePrinter(output, "")->Print(cut), MakePrinter(output, "")->Print(TwoActors()));
  }
}

}  // namespace
}  // namespace atestore::cli
