// The pages of atespaces and workers, and the whole lists of those who ask for no page.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/page_token.h"
#include "core/slot.h"
#include "store/actor_store.h"
#include "store/embedded/embedded_transport.h"
#include "store/error_info.h"

namespace atestore {
namespace {

using mockcluster::Flavor;
using Counts = std::map<std::string, int>;

constexpr int kRecords = 1500;

// The same tests for both listings.
struct Atespaces {
  using Request = ateapi::ListAtespacesRequest;
  using Page = AtespacePage;
  static std::string Key(int number) { return absl::StrCat("atespace:team-", number); }
  static std::string Value(int number, size_t padding = 0) {
    return absl::StrCat(R"({"name":"team-)", number, R"(","unknown":")", std::string(padding, 'x'),
                        R"("})");
  }
  static absl::StatusOr<Page> List(ActorStore& store, const Request& request) {
    return store.ListAtespaces(request);
  }
  static const auto& RecordsIn(const Page& page) { return page.response.atespaces(); }
  static std::string KeyOf(const ateapi::Atespace& atespace) {
    return absl::StrCat("atespace:", atespace.name());
  }
};

struct Workers {
  using Request = ateapi::ListWorkersRequest;
  using Page = WorkerPage;
  static std::string Key(int number) { return absl::StrCat("worker:ns:pool:pod-", number); }
  static std::string Value(int number, size_t padding = 0) {
    return absl::StrCat(R"({"workerNamespace":"ns","workerPool":"pool","workerPod":"pod-)", number,
                        R"(","ip":")", std::string(padding, 'x'), R"("})");
  }
  static absl::StatusOr<Page> List(ActorStore& store, const Request& request) {
    return store.ListWorkers(request);
  }
  static const auto& RecordsIn(const Page& page) { return page.response.workers(); }
  static std::string KeyOf(const ateapi::Worker& worker) {
    return absl::StrCat("worker:", worker.worker_namespace(), ":", worker.worker_pool(), ":",
                        worker.worker_pod());
  }
};

template <typename Kind>
class ListingRecordsTest : public testing::Test {
 protected:
  using Request = typename Kind::Request;
  using Page = typename Kind::Page;

  void Fill(Flavor flavor) {
    cluster_ = std::make_shared<EmbeddedCluster>(
        mockcluster::ClusterOptions{.primaries = 3, .flavor = flavor});
    cluster_->With([](mockcluster::Cluster& emulated) {
      for (int number = 0; number < kRecords; ++number) {
        EXPECT_TRUE(emulated.Put(Kind::Key(number), Kind::Value(number)).ok());
        EXPECT_TRUE(emulated.Put(absl::StrCat("actor:a:id-", number), "{}").ok());
      }
      // Keys of others under the same prefix.
      EXPECT_TRUE(emulated.Put("atespace:", "{}").ok());
      EXPECT_TRUE(emulated.Put("worker:ns:pool", "{}").ok());
    });
    store_ = ActorStore::Open(std::make_unique<EmbeddedTransport>(cluster_),
                              StoreOptions{.seeds = cluster_->Endpoints(),
                                           .retry_budget = absl::Milliseconds(50)})
                 .value();
  }

  static void Count(const Page& page, Counts* counts) {
    for (const auto& record : Kind::RecordsIn(page)) ++(*counts)[Kind::KeyOf(record)];
  }

  static void ExpectEachOnce(const Counts& counts) {
    EXPECT_EQ(counts.size(), static_cast<size_t>(kRecords));
    for (const auto& [name, count] : counts) EXPECT_EQ(count, 1) << name;
  }

  absl::Status ErrorOf(int32_t page_size, const std::string& token) {
    Request request;
    request.set_page_size(page_size);
    request.set_page_token(token);
    return Kind::List(*store_, request).status();
  }

  std::shared_ptr<EmbeddedCluster> cluster_;
  std::unique_ptr<ActorStore> store_;
};

using Kinds = testing::Types<Atespaces, Workers>;
TYPED_TEST_SUITE(ListingRecordsTest, Kinds);

TYPED_TEST(ListingRecordsTest, PagesHoldEveryRecordOnceWhileSlotsMove) {
  for (Flavor flavor : {Flavor::kRedis70, Flavor::kValkey80, Flavor::kValkey91}) {
    this->Fill(flavor);
    Counts counts;
    typename TypeParam::Request request;
    request.set_page_size(97);
    size_t pages = 0;
    Slot slot = 0;
    double progress = 0;
    do {
      auto page = TypeParam::List(*this->store_, request);
      ASSERT_TRUE(page.ok()) << page.status();
      EXPECT_LE(TypeParam::RecordsIn(*page).size(), 97);
      EXPECT_LE(page->response.next_page_token().size(), kPageTokenLengthMax);
      EXPECT_GE(page->progress, progress);
      progress = page->progress;
      this->Count(*page, &counts);
      request.set_page_token(page->response.next_page_token());
      ++pages;
      // Every tenth slot, so that some lie before the token and some behind.
      this->cluster_->With([&](mockcluster::Cluster& emulated) {
        for (int moved = 0; moved < 100; ++moved, slot = (slot + 10) % kSlotCount) {
          const auto to = static_cast<mockcluster::NodeIndex>(pages % 3);
          emulated.MoveSlot(slot, to).IgnoreError();  // it may be there already
        }
      });
    } while (!request.page_token().empty());
    EXPECT_GE(pages, static_cast<size_t>(kRecords / 97));
    EXPECT_EQ(progress, 1);
    this->ExpectEachOnce(counts);
  }
}

TYPED_TEST(ListingRecordsTest, WhoAsksForNoPageGetsEverything) {
  this->Fill(Flavor::kValkey80);
  auto page = TypeParam::List(*this->store_, {});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->response.next_page_token(), "");
  Counts counts;
  this->Count(*page, &counts);
  this->ExpectEachOnce(counts);
}

TYPED_TEST(ListingRecordsTest, ATokenAloneGoesOnWithTheDefaultSize) {
  this->Fill(Flavor::kValkey80);
  typename TypeParam::Request request;
  request.set_page_size(400);
  auto first = TypeParam::List(*this->store_, request);
  ASSERT_TRUE(first.ok()) << first.status();
  request.set_page_size(0);
  request.set_page_token(first->response.next_page_token());
  auto second = TypeParam::List(*this->store_, request);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(TypeParam::RecordsIn(*first).size(), 400);
  EXPECT_EQ(TypeParam::RecordsIn(*second).size(), kPageSizeDefault);
  EXPECT_NE(second->response.next_page_token(), "");
}

TYPED_TEST(ListingRecordsTest, ATokenIsOfItsMethodAlone) {
  this->Fill(Flavor::kValkey80);
  ateapi::ListActorsRequest actors;
  actors.set_page_size(10);
  ateapi::ListAtespacesRequest atespaces;
  atespaces.set_page_size(10);
  ateapi::ListWorkersRequest workers;
  workers.set_page_size(10);
  const std::map<std::string, std::string> tokens{
      {"actor", this->store_->ListActors(actors)->response.next_page_token()},
      {"atespace", this->store_->ListAtespaces(atespaces)->response.next_page_token()},
      {"worker", this->store_->ListWorkers(workers)->response.next_page_token()},
  };
  for (const auto& [kind, token] : tokens) {
    const absl::Status status = this->ErrorOf(10, token);
    if (token.empty()) continue;  // a listing that is complete with its first page has none
    if (absl::StartsWith(TypeParam::Key(0), absl::StrCat(kind, ":"))) {
      EXPECT_TRUE(status.ok()) << kind << ": " << status;
      continue;
    }
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << kind << ": " << status;
    EXPECT_EQ(GetErrorInfo(status)->reason, "PAGE_TOKEN_OF_OTHER_REQUEST");
    EXPECT_EQ(GetErrorInfo(status)->field, "page_token");
  }
  EXPECT_NE(tokens.at("actor"), "");
}

TYPED_TEST(ListingRecordsTest, RefusesWhatIsNoPage) {
  this->Fill(Flavor::kValkey80);
  EXPECT_EQ(GetErrorInfo(this->ErrorOf(-1, ""))->field, "page_size");
  EXPECT_EQ(GetErrorInfo(this->ErrorOf(1, "?"))->field, "page_token");
}

TYPED_TEST(ListingRecordsTest, PassesOverWhatIsUnreadable) {
  this->Fill(Flavor::kValkey80);
  this->cluster_->With([](mockcluster::Cluster& emulated) {
    ASSERT_TRUE(emulated.Put(TypeParam::Key(7), "no JSON").ok());
  });
  typename TypeParam::Request request;
  request.set_page_size(1000);
  int64_t skipped = 0;
  Counts counts;
  do {
    auto page = TypeParam::List(*this->store_, request);
    ASSERT_TRUE(page.ok()) << page.status();
    skipped += page->skipped_records;
    this->Count(*page, &counts);
    request.set_page_token(page->response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(skipped, 1);
  EXPECT_EQ(counts.size(), static_cast<size_t>(kRecords - 1));
}

// Only a worker can be so large: of an atespace nothing but its name is kept.
TEST(ListingWorkersTest, AListThatDoesNotFitNamesTheRemedy) {
  auto cluster = std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{});
  constexpr size_t kBytes = 100'000;
  const size_t fits = kWholeListBytesMax / (kBytes + 100);
  auto put = [&](size_t number) {
    cluster->With([&](mockcluster::Cluster& emulated) {
      const int pod = static_cast<int>(number);
      EXPECT_TRUE(emulated.Put(Workers::Key(pod), Workers::Value(pod, kBytes)).ok());
    });
  };
  for (size_t number = 0; number < fits; ++number) put(number);
  const std::unique_ptr<ActorStore> opened =
      ActorStore::Open(std::make_unique<EmbeddedTransport>(cluster),
                       {.seeds = cluster->Endpoints()})
          .value();
  ActorStore& store = *opened;
  absl::StatusOr<WorkerPage> whole = store.ListWorkers();
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(whole->response.workers_size(), static_cast<int>(fits));

  put(fits);
  put(fits + 1);
  const absl::Status status = store.ListWorkers().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(GetErrorInfo(status)->reason, "LIST_TOO_LARGE");
  EXPECT_NE(status.message().find("page_size"), std::string::npos) << status;

  ateapi::ListWorkersRequest request;
  request.set_page_size(1000);
  size_t listed = 0;
  do {
    absl::StatusOr<WorkerPage> page = store.ListWorkers(request);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->response.ByteSizeLong(), StoreOptions().page_bytes_max + 1000);
    listed += static_cast<size_t>(page->response.workers_size());
    request.set_page_token(page->response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, fits + 2);
}

TEST(ListingAtespacesTest, AWholeListIsSortedByName) {
  auto cluster = std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{});
  cluster->With([](mockcluster::Cluster& emulated) {
    for (int number = 0; number < 300; ++number) {
      EXPECT_TRUE(emulated.Put(Atespaces::Key(number), Atespaces::Value(number)).ok());
    }
  });
  const std::unique_ptr<ActorStore> opened =
      ActorStore::Open(std::make_unique<EmbeddedTransport>(cluster),
                       {.seeds = cluster->Endpoints()})
          .value();
  ActorStore& store = *opened;
  absl::StatusOr<AtespacePage> whole = store.ListAtespaces();
  ASSERT_TRUE(whole.ok()) << whole.status();
  ASSERT_EQ(whole->response.atespaces_size(), 300);
  for (int i = 1; i < 300; ++i) {
    EXPECT_LT(whole->response.atespaces(i - 1).name(), whole->response.atespaces(i).name());
  }
}

}  // namespace
}  // namespace atestore
