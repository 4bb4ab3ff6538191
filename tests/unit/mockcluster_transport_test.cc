// The emulator as a transport of the store: what it says of connections that were lost.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/lost_reply.h"
#include "mockcluster/cluster.h"
#include "store/cluster/cluster_client.h"
#include "store/cluster/execute_at.h"
#include "store/embedded/embedded_transport.h"
#include "store/records/record_change.h"
#include "store/shard_transport.h"
#include "tests/support/manual_clock.h"

namespace atestore {
namespace {

using mockcluster::Cluster;
using mockcluster::RestartMode;

class EmbeddedTransportTest : public ::testing::Test {
 protected:
  static constexpr std::string_view kKey = "{b}watched";

  EmbeddedTransportTest() { Put("mine"); }

  void Put(std::string_view value) {
    cluster_->With([&](Cluster& cluster) { EXPECT_TRUE(cluster.Put(kKey, value).ok()); });
  }
  std::string Value() {
    return cluster_->With([](Cluster& cluster) { return *cluster.ReachableValue(kKey); });
  }
  // The process of the only primary ends and another one serves at once.
  void Restart() {
    cluster_->With([](Cluster& cluster) {
      const mockcluster::NodeIndex node = cluster.Primaries().at(0);
      EXPECT_TRUE(cluster.Restart(node, RestartMode::kKeepData).ok());
      EXPECT_TRUE(cluster.SetClusterDown(node, 0).ok());
    });
  }
  absl::StatusOr<std::vector<Reply>> Execute(ShardTransport& transport,
                                             const std::vector<std::string_view>& command) {
    ShardRequest request{.endpoint = cluster_->Endpoints().at(0)};
    request.pipeline.Add(command);
    return ExecuteAt(transport, request, absl::InfiniteFuture());
  }

  std::shared_ptr<EmbeddedCluster> cluster_ =
      std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{.primaries = 1});
  EmbeddedTransport transport_{cluster_};
};

TEST_F(EmbeddedTransportTest, SharedConnectionsAreOpenedAgainSilently) {
  EXPECT_TRUE(Execute(transport_, {"PING"}).ok());
  Restart();
  absl::StatusOr<std::vector<Reply>> after = Execute(transport_, {"PING"});
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->at(0).view().text(), "PONG");
}

TEST_F(EmbeddedTransportTest, TheLossOfAnExclusiveConnectionFailsOneRequest) {
  std::unique_ptr<ShardTransport> exclusive = transport_.Exclusive();
  EXPECT_TRUE(Execute(*exclusive, {"WATCH", kKey}).ok());
  Restart();
  absl::Status first = Execute(*exclusive, {"PING"}).status();
  EXPECT_TRUE(absl::IsUnavailable(first)) << first;
  EXPECT_TRUE(Execute(*exclusive, {"PING"}).ok());
}

TEST_F(EmbeddedTransportTest, TellsWhatWasNotSent) {
  std::unique_ptr<ShardTransport> exclusive = transport_.Exclusive();
  EXPECT_TRUE(Execute(*exclusive, {"WATCH", kKey}).ok());
  Restart();
  EXPECT_TRUE(WasNotSent(Execute(*exclusive, {"PING"}).status()));
  cluster_->With([](Cluster& cluster) {
    cluster.SetBetweenCommands([&cluster](const mockcluster::NextCommand& next) {
      cluster.InjectConnectionFault(next.client, mockcluster::ConnectionFault::kDropAfter);
    });
  });
  absl::Status lost = Execute(transport_, {"PING"}).status();
  EXPECT_TRUE(absl::IsUnavailable(lost));
  EXPECT_FALSE(WasNotSent(lost));
  EXPECT_EQ(LostReplyBytes(lost), 0U);
}

TEST_F(EmbeddedTransportTest, NothingIsSentToANodeThatItIsNotFor) {
  ShardRequest request{.endpoint = cluster_->Endpoints().at(0)};
  request.pipeline.Add({"DEL", kKey});
  request.node_id = std::string(40, 'f');
  absl::Status wrong = ExecuteAt(transport_, request, absl::InfiniteFuture()).status();
  EXPECT_TRUE(absl::IsUnavailable(wrong)) << wrong;
  EXPECT_TRUE(WasNotSent(wrong));
  EXPECT_EQ(Value(), "mine");
  request.node_id = cluster_->With([](Cluster& cluster) { return cluster.Nodes().at(0).id; });
  EXPECT_TRUE(ExecuteAt(transport_, request, absl::InfiniteFuture()).ok());
}

TEST_F(EmbeddedTransportTest, EndsWhenItsCallerWaitsNoLonger) {
  class Impatient final : public ReplyObserver {
   public:
    void OnReply(size_t, size_t, const ReplyView&) override { ++replies; }
    void OnFailure(size_t, const absl::Status& status) override { failures.push_back(status); }
    bool Abandon() override { return replies == 2; }
    int replies = 0;
    std::vector<absl::Status> failures;
  };
  std::vector<ShardRequest> requests(4, ShardRequest{.endpoint = cluster_->Endpoints().at(0)});
  for (ShardRequest& request : requests) request.pipeline.Add({"PING"});
  Impatient observer;
  transport_.Execute(requests, absl::InfiniteFuture(), observer);
  EXPECT_EQ(observer.replies, 2);
  ASSERT_EQ(observer.failures.size(), 2);
  for (const absl::Status& status : observer.failures) {
    EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
    EXPECT_TRUE(WasNotSent(status));
  }
}

TEST_F(EmbeddedTransportTest, ALossThatARequestMetIsNotToldTwice) {
  std::unique_ptr<ShardTransport> exclusive = transport_.Exclusive();
  EXPECT_TRUE(Execute(*exclusive, {"WATCH", kKey}).ok());
  cluster_->With([](Cluster& cluster) {
    cluster.SetBetweenCommands([&cluster](const mockcluster::NextCommand& next) {
      cluster.InjectConnectionFault(next.client, mockcluster::ConnectionFault::kDropAfter);
    });
  });
  EXPECT_TRUE(absl::IsUnavailable(Execute(*exclusive, {"MULTI"}).status()));
  cluster_->With([](Cluster& cluster) { cluster.SetBetweenCommands({}); });
  EXPECT_TRUE(Execute(*exclusive, {"PING"}).ok());
}

// The lost update that a silent reconnect would cause: the new process knows of no WATCH.
TEST_F(EmbeddedTransportTest, NoTransactionCommitsOnAWatchThatARestartForgot) {
  ManualClock clock;
  ClusterClient client(transport_, clock, cluster_->Endpoints(), {});
  std::vector<std::string> seen;
  absl::Status changed = ChangeRecord(
      client, kKey, {}, [&](std::optional<ReplyView> present) -> absl::StatusOr<RecordChange> {
        seen.emplace_back(present->text());
        if (seen.size() == 1) {
          Restart();
          Put("theirs");
        }
        return RecordChange{
            .kind = RecordChange::Kind::kWrite, .value = "after " + seen.back(), .write_id = ""};
      });
  EXPECT_TRUE(changed.ok()) << changed;
  EXPECT_EQ(seen, (std::vector<std::string>{"mine", "theirs"}));
  EXPECT_EQ(Value(), "after theirs");
}

}  // namespace
}  // namespace atestore
