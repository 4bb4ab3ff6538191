// Servers at maxmemory that evict nothing refuse writes, and Redis 7.0 everything inside MULTI.
// What frees memory, and what only reads, goes on.
#include "tests/e2e/real_listing.h"

namespace atestore {
namespace {

using ::testing::HasSubstr;

constexpr size_t kActors = 600;

class FullMemory : public RealListing {};

INSTANTIATE_TEST_SUITE_P(Servers, FullMemory, ::testing::ValuesIn(AllServerKinds()),
                         NameOfServerTest);

TEST_P(FullMemory, IsListedAndMadeRoomIn) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 3, .config_lines = {"maxmemory-policy noeviction"}},
                                ActorRecords(kActors, 3)));
  if (!cluster_) return;
  std::unique_ptr<ActorStore> store = NewStore(cluster_->endpoints(), absl::Seconds(5));
  for (size_t node = 0; node < cluster_->size(); ++node) {
    ASSERT_TRUE(cluster_->Run(node, {"CONFIG", "SET", "maxmemory", "1"}).ok());
    ASSERT_THAT(std::string(cluster_->RunAll(node, {{"SET", "k", "v"}}).status().message()),
                ::testing::AnyOf(HasSubstr("OOM"), HasSubstr("MOVED")));
  }
  EXPECT_TRUE(ExpectNeverIncomplete(*store, absl::Seconds(2)).ok());
  EXPECT_TRUE(ExpectNeverIncomplete(*store, absl::Seconds(2), /*read_ahead=*/true).ok());
  for (size_t i = 0; i < 30; ++i) {
    ateapi::ActorRef ref;
    ref.set_atespace("space-" + std::to_string(i % 3));
    ref.set_name("actor-" + std::to_string(i));
    absl::Status status = store->DeleteActor(ref);
    EXPECT_TRUE(status.ok()) << status;
  }
}

}  // namespace
}  // namespace atestore
