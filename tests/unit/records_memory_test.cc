// Deleting goes on where a server at its maxmemory refuses what stands in MULTI. What real servers
// do then is in tests/e2e/redis_memory_test.cc; here, what this client makes of their replies.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/records/record_change.h"
#include "tests/support/hooked_transport.h"
#include "tests/unit/records_fixture.h"

namespace atestore {
namespace {

using Answer = absl::StatusOr<std::optional<std::string>>;

class FullMemoryTest : public RecordsTest {
 protected:
  // What a server at its maxmemory replies with.
  Answer Reply(const ShardRequest& request) {
    const std::string& bytes = request.pipeline.bytes();
    if (bytes.find("\r\nMULTI\r\n") != std::string::npos) {
      return "+OK\r\n-OOM command not allowed when used memory > 'maxmemory'.\r\n"
             "-EXECABORT Transaction discarded because of previous errors.\r\n";
    }
    if (bytes.find("\r\nEVAL\r\n") == std::string::npos) return std::nullopt;
    scripts_.push_back(bytes);
    return script_reply_;
  }

  const std::string key_ = ActorKey("a", "one");
  std::vector<std::string> scripts_;
  std::string script_reply_ = ":1\r\n";
  HookedTransport full_{transport_, [this](const ShardRequest& request) { return Reply(request); }};
  ClusterClient full_client_{full_, clock_, cluster_->Endpoints(), {}};
  Records full_records_{full_client_};
};

INSTANTIATE_TEST_SUITE_P(Flavors, FullMemoryTest, ::testing::Values(mockcluster::Flavor::kRedis70));

TEST_P(FullMemoryTest, AScriptComparesAndDeletes) {
  CreateOne();
  EXPECT_TRUE(full_records_.DeleteActor(Ref("a", "one"), {}).ok());
  ASSERT_EQ(scripts_.size(), 1U);
  EXPECT_NE(scripts_[0].find("#!lua flags=allow-oom\n"), std::string::npos);
  EXPECT_TRUE(scripts_[0].ends_with(absl::StrCat(Stored(key_), "\r\n"))) << "compares the value";
}

TEST_P(FullMemoryTest, ARecordThatChangedMeanwhileIsLookedAtAgain) {
  CreateOne();
  script_reply_ = ":0\r\n";
  absl::Status status = full_records_.DeleteActor(Ref("a", "one"), {});
  EXPECT_TRUE(absl::IsAborted(status)) << status;
  EXPECT_EQ(Reason(status), "WRITE_CONFLICT");
  EXPECT_EQ(scripts_.size(), static_cast<size_t>(kLostRacesMax));
}

TEST_P(FullMemoryTest, SaysWhatToGrantWhenScriptsAreNot) {
  CreateOne();
  script_reply_ = "-NOPERM this user has no permissions to run the 'eval' command\r\n";
  absl::Status status = full_records_.DeleteActor(Ref("a", "one"), {});
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_NE(status.message().find("+eval"), absl::string_view::npos) << status;
  EXPECT_EQ(status.message().find('\n'), absl::string_view::npos);
  EXPECT_EQ(Reason(status), "REDIS_PERMISSION_DENIED");
}

TEST_P(FullMemoryTest, NothingIsWrittenByScript) {
  CreateOne();
  EXPECT_FALSE(full_records_.UpdateActor(Update(Ref("a", "one"), "z"), {}).ok());
  EXPECT_FALSE(full_records_.CreateActor(Create("a", "two"), {}).ok());
  EXPECT_TRUE(scripts_.empty());
}

TEST_P(FullMemoryTest, AnAtespaceIsMarkedByScriptToo) {
  // The script's effect: the first one marks, the second removes.
  full_records_.DeleteAtespace("a", [&] { return true; }, {}).IgnoreError();
  ASSERT_FALSE(scripts_.empty());
  EXPECT_NE(scripts_[0].find("$deleting"), std::string::npos);
}

}  // namespace
}  // namespace atestore
