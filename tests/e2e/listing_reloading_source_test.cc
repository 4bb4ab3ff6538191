// The source of a half migrated slot reads its data set again. Redis redirects before it checks
// whether it is loading: it answers ASK for keys that it holds and has not loaded yet, and its run
// id and its count of SETSLOT calls stay the same.
#include <map>
#include <thread>

#include "tests/e2e/real_listing.h"
#include "tests/support/slot_move.h"

namespace atestore {
namespace {

constexpr Slot kSlot = 100;
constexpr size_t kActors = 1000;
constexpr size_t kSource = 0;
constexpr size_t kDestination = 1;
constexpr int kReloads = 3;

class ReloadingSource : public RealListing {
 protected:
  bool IsLoading() {
    absl::StatusOr<HiredisReply> info = cluster_->Run(kSource, {"INFO", "persistence"});
    return info.ok() && info->text.find("\nloading:1") != std::string::npos;
  }

  // What the source answers to a GET of `key`: "value", "ASK", "LOADING" …
  std::string AnswerTo(const std::string& key) {
    absl::StatusOr<HiredisReply> reply = cluster_->Run(kSource, {"GET", key});
    if (reply.ok()) return "value";
    // "GET: ASK 100 127.0.0.1:7001"
    const std::string text(reply.status().message());
    return text.substr(5, text.find(' ', 5) - 5);
  }

  // Half a second and more, in which the source answers.
  std::thread Reload() {
    return std::thread([this, endpoint = cluster_->endpoint(kSource)] {
      absl::StatusOr<HiredisClient> client =
          HiredisClient::Connect(endpoint, "", absl::Seconds(30));
      ASSERT_TRUE(client.ok()) << client.status();
      absl::StatusOr<HiredisReply> reply = client->Execute({"DEBUG", "RELOAD"});
      EXPECT_TRUE(reply.ok() && !reply->is_error) << (reply.ok() ? reply->text : "no reply");
    });
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, ReloadingSource, ::testing::ValuesIn(AllServerKinds()),
                         NameOfServerTest);

TEST_P(ReloadingSource, HidesNoKeys) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 3}, ActorRecordsInSlot(kSlot, kActors)));
  if (!cluster_) return;
  const SlotMove move{.slot = kSlot, .from = kSource, .to = kDestination};
  ASSERT_TRUE(BeginMove(*cluster_, move).ok());
  absl::StatusOr<size_t> moved = MoveKeys(*cluster_, move, kActors / 2);
  ASSERT_TRUE(moved.ok()) << moved.status();
  absl::StatusOr<HiredisReply> keys =
      cluster_->Run(kSource, {"CLUSTER", "GETKEYSINSLOT", std::to_string(kSlot), "1000"});
  ASSERT_TRUE(keys.ok()) << keys.status();
  std::vector<std::string> held;
  for (const HiredisReply& key : keys->elements) held.push_back(key.text);
  ASSERT_EQ(held.size(), kActors - *moved);
  // A millisecond a key, and clients are served after every few keys.
  absl::Status slow =
      cluster_
          ->RunAll(kSource, {{"CONFIG", "SET", "key-load-delay", "1000"},
                             {"CONFIG", "SET", "loading-process-events-interval-bytes", "1024"}})
          .status();
  ASSERT_TRUE(slow.ok()) << slow;
  std::unique_ptr<ActorStore> store = NewStore(cluster_->endpoints(), absl::Milliseconds(300));
  ExpectComplete(*store);

  std::map<std::string, size_t> told;
  size_t listings = 0;
  for (int reload = 0; reload < kReloads; ++reload) {
    std::thread reloading = Reload();
    EXPECT_TRUE(Poll(absl::Seconds(10), [&] { return IsLoading(); }));
    while (IsLoading()) {
      for (size_t i = 0; i < held.size(); i += held.size() / 20) ++told[AnswerTo(held[i])];
      ExpectNeverIncomplete(*store, absl::ZeroDuration(), /*read_ahead=*/listings % 2 == 1)
          .IgnoreError();
      ++listings;
    }
    reloading.join();
  }
  for (const auto& [answer, times] : told) {
    std::cout << ToString(GetParam()) << " answers " << answer << " " << times << " times\n";
  }
  EXPECT_GE(listings, size_t{kReloads});
  EXPECT_GT(told["ASK"], 0) << "the situation was not met";
  ExpectComplete(*store);
}

}  // namespace
}  // namespace atestore
