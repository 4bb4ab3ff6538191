// A graceful failover: the old primary holds writes back until it knows its successor, but answers
// reads. If the news comes late, what the successor was given meanwhile is not there.
#include "tests/e2e/real_listing.h"

namespace atestore {
namespace {

constexpr size_t kActors = 600;
constexpr size_t kLater = 600;
constexpr size_t kOld = 0;        // a primary
constexpr size_t kSuccessor = 3;  // its replica

class Handover : public RealListing {
 protected:
  // The old primary hears nothing but that its replica wants to take over.
  void HandOverUnheard() {
    for (BusPacket type : {BusPacket::kPing, BusPacket::kPong, BusPacket::kFail, BusPacket::kUpdate,
                           BusPacket::kFailoverAuthRequest}) {
      cluster_->relay().Drop(kOld, type);
    }
    ASSERT_TRUE(cluster_->Run(kSuccessor, {"CLUSTER", "FAILOVER"}).ok());
    ASSERT_TRUE(Poll(absl::Seconds(10), [&] { return RoleOf(kSuccessor) == "master"; }))
        << RoleOf(kSuccessor);
    ASSERT_EQ(RoleOf(kOld), "master");
  }

  std::string RoleOf(size_t node) {
    absl::StatusOr<HiredisReply> role = cluster_->Run(node, {"ROLE"});
    return role.ok() ? role->elements[0].text : std::string(ToStd(role.status().message()));
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, Handover, ::testing::ValuesIn(AllServerKinds()),
                         NameOfServerTest);

TEST_P(Handover, AnOldPrimaryThatDoesNotKnowYetIsNotRead) {
  ASSERT_NO_FATAL_FAILURE(
      Start({.primaries = 3, .replicas = 1, .node_timeout = absl::Seconds(20), .bus_relay = true},
            ActorRecords(kActors, 3)));
  if (!cluster_) return;
  ASSERT_NO_FATAL_FAILURE(HandOverUnheard());
  ASSERT_NO_FATAL_FAILURE(WriteMore(kSuccessor, kLater));
  // It does answer.
  ASSERT_TRUE(cluster_->Run(kOld, {"GET", "nosuch{06S}"}).ok())
      << cluster_->Run(kOld, {"GET", "nosuch{06S}"}).status();

  for (bool read_ahead : {false, true}) {
    ExpectNeverIncomplete(*NewStore({cluster_->endpoint(kOld)}), absl::Seconds(1), read_ahead)
        .IgnoreError();
  }
  EXPECT_EQ(RoleOf(kOld), "master") << "it had heard of it, so nothing was tried";

  cluster_->relay().MendAll();
  absl::Status settled = cluster_->WaitUntilSettled(absl::Seconds(60));
  ASSERT_TRUE(settled.ok()) << settled;
  ExpectComplete(*NewStore({cluster_->endpoint(kOld)}));
}

}  // namespace
}  // namespace atestore
