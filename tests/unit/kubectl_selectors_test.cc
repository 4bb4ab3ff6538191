#include "apps/kubectl-ate/selectors.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/filter/actor_filter.h"

namespace atestore::cli {
namespace {

using ::testing::HasSubstr;

std::string Filter(std::string_view filter, std::string_view fields, std::string_view labels) {
  const absl::StatusOr<std::string> text = FilterOf(filter, fields, labels);
  if (!text.ok()) return std::string(text.status().message());
  // What it makes, the service understands.
  EXPECT_TRUE(ActorFilter::Parse(*text).ok()) << *text;
  return *text;
}

TEST(SelectorsTest, BecomeOneFilter) {
  EXPECT_EQ(Filter("", "", ""), "");
  EXPECT_EQ(Filter(" ", "", ""), "");
  EXPECT_EQ(Filter("version = 1 OR version = 2", "", ""), "version = 1 OR version = 2");
  EXPECT_EQ(Filter("", "status=RUNNING,version!=3", ""), "status = \"RUNNING\" AND version != 3");
  EXPECT_EQ(Filter("version = 1", "status==PAUSED", "zone=a"),
            "(version = 1) AND status = \"PAUSED\" AND "
            "worker_selector.match_labels.\"zone\" = \"a\"");
  EXPECT_EQ(Filter("", "", "a.b/c!=x*, d, !e"),
            "worker_selector.match_labels.\"a.b/c\" != \"x\\*\" AND "
            "worker_selector.match_labels.\"d\":* AND NOT worker_selector.match_labels.\"e\":*");
  EXPECT_EQ(Filter("", "actorId=", ""), "actorId = \"\"");
  EXPECT_EQ(Filter("", "worker_selector.match_labels.zone=a", ""),
            "worker_selector.match_labels.zone = \"a\"");
  EXPECT_EQ(Filter("", "ateom_pod_name=it's \"x\\y\"", ""),
            "ateom_pod_name = \"it's \\\"x\\\\y\\\"\"");
}

TEST(SelectorsTest, MistakesAreNamed) {
  for (const auto& [fields, labels, what] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"status", "", "--field-selector: \"status\" must be FIELD=VALUE"},
           {"status>1", "", "must be FIELD=VALUE"},
           {"=x", "", "must be FIELD=VALUE"},
           {"stauts=x", "", "no field \"stauts\"; it has: actor_id"},
           {"", "zone in (a,b)", "-l: \"zone in (a\" must be KEY=VALUE"},
           {"", "!zone=a", "must be KEY=VALUE"},
           {"", "=a", "must be KEY=VALUE"},
           {"", "a>1", "must be KEY=VALUE"},
       }) {
    const absl::Status status = FilterOf("", fields, labels).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << fields << labels;
    EXPECT_THAT(std::string(status.message()), HasSubstr(what));
  }
}

}  // namespace
}  // namespace atestore::cli
