// Who lists and who changes: the store, and what it is compared with.
#include "tests/soak/nemesis_listing.h"

#include <set>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/status.h"
#include "store/actor_store.h"
#include "store/redis/redis_transport.h"
#include "tests/soak/idle.h"
#include "tests/soak/plain_cluster_client.h"

namespace atestore {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(1);
constexpr absl::Duration kRetryBudget = absl::Milliseconds(300);
constexpr absl::Duration kRequestTimeout = absl::Seconds(1);
constexpr absl::Duration kClientTimeout = absl::Milliseconds(300);
constexpr absl::Duration kRefreshInterval = absl::Milliseconds(200);
// A caller takes its time: half of the listings last for a second or two.
constexpr absl::Duration kBetweenActors = absl::Microseconds(700);
constexpr absl::Duration kBetweenScans = absl::Milliseconds(10);
constexpr int32_t kPageSizes[] = {7, 50, 200, 1000};

absl::StatusOr<std::unique_ptr<ActorStore>> NewStore(const std::vector<uint16_t>& ports) {
  RedisOptions redis;
  redis.request_timeout = kRequestTimeout;
  absl::StatusOr<std::unique_ptr<RedisTransport>> transport = RedisTransport::Create(redis);
  if (!transport.ok()) return transport.status();
  StoreOptions options{.retry_budget = kRetryBudget};
  for (const uint16_t port : ports) options.seeds.push_back({"127.0.0.1", port});
  return std::make_unique<ActorStore>(std::move(*transport), options);
}

class StoreLister final : public NemesisLister {
 public:
  StoreLister(std::vector<uint16_t> ports, uint64_t seed) : ports_(std::move(ports)), turn_(seed) {}

  NemesisListing List() override {
    NemesisListing listing;
    ++turn_;
    if (store_ == nullptr || turn_ % 5 == 0) {
      absl::StatusOr<std::unique_ptr<ActorStore>> store = NewStore(ports_);
      if (!store.ok()) return {.status = store.status()};
      store_ = *std::move(store);
    }
    ateapi::ListActorsRequest request;
    request.set_page_size(kPageSizes[turn_ / 2 % std::size(kPageSizes)]);
    std::unique_ptr<ActorReader> reader;
    const bool ahead = turn_ % 3 == 0;
    listing.when.begin = absl::Now();
    absl::Time give_up = absl::Now() + kPatience;
    do {
      absl::StatusOr<ActorPage> page = Next(request, ahead, reader);
      if (absl::IsUnavailable(page.status()) && absl::Now() < give_up) {
        ++listing.unavailable;
        continue;
      }
      listing.status = page.status();
      if (!page.ok()) break;
      give_up = absl::Now() + kPatience;
      for (const ateapi::Actor& actor : page->response.actors()) Take(actor, listing);
      request.set_page_token(page->response.next_page_token());
      if (request.page_token().empty()) break;
      if (turn_ % 2 == 0) Idle(request.page_size() * kBetweenActors);
    } while (true);
    reader.reset();
    listing.when.end = absl::Now();
    return listing;
  }

 private:
  absl::StatusOr<ActorPage> Next(const ateapi::ListActorsRequest& request, bool ahead,
                                 std::unique_ptr<ActorReader>& reader) {
    if (!ahead) return store_->ListActors(request);
    if (reader == nullptr) {
      absl::StatusOr<std::unique_ptr<ActorReader>> made = store_->ReadActors(request);
      if (!made.ok()) return made.status();
      reader = *std::move(made);
    }
    absl::StatusOr<ActorPage> page = reader->Next();
    if (!page.ok()) reader.reset();
    return page;
  }

  static void Take(const ateapi::Actor& actor, NemesisListing& listing) {
    const std::string key = NemesisKey(actor.actor_id());
    ++listing.seen[key];
    listing.versions.emplace_back(key, actor.version());
    if (actor.atespace() != kNemesisAtespace || actor.actor_template_name() != actor.actor_id()) {
      listing.wrong.push_back(absl::StrCat("an actor ", actor.atespace(), "/", actor.actor_id(),
                                           " of template ", actor.actor_template_name()));
    }
  }

  const std::vector<uint16_t> ports_;
  uint64_t turn_;
  std::unique_ptr<ActorStore> store_;
};

class NaiveLister final : public NemesisLister {
 public:
  explicit NaiveLister(std::vector<uint16_t> ports) : ports_(std::move(ports)) {}

  NemesisListing List() override {
    NemesisListing listing;
    listing.when.begin = absl::Now();
    listing.status = UnavailableError("no node answers");
    for (const uint16_t port : ports_) {
      const std::vector<uint16_t> primaries = PrimariesAsSeenBy(port);
      if (primaries.empty()) continue;
      listing.status = absl::OkStatus();
      for (const uint16_t primary : primaries) listing.status.Update(Scan(primary, listing));
      break;
    }
    listing.when.end = absl::Now();
    return listing;
  }

 private:
  static absl::StatusOr<HiredisClient> Connect(uint16_t port) {
    return HiredisClient::Connect({"127.0.0.1", port}, "", kRequestTimeout);
  }

  static std::vector<uint16_t> PrimariesAsSeenBy(uint16_t port) {
    absl::StatusOr<HiredisClient> client = Connect(port);
    if (!client.ok()) return {};
    absl::StatusOr<HiredisReply> slots = client->Execute({"CLUSTER", "SLOTS"});
    if (!slots.ok()) return {};
    std::set<uint16_t> primaries;
    for (const HiredisReply& range : slots->elements) {
      primaries.insert(static_cast<uint16_t>(range.elements[2].elements[1].integer));
    }
    return {primaries.begin(), primaries.end()};
  }

  static absl::Status Scan(uint16_t port, NemesisListing& listing) {
    absl::StatusOr<HiredisClient> client = Connect(port);
    if (!client.ok()) return client.status();
    for (std::string cursor = "0";;) {
      absl::StatusOr<HiredisReply> page = client->Execute({"SCAN", cursor, "COUNT", "20"});
      if (!page.ok()) return page.status();
      if (page->is_error) return UnavailableError(page->text);
      // It takes a key that it meets twice for the same.
      for (const HiredisReply& key : page->elements[1].elements) {
        if (key.text.starts_with("actor:")) listing.seen[key.text] = 1;
      }
      cursor = page->elements[0].text;
      if (cursor == "0") return absl::OkStatus();
      Idle(kBetweenScans);
    }
  }

  const std::vector<uint16_t> ports_;
};

class PlainChurn final : public NemesisChurn {
 public:
  explicit PlainChurn(std::vector<uint16_t> ports) : client_(std::move(ports), kClientTimeout) {}

  void Change(const std::string& id, uint64_t draw, KeyHistory& history) override {
    if (absl::Now() > refreshed_ + kRefreshInterval) {
      client_.Refresh();
      refreshed_ = absl::Now();
    }
    const std::string key = NemesisKey(id);
    const absl::Time begin = absl::Now();
    if (draw % 4 == 0) {
      PlainAnswer answer = client_.Execute({"DEL", key});
      const bool clear = answer.kind == PlainAnswer::Kind::kReply;
      history.DeleteTried(key, {begin, clear ? absl::Now() : absl::InfiniteFuture()});
      return;
    }
    const int64_t version = ++versions_[id];
    history.WriteTried(key, version);
    const bool create = draw % 2 == 0;
    PlainAnswer answer =
        client_.Execute({"SET", key, NemesisRecord(id, version), create ? "NX" : "XX"});
    if (answer.kind != PlainAnswer::Kind::kReply) return;
    // Refused: NX because it is there, XX because it is not.
    if (answer.reply.is_null && !create) {
      history.WasAbsent(key, {begin, absl::Now()});
    } else {
      history.WasPresent(key, {begin, absl::Now()});
    }
  }

 private:
  PlainClusterClient client_;
  absl::Time refreshed_ = absl::InfinitePast();
  std::map<std::string, int64_t> versions_;
};

class StoreChurn final : public NemesisChurn {
 public:
  explicit StoreChurn(const std::vector<uint16_t>& ports) : store_(*NewStore(ports)) {}

  void Change(const std::string& id, uint64_t draw, KeyHistory& history) override {
    const std::string key = NemesisKey(id);
    ateapi::ActorRef ref;
    ref.set_atespace(kNemesisAtespace);
    ref.set_name(id);
    const absl::Time begin = absl::Now();
    if (draw % 4 == 0) {
      const absl::Status status = store_->DeleteActor(ref);
      const bool clear = status.ok() || absl::IsNotFound(status);
      history.DeleteTried(key, {begin, clear ? absl::Now() : absl::InfiniteFuture()});
      return;
    }
    history.WriteTried(key, ++writes_[id]);  // a version is at most the number of writes
    absl::Status status;
    if (draw % 2 == 0) {
      ateapi::CreateActorRequest request;
      *request.mutable_actor_ref() = ref;
      request.set_actor_template_name(id);
      status = store_->CreateActor(request).status();
    } else {
      ateapi::UpdateActorRequest request;
      *request.mutable_actor_ref() = ref;
      status = store_->UpdateActor(request).status();
    }
    const Interval when{begin, absl::Now()};
    if (status.ok() || absl::IsAlreadyExists(status)) history.WasPresent(key, when);
    if (absl::IsNotFound(status)) history.WasAbsent(key, when);
  }

 private:
  std::unique_ptr<ActorStore> store_;
  std::map<std::string, int64_t> writes_;
};

}  // namespace

std::string NemesisKey(const std::string& id) {
  return absl::StrCat("actor:", kNemesisAtespace, ":", id);
}

std::string NemesisRecord(const std::string& id, int64_t version) {
  return absl::StrCat(R"({"actorId":")", id, R"(","version":")", version,
                      R"(","actorTemplateName":")", id,
                      R"(","status":"STATUS_SUSPENDED","atespace":")", kNemesisAtespace, R"("})");
}

std::unique_ptr<NemesisLister> NewStoreLister(std::vector<uint16_t> ports, uint64_t seed) {
  return std::make_unique<StoreLister>(std::move(ports), seed);
}
std::unique_ptr<NemesisLister> NewNaiveLister(std::vector<uint16_t> ports) {
  return std::make_unique<NaiveLister>(std::move(ports));
}
std::unique_ptr<NemesisChurn> NewPlainChurn(std::vector<uint16_t> ports) {
  return std::make_unique<PlainChurn>(std::move(ports));
}
std::unique_ptr<NemesisChurn> NewStoreChurn(std::vector<uint16_t> ports) {
  return std::make_unique<StoreChurn>(ports);
}

}  // namespace atestore
