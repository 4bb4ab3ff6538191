// The pages of a listing as ActorStore and Listing make them, one at a time and read ahead.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/actor_store.h"
#include "store/advanced.h"
#include "store/embedded/embedded_transport.h"
#include "store/error_info.h"
#include "store/listing/listing.h"
#include "store/listing/open_page.h"
#include "store/listing/record_sinks.h"
#include "store/listing/serialized_actor_sink.h"
#include "store/records/records.h"
#include "tests/support/manual_clock.h"

namespace atestore {
namespace {

using mockcluster::Flavor;

// Enough for pages of several segments.
constexpr size_t kActors = 20'000;

std::shared_ptr<EmbeddedCluster> FilledCluster(Flavor flavor) {
  auto cluster = std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{.flavor = flavor});
  cluster->With([](mockcluster::Cluster& emulated) {
    for (size_t actor = 0; actor < kActors; ++actor) {
      EXPECT_TRUE(emulated.Put(absl::StrCat("actor:a:id-", actor), "{\"version\":\"1\"}").ok());
    }
  });
  return cluster;
}

// Tells of what it does, each time before it goes on.
struct Hooks {
  std::function<void()> on_execute = [] {};
  std::function<void()> on_reply = [] {};
};
class HookedTransport final : public ShardTransport {
 public:
  HookedTransport(std::shared_ptr<EmbeddedCluster> cluster, Hooks hooks)
      : transport_(std::move(cluster)), hooks_(std::move(hooks)) {}

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override {
    hooks_.on_execute();
    Observer hooked(*this, observer);
    transport_.Execute(requests, deadline, hooked);
  }
  std::unique_ptr<ShardTransport> Exclusive() override { return transport_.Exclusive(); }

 private:
  class Observer final : public ReplyObserver {
   public:
    Observer(HookedTransport& transport, ReplyObserver& next)
        : transport_(transport), next_(next) {}
    void OnReply(size_t request, size_t command, const ReplyView& reply) override {
      next_.OnReply(request, command, reply);
      transport_.hooks_.on_reply();
    }
    void OnFailure(size_t request, const absl::Status& status) override {
      next_.OnFailure(request, status);
    }
    std::vector<ShardRequest> More() override { return next_.More(); }

   private:
    HookedTransport& transport_;
    ReplyObserver& next_;
  };

  EmbeddedTransport transport_;
  const Hooks hooks_;
};

std::string Reason(const absl::Status& status) {
  std::optional<ErrorInfo> info = GetErrorInfo(status);
  return info ? info->reason : "";
}

// What a listing gave.
struct Listed {
  std::vector<std::set<std::string>> pages;  // ids
  size_t actors = 0;
  size_t segments_prefetched = 0;
  std::string last_token;
  absl::Status end;

  void Add(const ActorPage& page) {
    segments_prefetched += page.counters.segments_prefetched;
    std::set<std::string>& ids = pages.emplace_back();
    for (const ateapi::Actor& actor : page.response.actors()) ids.insert(actor.actor_id());
    actors += ids.size();
    last_token = page.response.next_page_token();
  }
};

// A page has no order.
std::multiset<std::string> ActorsOf(const ateapi::ListActorsResponse& page) {
  std::multiset<std::string> actors;
  for (const ateapi::Actor& actor : page.actors()) actors.insert(actor.SerializeAsString());
  return actors;
}

Listed ListByCalls(ActorStore& store, ateapi::ListActorsRequest request) {
  Listed listed;
  do {
    absl::StatusOr<ActorPage> page = store.ListActors(request);
    listed.end = page.status();
    if (!page.ok()) break;
    listed.Add(*page);
    request.set_page_token(listed.last_token);
  } while (!request.page_token().empty());
  return listed;
}

Listed ReadToTheEnd(ActorReader& reader) {
  Listed listed;
  ActorPage page;
  do {
    absl::StatusOr<ActorPage> next = Recycling::Next(reader, std::move(page));
    listed.end = next.status();
    if (!next.ok()) break;
    page = *std::move(next);
    listed.Add(page);
  } while (!page.response.next_page_token().empty());
  return listed;
}

class ListingPagesTest : public ::testing::TestWithParam<Flavor> {
 protected:
  std::unique_ptr<ActorStore> OpenStore() {
    // No page ends because the machine is slow.
    return ActorStore::Open(
               std::make_unique<EmbeddedTransport>(cluster_),
               {.seeds = cluster_->Endpoints(), .page_work_budget = absl::Seconds(1000)})
        .value();
  }
  void KillPrimaries() {
    cluster_->With([&](mockcluster::Cluster& cluster) {
      for (auto node : primaries_) ASSERT_TRUE(cluster.Kill(node).ok());
    });
  }
  void RestartPrimaries() {
    cluster_->With([&](mockcluster::Cluster& cluster) {
      for (auto node : primaries_) {
        ASSERT_TRUE(cluster.Restart(node, mockcluster::RestartMode::kKeepData).ok());
      }
      cluster.AdvanceTime(cluster.options().rejoin_delay_ms);
      cluster.Settle();
    });
  }

  const std::shared_ptr<EmbeddedCluster> cluster_ = FilledCluster(GetParam());
  const std::vector<mockcluster::NodeIndex> primaries_ =
      cluster_->With([](auto& cluster) { return cluster.Primaries(); });
};

INSTANTIATE_TEST_SUITE_P(Flavors, ListingPagesTest,
                         ::testing::Values(Flavor::kRedis70, Flavor::kValkey80));

TEST_P(ListingPagesTest, AReaderGivesThePagesOfAChainOfCalls) {
  const std::unique_ptr<ActorStore> opened = OpenStore();
  ActorStore& store = *opened;
  for (int32_t page_size : {7, 100, 1000}) {
    ateapi::ListActorsRequest request;
    request.set_page_size(page_size);
    const Listed calls = ListByCalls(store, request);
    absl::StatusOr<std::unique_ptr<ActorReader>> reader = store.ReadActors(request);
    ASSERT_TRUE(reader.ok()) << reader.status();
    Listed read = ReadToTheEnd(**reader);
    EXPECT_TRUE(read.end.ok()) << read.end;
    EXPECT_TRUE(read.pages == calls.pages) << "pages of " << page_size;
    EXPECT_EQ(read.actors, kActors);
    EXPECT_EQ(Reason((*reader)->Next().status()), "LISTING_COMPLETE");
    EXPECT_EQ(Reason((*reader)->Next().status()), "LISTING_COMPLETE");
  }
}

// Where few of the keys are wanted, a reader looks for names ahead.
TEST_P(ListingPagesTest, AReaderOfFewActorsGivesThePagesOfAChainOfCalls) {
  constexpr size_t kFew = 400;
  cluster_->With([](mockcluster::Cluster& cluster) {
    for (size_t actor = 0; actor < kFew; ++actor) {
      EXPECT_TRUE(cluster.Put(absl::StrCat("actor:few:id-", actor), "{}").ok());
    }
  });
  const std::unique_ptr<ActorStore> opened = OpenStore();
  ActorStore& store = *opened;
  for (int32_t page_size : {7, 100, 1000}) {
    ateapi::ListActorsRequest request;
    request.set_atespace("few");
    request.set_page_size(page_size);
    const Listed calls = ListByCalls(store, request);
    absl::StatusOr<std::unique_ptr<ActorReader>> reader = store.ReadActors(request);
    ASSERT_TRUE(reader.ok()) << reader.status();
    const Listed read = ReadToTheEnd(**reader);
    EXPECT_TRUE(read.end.ok()) << read.end;
    EXPECT_TRUE(read.pages == calls.pages) << "pages of " << page_size;
    EXPECT_EQ(read.actors, kFew);
    EXPECT_GT(read.segments_prefetched, 0u);
  }
}

TEST_P(ListingPagesTest, ASerializedPageIsThePage) {
  const std::unique_ptr<ActorStore> opened = OpenStore();
  ActorStore& store = *opened;
  ateapi::ListActorsRequest request;
  request.set_page_size(900);
  do {
    absl::StatusOr<ActorPage> page = store.ListActors(request);
    absl::StatusOr<SerializedActorPage> serialized =
        AdvancedReads(store).ListActorsSerialized(request);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_TRUE(serialized.ok()) << serialized.status();
    ateapi::ListActorsResponse parsed;
    ASSERT_TRUE(parsed.ParseFromString(serialized->response));
    EXPECT_TRUE(ActorsOf(parsed) == ActorsOf(page->response));
    EXPECT_EQ(parsed.next_page_token().empty(), page->response.next_page_token().empty());
    EXPECT_EQ(serialized->actors, parsed.actors_size());
    EXPECT_GT(serialized->progress, 0);
    request.set_page_token(parsed.next_page_token());
  } while (!request.page_token().empty());
}

TEST(SerializedActorSink, HoldsWhatWasAddedAndNotRemoved) {
  int told = 0;
  const SerializedActorSink::OnUnreadableRecord on_unreadable = [&](auto&&...) { ++told; };
  const ActorProjection whole;
  SerializedActorSink sink("old", whole, on_unreadable);
  size_t bytes = 0;
  for (int actor = 0; actor < 10; ++actor) {
    // Of different lengths, some with a header of two bytes.
    std::string id = absl::StrCat(actor, std::string(static_cast<size_t>(actor) * 20, 'x'));
    absl::StatusOr<std::optional<size_t>> added = sink.Add("actor:a:" + id, "{\"version\":\"7\"}");
    ASSERT_TRUE(added.ok()) << added.status();
    ASSERT_TRUE(added->has_value());
    bytes += **added;
  }
  EXPECT_TRUE(absl::IsDataLoss(sink.Add("actor:a:b", "{").status()));
  sink.OnUnreadable("actor:a:b", absl::DataLossError("not JSON"));
  EXPECT_EQ(sink.size(), 10);
  sink.Remove(std::vector<size_t>{0, 4, 5, 9});
  EXPECT_EQ(sink.size(), 6);
  EXPECT_EQ(sink.unreadable(), 1);
  EXPECT_EQ(told, 1);
  std::string response = std::move(sink).TakeResponse("token");
  EXPECT_LE(response.size(), bytes);
  ateapi::ListActorsResponse parsed;
  ASSERT_TRUE(parsed.ParseFromString(response));
  EXPECT_EQ(parsed.next_page_token(), "token");
  std::string first_letters;
  for (const ateapi::Actor& actor : parsed.actors()) {
    first_letters += actor.actor_id()[0];
    EXPECT_EQ(actor.version(), 7);
  }
  EXPECT_EQ(first_letters, "123678");
}

TEST_P(ListingPagesTest, AReaderThatIsNotReadToItsEndEnds) {
  const std::unique_ptr<ActorStore> opened = OpenStore();
  ActorStore& store = *opened;
  ateapi::ListActorsRequest request;
  request.set_page_size(10);
  for (int pages = 0; pages < 8; ++pages) {
    absl::StatusOr<std::unique_ptr<ActorReader>> reader = store.ReadActors(request);
    ASSERT_TRUE(reader.ok()) << reader.status();
    for (int page = 0; page < pages; ++page)
      EXPECT_EQ((*reader)->Next()->response.actors_size(), 10);
  }
}

TEST_P(ListingPagesTest, AReaderRefusesABadRequestAtOnce) {
  const std::unique_ptr<ActorStore> opened = OpenStore();
  ActorStore& store = *opened;
  ateapi::ListActorsRequest request;
  request.set_page_token("garbage");
  absl::Status status = store.ReadActors(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_EQ(GetErrorInfo(status)->field, "page_token");
}

TEST_P(ListingPagesTest, AReaderStopsWhenItsCallIsCancelled) {
  const std::unique_ptr<ActorStore> opened = OpenStore();
  ActorStore& store = *opened;
  ateapi::ListActorsRequest request;
  request.set_page_size(10);
  std::atomic<bool> cancelled = false;
  absl::StatusOr<std::unique_ptr<ActorReader>> reader =
      store.ReadActors(request, {.cancelled = [&] { return cancelled.load(); }});
  ASSERT_TRUE(reader.ok()) << reader.status();
  ASSERT_TRUE((*reader)->Next().ok());
  cancelled = true;
  Listed rest = ReadToTheEnd(**reader);
  EXPECT_EQ(Reason(rest.end), "CANCELLED");
  EXPECT_LT(rest.actors, kActors / 2);
  EXPECT_EQ(Reason((*reader)->Next().status()), "CANCELLED");
}

// An outage in the middle: the pages before it are good, and the last token goes on after it.
TEST_P(ListingPagesTest, AReaderFailsWithTheClusterAndItsLastTokenGoesOn) {
  constexpr int kRepliesBefore = 300;
  int replies = 0;
  bool down = false;
  Hooks hooks{.on_execute =
                  [&] {
                    if (down || replies < kRepliesBefore) return;
                    down = true;
                    KillPrimaries();
                  },
              .on_reply = [&] { ++replies; }};
  auto transport = std::make_unique<HookedTransport>(cluster_, hooks);
  const std::unique_ptr<ActorStore> opened =
      ActorStore::Open(std::move(transport),
                       {.seeds = cluster_->Endpoints(), .retry_budget = absl::Milliseconds(50)})
          .value();
  ActorStore& store = *opened;
  ateapi::ListActorsRequest request;
  request.set_page_size(10);
  absl::StatusOr<std::unique_ptr<ActorReader>> reader = store.ReadActors(request);
  ASSERT_TRUE(reader.ok()) << reader.status();
  Listed listed = ReadToTheEnd(**reader);
  EXPECT_EQ(listed.end.code(), absl::StatusCode::kUnavailable) << listed.end;
  ASSERT_FALSE(listed.last_token.empty());
  RestartPrimaries();
  request.set_page_token(listed.last_token);
  reader = store.ReadActors(request);
  ASSERT_TRUE(reader.ok()) << reader.status();
  Listed rest = ReadToTheEnd(**reader);
  EXPECT_TRUE(rest.end.ok()) << rest.end;
  EXPECT_EQ(listed.actors + rest.actors, kActors);
}

absl::StatusOr<bool> ReadWhole(std::string_view key, std::string_view value, ateapi::Actor* actor) {
  return ActorProjection().Read(key, value, actor);
}

// Collects pages of 1,000, and takes the third one late.
class LateReader final : public ListingReader {
 public:
  explicit LateReader(std::function<void()> when_late) : when_late_(std::move(when_late)) {}

  RecordSink* BeginPage() override {
    if (!has_room_) return nullptr;
    has_room_ = false;
    open_.emplace(ReadWhole, &page_, on_unreadable_);
    return &*open_;
  }
  void EndPage(const std::optional<Position>&, const ListWalk::Counters&) override {
    actors += open_->size();
    page_.Clear();
    ++pages;
  }
  void DropPage() override { FAIL() << "no page is read ahead"; }
  bool WaitForRoom() override {
    if (pages == 2) when_late_();
    return has_room_ = true;
  }

  size_t pages = 0;
  size_t actors = 0;

 private:
  const std::function<void()> when_late_;
  const OnUnreadableActor on_unreadable_;
  bool has_room_ = false;
  google::protobuf::RepeatedPtrField<ateapi::Actor> page_;
  std::optional<PageSink<ateapi::Actor>> open_;
};

// The time that a caller takes over a page is not the cluster's: what fails then is tried again.
TEST_P(ListingPagesTest, ALateReaderHasItsRetries) {
  bool down = false;
  ManualClock clock([&](absl::Duration) {
    if (!std::exchange(down, false)) return;
    RestartPrimaries();
  });
  bool go_down = false;
  HookedTransport transport(cluster_, {.on_execute = [&] {
                              if (!std::exchange(go_down, false)) return;
                              down = true;
                              KillPrimaries();
                            }});
  ClusterClient client(transport, clock, cluster_->Endpoints(), {.budget = absl::Seconds(5)});
  Listing listing(client, absl::Seconds(1));
  LateReader reader([&] {
    clock.Advance(absl::Seconds(60));
    go_down = true;
  });
  absl::Status status = listing.ListPages(
      {.filter = KeyFilter::AllActors(), .page_size = 1000, .page_bytes = 1 << 20}, reader, {});
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_FALSE(clock.waits().empty());
  EXPECT_EQ(reader.actors, kActors);
}

// A deadline may pass between any two replies: what a page gives must then still be what its token
// says.
TEST_P(ListingPagesTest, APageThatADeadlineEndsHoldsWhatItsTokenSays) {
  constexpr int kRepliesAPageMax = 10'000;
  constexpr absl::Duration kPatience = absl::Milliseconds(10);
  int short_pages = 0;
  for (int replies_before = 1; replies_before < kRepliesAPageMax; replies_before += 97) {
    ManualClock clock;
    const CallOptions call{.deadline = clock.Now() + kPatience};
    int replies = 0;
    HookedTransport transport(cluster_, {.on_reply = [&] {
                                if (++replies == replies_before) clock.Advance(kPatience);
                              }});
    ClusterClient client(transport, clock, cluster_->Endpoints(), {});
    Listing listing(client, absl::Seconds(1));
    google::protobuf::RepeatedPtrField<ateapi::Actor> page;
    PageSink<ateapi::Actor> sink(ReadWhole, &page, {});
    ListingRequest request{
        .filter = KeyFilter::AllActors(), .page_size = 3000, .page_bytes = 1 << 20};
    absl::StatusOr<ListingEnd> end = listing.ListPage(request, sink, call);
    if (!end.ok()) {
      EXPECT_EQ(end.status().code(), absl::StatusCode::kDeadlineExceeded) << end.status();
      continue;
    }
    ASSERT_TRUE(end->next.has_value());
    short_pages += sink.size() < request.page_size;
    const bool is_over = replies < replies_before;
    request.start = *end->next;
    request.page_size = kActors;
    request.page_bytes = SIZE_MAX;
    const size_t on_first_page = sink.size();
    absl::StatusOr<ListingEnd> rest = listing.ListPage(request, sink, {});
    ASSERT_TRUE(rest.ok()) << rest.status();
    EXPECT_FALSE(rest->next.has_value());
    EXPECT_EQ(sink.size(), kActors)
        << on_first_page << " on a page that ended after " << replies_before << " replies";
    if (is_over) break;
  }
  EXPECT_GT(short_pages, 0);
}

}  // namespace
}  // namespace atestore
