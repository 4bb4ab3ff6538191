#include "store/pages.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <ranges>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/actor_store.h"
#include "store/embedded/embedded_transport.h"
#include "store/error_info.h"

namespace atestore {
namespace {

static_assert(std::ranges::input_range<ActorRange>);

constexpr int kActors = 1000;
constexpr int kPageSize = 7;

class ActorRangeTest : public testing::Test {
 protected:
  void SetUp() override {
    cluster_->With([](mockcluster::Cluster& emulated) {
      for (int actor = 0; actor < kActors; ++actor) {
        ASSERT_TRUE(emulated.Put(absl::StrCat("actor:a:id-", actor), "{}").ok());
      }
    });
  }

  static ateapi::ListActorsRequest Request(const std::string& page_token = "") {
    ateapi::ListActorsRequest request;
    request.set_page_size(kPageSize);
    request.set_page_token(page_token);
    return request;
  }

  // Walks `actors` to its end and counts each; the error that it ended with.
  absl::Status Walk(ActorRange actors, std::optional<std::string>* page_token = nullptr) {
    absl::Status end;
    for (absl::StatusOr<ateapi::Actor>& actor : actors) {
      EXPECT_TRUE(end.ok()) << "something follows the error";
      end = actor.status();
      if (actor.ok()) ++seen_[actor->actor_id()];
    }
    if (page_token != nullptr) *page_token = actors.page_token();
    return end;
  }

  void ExpectEachOnce() const {
    EXPECT_EQ(seen_.size(), static_cast<size_t>(kActors));
    for (const auto& [id, times] : seen_) EXPECT_EQ(times, 1) << id;
  }

  const std::shared_ptr<EmbeddedCluster> cluster_ =
      std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{});
  // Without a budget no page is short.
  const std::unique_ptr<ActorStore> store_ =
      ActorStore::Open(std::make_unique<EmbeddedTransport>(cluster_),
                       {.seeds = cluster_->Endpoints(),
                        .page_work_budget = absl::InfiniteDuration(),
                        .retry_budget = absl::Milliseconds(50)})
          .value();
  std::map<std::string, int> seen_;
};

TEST_F(ActorRangeTest, HoldsEveryActorOnce) {
  std::optional<std::string> page_token = "not asked";
  EXPECT_TRUE(Walk(store_->Actors(Request()), &page_token).ok());
  EXPECT_EQ(page_token, std::nullopt);
  ExpectEachOnce();
}

TEST_F(ActorRangeTest, OfNothingIsEmpty) {
  ateapi::ListActorsRequest request;
  request.set_atespace("empty");
  std::optional<std::string> page_token = "not asked";
  EXPECT_TRUE(Walk(store_->Actors(request), &page_token).ok());
  EXPECT_EQ(page_token, std::nullopt);
  EXPECT_TRUE(seen_.empty());
}

TEST_F(ActorRangeTest, ABadRequestIsItsOnlyElement) {
  std::optional<std::string> page_token;
  const absl::Status end = Walk(store_->Actors(Request("garbage")), &page_token);
  EXPECT_TRUE(absl::IsInvalidArgument(end)) << end;
  EXPECT_EQ(GetErrorInfo(end)->field, "page_token");
  EXPECT_EQ(page_token, "garbage");
  EXPECT_TRUE(seen_.empty());
}

// Left anywhere in a page, it goes on with that page.
TEST_F(ActorRangeTest, GoesOnWhereALoopWasLeft) {
  for (int left_after : {0, 1, kPageSize - 1, kPageSize, kPageSize + 1, 3 * kPageSize}) {
    seen_.clear();
    ActorRange actors = store_->Actors(Request());
    int walked = 0;
    for (absl::StatusOr<ateapi::Actor>& actor : actors) {
      if (walked == left_after) break;
      ASSERT_TRUE(actor.ok()) << actor.status();
      ++seen_[actor->actor_id()];
      ++walked;
    }
    ASSERT_TRUE(actors.page_token().has_value());
    EXPECT_TRUE(Walk(store_->Actors(Request(*actors.page_token()))).ok());
    EXPECT_EQ(seen_.size(), static_cast<size_t>(kActors)) << left_after;
    int repeated = 0;
    for (const auto& [id, times] : seen_) repeated += times - 1;
    EXPECT_EQ(repeated, left_after % kPageSize) << left_after;
  }
}

TEST_F(ActorRangeTest, AnErrorEndsItAndNothingIsRepeatedAfterIt) {
  ActorRange actors = store_->Actors(Request());
  absl::Status end;
  bool down = false;
  for (absl::StatusOr<ateapi::Actor>& actor : actors) {
    ASSERT_TRUE(end.ok()) << "something follows the error";
    end = actor.status();
    if (!actor.ok()) continue;
    ++seen_[actor->actor_id()];
    if (std::exchange(down, true)) continue;
    cluster_->With([](mockcluster::Cluster& emulated) {
      for (mockcluster::NodeIndex node : emulated.Primaries()) {
        ASSERT_TRUE(emulated.Kill(node).ok());
      }
    });
  }
  EXPECT_TRUE(absl::IsUnavailable(end)) << end;
  ASSERT_LT(seen_.size(), static_cast<size_t>(kActors));
  ASSERT_TRUE(actors.page_token().has_value());
  cluster_->With([](mockcluster::Cluster& emulated) {
    for (const mockcluster::NodeInfo& node : emulated.Nodes()) {
      ASSERT_TRUE(emulated.Restart(node.index, mockcluster::RestartMode::kKeepData).ok());
      ASSERT_TRUE(emulated.SetClusterDown(node.index, 0).ok());
    }
  });
  EXPECT_TRUE(Walk(store_->Actors(Request(*actors.page_token()))).ok());
  ExpectEachOnce();
}

TEST_F(ActorRangeTest, CountsWhatItSkips) {
  cluster_->With([](mockcluster::Cluster& emulated) {
    ASSERT_TRUE(emulated.Put("actor:a:broken", "no json").ok());
  });
  ActorRange actors = store_->Actors(Request());
  for (absl::StatusOr<ateapi::Actor>& actor : actors) EXPECT_TRUE(actor.ok()) << actor.status();
  EXPECT_EQ(actors.skipped_records(), 1);
}

}  // namespace
}  // namespace atestore
