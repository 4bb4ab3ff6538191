// The main job on real clusters of three primaries and three replicas: every actor exactly once.
#include <map>

#include "core/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/actor_store.h"
#include "store/error_info.h"
#include "store/redis/redis_transport.h"
#include "tests/support/listing_audit.h"
#include "tests/support/require_server.h"
#include "tests/support/server_process.h"

namespace atestore {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::StartsWith;

constexpr size_t kActors = 100'000;
constexpr size_t kAtespaces = 50;
constexpr absl::Duration kProgramLimit = absl::Seconds(60);

using Records = std::vector<std::pair<std::string, std::string>>;

// A store with its own connections: all that a new process would have.
std::unique_ptr<ActorStore> NewStore(RealCluster& cluster) {
  absl::StatusOr<std::unique_ptr<RedisTransport>> transport = RedisTransport::Create({});
  EXPECT_TRUE(transport.ok()) << transport.status();
  StoreOptions options{.seeds = cluster.endpoints()};
  return ActorStore::Open(std::move(*transport), options).value();
}

// One loaded cluster of each kind for all tests of this file.
class ListingSliceTest : public ::testing::TestWithParam<ServerKind> {
 protected:
  struct Loaded {
    std::unique_ptr<RealCluster> cluster;
    Records records = ActorRecords(kActors, kAtespaces);
  };

  void SetUp() override {
    ATESTORE_REQUIRE_SERVER(GetParam());
    loaded_ = &by_kind_[GetParam()];
    if (loaded_->cluster == nullptr) {
      absl::StatusOr<std::unique_ptr<RealCluster>> cluster =
          RealCluster::Start({.kind = GetParam(), .primaries = 3, .replicas = 1});
      ASSERT_TRUE(cluster.ok()) << cluster.status();
      loaded_->cluster = std::move(*cluster);
      absl::Status set = loaded_->cluster->SetAll(loaded_->records);
      ASSERT_TRUE(set.ok()) << set;
    }
    store_ = NewStore(*loaded_->cluster);
  }
  static void TearDownTestSuite() { by_kind_.clear(); }

  void ExpectComplete(const ListingPlan& plan) {
    ListingAudit audit(loaded_->records, plan.atespace);
    ListingResult result = List(plan, audit);
    EXPECT_TRUE(result.status.ok()) << result.status;
    EXPECT_EQ(audit.missing(), 0) << "of " << audit.expected();
    EXPECT_EQ(audit.duplicates(), 0);
    EXPECT_EQ(audit.violations(), 0);
  }

  // The reason of the error that listing `atespace` with `token` gives.
  std::string ReasonFor(const std::string& atespace, const std::string& token) {
    ateapi::ListActorsRequest request;
    request.set_atespace(atespace);
    request.set_page_token(token);
    absl::Status status = store_->ListActors(request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    std::optional<ErrorInfo> info = GetErrorInfo(status);
    return info ? info->reason : "";
  }

  static inline std::map<ServerKind, Loaded> by_kind_;
  Loaded* loaded_ = nullptr;
  std::unique_ptr<ActorStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Servers, ListingSliceTest, ::testing::ValuesIn(AllServerKinds()),
                         NameOfServerTest);

TEST_P(ListingSliceTest, ListsEveryActorOnceWithAnyPageSize) {
  for (int32_t page_size : {1, 7, 100, 1000}) {
    SCOPED_TRACE(page_size);
    ExpectComplete({.page_size = page_size, .store = [this]() -> ActorStore& { return *store_; }});
  }
}

TEST_P(ListingSliceTest, ReadsEveryActorOnceAhead) {
  for (const std::string& atespace : {std::string(), std::string("space-17")}) {
    for (int32_t page_size : {7, 100, 1000}) {
      SCOPED_TRACE(atespace + ", pages of " + std::to_string(page_size));
      ExpectComplete({.page_size = page_size,
                      .atespace = atespace,
                      .store = [this]() -> ActorStore& { return *store_; },
                      .read_ahead = true});
    }
  }
}

TEST_P(ListingSliceTest, ListsOneAtespaceWithAnyPageSize) {
  for (int32_t page_size : {1, 7, 100, 1000}) {
    SCOPED_TRACE(page_size);
    ExpectComplete({.page_size = page_size,
                    .atespace = "space-17",
                    .store = [this]() -> ActorStore& { return *store_; }});
  }
}

// One page, listed by a process that lives no longer than that.
absl::StatusOr<ActorPage> ListInNewProcess(const Endpoint& seed, int32_t page_size,
                                           const std::string& token) {
  std::vector<std::string> command = {LIST_ONE_PAGE_PROGRAM, ToString(seed),
                                      std::to_string(page_size)};
  if (!token.empty()) command.push_back(token);
  absl::StatusOr<std::string> bytes = RunProgram(command, kProgramLimit);
  if (!bytes.ok()) return bytes.status();
  ActorPage page;
  if (!page.response.ParseFromString(*bytes)) return DataLossError("not a page");
  return page;
}

TEST_P(ListingSliceTest, ANewProcessServesEachPage) {
  ListingAudit audit(loaded_->records, "");
  std::string token;
  do {
    absl::StatusOr<ActorPage> page =
        ListInNewProcess(loaded_->cluster->endpoint(audit.pages() % 6), 1000, token);
    ASSERT_TRUE(page.ok()) << page.status();
    audit.OnPage(*page, 1000);
    token = page->response.next_page_token();
  } while (!token.empty());
  EXPECT_GE(audit.pages(), kActors / 1000);
  EXPECT_EQ(audit.missing(), 0);
  EXPECT_EQ(audit.duplicates(), 0);
  EXPECT_EQ(audit.violations(), 0);
}

TEST_P(ListingSliceTest, TwoStoresTakeTurns) {
  std::unique_ptr<ActorStore> other = NewStore(*loaded_->cluster);
  ExpectComplete({.page_size = 777, .store = [&]() -> ActorStore& {
                    std::swap(store_, other);
                    return *store_;
                  }});
}

TEST_P(ListingSliceTest, SaysWhatIsWrongWithAToken) {
  ListingAudit audit(loaded_->records, "space-1");
  ListingResult first = List({.page_size = 10,
                              .atespace = "space-1",
                              .pages_max = 1,
                              .store = [this]() -> ActorStore& { return *store_; }},
                             audit);
  ASSERT_TRUE(first.status.ok()) << first.status;
  const std::string& token = first.next_token;
  EXPECT_EQ(ReasonFor("space-2", token), "PAGE_TOKEN_OF_OTHER_REQUEST");
  EXPECT_EQ(ReasonFor("", token), "PAGE_TOKEN_OF_OTHER_REQUEST");
  for (size_t length = 1; length < token.size(); ++length) {
    EXPECT_EQ(ReasonFor("space-1", token.substr(0, length)), "PAGE_TOKEN_TRUNCATED") << length;
  }
  for (size_t i = 0; i < token.size(); ++i) {
    std::string altered = token;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    std::string reason = ReasonFor("space-1", altered);
    // The first characters hold the version, the key's number and a length.
    if (i < 6) {
      EXPECT_THAT(reason, StartsWith("PAGE_TOKEN_")) << i;
    } else {
      EXPECT_THAT(reason, AnyOf("PAGE_TOKEN_ALTERED", "PAGE_TOKEN_MALFORMED")) << i;
    }
  }
  EXPECT_EQ(ReasonFor("space-1", std::string(60, '!')), "PAGE_TOKEN_MALFORMED");
}

// Three primaries with three actors each: a page that filled up exactly where a shard ended once
// made the next shard disappear.
TEST_P(ListingSliceTest, NineActorsOnThreePrimariesWithAnyPageSize) {
  absl::StatusOr<std::unique_ptr<RealCluster>> cluster =
      RealCluster::Start({.kind = GetParam(), .primaries = 3});
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  Records nine;
  std::vector<int> of_primary(3);
  for (const auto& record : loaded_->records) {
    int& held = of_primary[KeySlot(record.first) * 3 / kSlotCount];
    if (held == 3) continue;
    ++held;
    nine.push_back(record);
  }
  ASSERT_THAT(of_primary, ElementsAre(3, 3, 3));
  ASSERT_TRUE((*cluster)->SetAll(nine).ok());
  std::unique_ptr<ActorStore> store = NewStore(**cluster);
  for (int32_t page_size = 1; page_size <= 10; ++page_size) {
    SCOPED_TRACE(page_size);
    ListingAudit audit(nine, "");
    ListingResult result =
        List({.page_size = page_size, .store = [&]() -> ActorStore& { return *store; }}, audit);
    EXPECT_TRUE(result.status.ok()) << result.status;
    EXPECT_EQ(audit.expected(), 9);
    EXPECT_EQ(audit.missing() + audit.duplicates() + audit.violations(), 0);
  }
}

}  // namespace
}  // namespace atestore
