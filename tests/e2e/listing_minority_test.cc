// cluster-allow-reads-when-down: a primary that lost its cluster goes on answering reads, for as
// long as the partition lasts. What the majority has acknowledged since is not there.
#include "tests/e2e/real_listing.h"

namespace atestore {
namespace {

using ::testing::HasSubstr;

constexpr size_t kActors = 600;
constexpr size_t kLater = 600;
constexpr size_t kMinority = 0;  // a primary, alone
constexpr size_t kReplica = 3;   // of it, on the other side

class Minority : public RealListing {
 protected:
  std::string StateOf(size_t node) {
    absl::StatusOr<HiredisReply> info = cluster_->Run(node, {"CLUSTER", "INFO"});
    return info.ok() ? info->text : std::string(ToStd(info.status().message()));
  }

  void CutOff() {
    for (size_t other = 0; other < cluster_->size(); ++other) {
      if (other == kMinority) continue;
      cluster_->relay().Cut(kMinority, other);
      cluster_->relay().Cut(other, kMinority);
    }
  }

  void Part() {
    CutOff();
    ASSERT_TRUE(Poll(absl::Seconds(60), [&] {
      return StateOf(kMinority).starts_with("cluster_state:fail") &&
             StateOf(kReplica).starts_with("cluster_state:ok") &&
             cluster_->Run(kReplica, {"ROLE"})->elements[0].text == "master";
    }));
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, Minority, ::testing::ValuesIn(AllServerKinds()),
                         NameOfServerTest);

TEST_P(Minority, IsNotTheCluster) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 3,
                                 .replicas = 1,
                                 .node_timeout = absl::Seconds(1),
                                 .config_lines = {"cluster-allow-reads-when-down yes"},
                                 .bus_relay = true},
                                ActorRecords(kActors, 3)));
  if (!cluster_) return;
  const std::vector<Endpoint> minority{cluster_->endpoint(kMinority)};
  std::unique_ptr<ActorStore> store = NewStore(minority);
  ExpectComplete(*store);
  ASSERT_NO_FATAL_FAILURE(Part());
  ASSERT_NO_FATAL_FAILURE(WriteMore(kReplica, kLater));
  // It does answer.
  ASSERT_TRUE(cluster_->Run(kMinority, {"GET", "nosuch{06S}"}).ok())
      << cluster_->Run(kMinority, {"GET", "nosuch{06S}"}).status();

  ExpectNeverIncomplete(*store, absl::Seconds(2)).IgnoreError();
  ExpectNeverIncomplete(*store, absl::Seconds(2), /*read_ahead=*/true).IgnoreError();
  ExpectNeverIncomplete(*NewStore(minority), absl::Seconds(2)).IgnoreError();

  // The others hear it again; as long as it hears none of them, it stays down.
  for (size_t other = 1; other < cluster_->size(); ++other) {
    cluster_->relay().Mend(kMinority, other);
  }
  EXPECT_FALSE(Poll(absl::Seconds(3), [&] {
    return !StateOf(kMinority).starts_with("cluster_state:fail");
  })) << StateOf(kMinority);
  ExpectNeverIncomplete(*store, absl::Seconds(2)).IgnoreError();

  cluster_->relay().MendAll();
  absl::Status settled = cluster_->WaitUntilSettled(absl::Seconds(60));
  ASSERT_TRUE(settled.ok()) << settled;
  ExpectComplete(*store);
}

// A node that is started alone says cluster_state:ok until its node timeout: it takes nobody for
// failed before. Its replica may have taken over long ago.
TEST_P(Minority, IsNotTheClusterThoughItHasJustBeenStarted) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 3,
                                 .replicas = 1,
                                 .node_timeout = absl::Seconds(20),
                                 .persistent = true,
                                 .bus_relay = true},
                                ActorRecords(kActors, 3)));
  if (!cluster_) return;
  CutOff();
  ASSERT_TRUE(cluster_->Run(kReplica, {"CLUSTER", "FAILOVER", "TAKEOVER"}).ok());
  ASSERT_TRUE(Poll(absl::Seconds(10), [&] {
    return cluster_->Run(kReplica, {"ROLE"})->elements[0].text == "master";
  }));
  ASSERT_NO_FATAL_FAILURE(WriteMore(kReplica, kLater));
  ASSERT_TRUE(cluster_->Stop(kMinority, StopMode::kShutdown).ok());
  ASSERT_TRUE(cluster_->Launch(kMinority).ok());
  ASSERT_TRUE(Poll(absl::Seconds(15), [&] {
    return StateOf(kMinority).starts_with("cluster_state:ok");
  })) << StateOf(kMinority);
  ExpectNeverIncomplete(*NewStore({cluster_->endpoint(kMinority)}), absl::Seconds(1)).IgnoreError();
  EXPECT_THAT(StateOf(kMinority), HasSubstr("cluster_state:ok")) << "nothing was tried";

  cluster_->relay().MendAll();
  absl::Status settled = cluster_->WaitUntilSettled(absl::Seconds(60));
  ASSERT_TRUE(settled.ok()) << settled;
  ExpectComplete(*NewStore({cluster_->endpoint(kMinority)}));
}

}  // namespace
}  // namespace atestore
