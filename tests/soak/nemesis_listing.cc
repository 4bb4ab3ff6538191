// Who lists and who changes: the store, and what it is compared with.
#include "tests/soak/nemesis_listing.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/status.h"
#include "store/actor_store.h"
#include "store/records/record_change.h"
#include "tests/soak/idle.h"
#include "tests/soak/nemesis_store.h"
#include "tests/soak/plain_cluster_client.h"

namespace atestore {
namespace {

constexpr absl::Duration kRequestTimeout = absl::Seconds(1);
constexpr absl::Duration kClientTimeout = absl::Milliseconds(300);
constexpr absl::Duration kRefreshInterval = absl::Milliseconds(200);
constexpr absl::Duration kBetweenScans = absl::Milliseconds(10);
constexpr uint64_t kChangesOfStatus = 16;  // one of so many

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

  void BeginRound() override { status_changed_.clear(); }

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
    int64_t& version = versions_[id];
    ++version;
    if ((draw >> 8) % kChangesOfStatus == 0 && status_changed_.insert(id).second) {
      version = (version / kNemesisVersionsOfPhase + 1) * kNemesisVersionsOfPhase;
    }
    history.WriteTried(key, version, NemesisStatusOf(id, version), begin);
    const bool create = draw % 2 == 0;
    PlainAnswer answer =
        client_.Execute({"SET", key, NemesisRecord(id, version), create ? "NX" : "XX"});
    if (answer.kind != PlainAnswer::Kind::kReply) return;
    // Refused: NX because it is there, XX because it is not.
    const Interval when{begin, absl::Now()};
    if (answer.reply.is_null) {
      create ? history.WasPresent(key, when) : history.WasAbsent(key, when);
    } else {
      create ? history.WasCreated(key, when) : history.WasPresent(key, when);
    }
  }

 private:
  PlainClusterClient client_;
  absl::Time refreshed_ = absl::InfinitePast();
  std::map<std::string, int64_t> versions_;
  std::set<std::string> status_changed_;
};

class StoreChurn final : public NemesisChurn {
 public:
  explicit StoreChurn(const std::vector<uint16_t>& ports) : store_(*NewNemesisStore(ports)) {}

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
    // A version is at most the number of writes; nothing runs these actors.
    history.WriteTried(key, ++writes_[id], kNemesisSuspended, begin);
    absl::Status status;
    const bool create = draw % 2 == 0;
    if (create) {
      ateapi::CreateActorRequest request;
      *request.mutable_actor_ref() = ref;
      request.set_actor_template_name(id);
      request.set_actor_template_namespace(NemesisGroupOf(key));
      status = store_->CreateActor(request).status();
    } else {
      ateapi::UpdateActorRequest request;
      *request.mutable_actor_ref() = ref;
      status = store_->UpdateActor(request).status();
    }
    const Interval when{begin, absl::Now()};
    if (absl::IsAlreadyExists(status)) return history.WasPresent(key, when);
    if (status.ok()) return create ? history.WasCreated(key, when) : history.WasPresent(key, when);
    if (!create) {
      if (absl::IsNotFound(status)) history.WasAbsent(key, when);
      return;
    }
    // It writes the actor, looks for its atespace again, and takes the actor back without it.
    const bool unknown = IsWriteOutcomeUnknown(status);
    history.DeleteTried(key, {begin, unknown ? absl::InfiniteFuture() : when.end});
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
                      R"(","actorTemplateNamespace":")", NemesisGroupOf(NemesisKey(id)),
                      R"(","actorTemplateName":")", id, R"(","status":")",
                      NemesisStatusOf(id, version), R"(","atespace":")", kNemesisAtespace, R"("})");
}

std::string NemesisStatusOf(const std::string& id, int64_t version) {
  const bool is_odd = (std::stoll(id.substr(1)) / 4 + version / kNemesisVersionsOfPhase) % 2 != 0;
  return is_odd ? kNemesisRunning : kNemesisSuspended;
}

std::string NemesisStatusIn(const std::string& record) {
  const size_t name = record.find(R"("status")");
  if (name == std::string::npos) return "STATUS_UNSPECIFIED";
  const size_t begin = record.find('"', record.find(':', name)) + 1;
  return record.substr(begin, record.find('"', begin) - begin);
}

const std::vector<std::string>& NemesisGroups() {
  static const std::vector<std::string> groups{"even", "odd", "changing"};
  return groups;
}

std::string NemesisGroupOf(const std::string& key) {
  const std::string id = key.substr(key.rfind(':') + 1);
  if (id.front() == kNemesisChanges) return NemesisGroups()[2];
  return NemesisGroups()[(id.back() - '0') % 2 == 0 ? 0 : 1];
}

std::string_view ToString(NemesisKind kind) {
  switch (kind) {
    case NemesisKind::kPages:
      return "pages";
    case NemesisKind::kWide:
      return "wide";
    case NemesisKind::kFilter:
      return "filter";
    case NemesisKind::kCount:
      return "count";
  }
  return "";
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
