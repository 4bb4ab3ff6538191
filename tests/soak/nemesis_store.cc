// The store under test, as who lists by it: pages, parts, filters, counts.
#include "tests/soak/nemesis_store.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "core/status.h"
#include "store/redis/redis_transport.h"
#include "tests/soak/idle.h"
#include "tests/soak/nemesis_listing.h"
#include "tests/support/server_process.h"

namespace atestore {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(1);
constexpr absl::Duration kRetryBudget = absl::Milliseconds(300);
constexpr absl::Duration kRequestTimeout = absl::Seconds(1);
constexpr absl::Duration kSmallWorkBudget = absl::Milliseconds(2);
// A caller takes its time: half of the listings last for a second or two.
constexpr absl::Duration kBetweenActors = absl::Microseconds(700);
constexpr absl::Duration kBetweenCounts = absl::Milliseconds(30);
constexpr int32_t kPageSizes[] = {7, 50, 200, 1000};
constexpr size_t kWidths[] = {2, 0, 5, 16, 3, 1};  // 0: one for each primary
constexpr int32_t kPartitions[] = {0, 2, 9, 30};
constexpr size_t kStops = 3;  // of a wide listing, each after two to four pages
constexpr size_t kStoreListings = 5;
constexpr int32_t kProcessPageSizeMin = 200;  // or it would be mostly starts of processes
constexpr absl::Duration kProcessLimit = absl::Seconds(20);

// By share: what lists next.
constexpr NemesisKind kTurns[] = {NemesisKind::kPages,  NemesisKind::kWide,  NemesisKind::kFilter,
                                  NemesisKind::kPages,  NemesisKind::kCount, NemesisKind::kWide,
                                  NemesisKind::kFilter, NemesisKind::kPages};

// A page by the program list_one_page, which lies beside this one. UNAVAILABLE as there, and when
// it takes too long.
absl::StatusOr<ateapi::ListActorsResponse> ListInNewProcess(
    const std::vector<uint16_t>& ports, const ateapi::ListActorsRequest& request) {
  static const std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe").replace_filename("list_one_page");
  const auto address = [](std::string* text, uint16_t port) {
    absl::StrAppend(text, "127.0.0.1:", port);
  };
  std::vector<std::string> command{program, absl::StrJoin(ports, ",", address),
                                   absl::StrCat(request.page_size()), request.page_token()};
  if (!request.filter().empty()) command.push_back(request.filter());
  absl::StatusOr<std::string> bytes = RunProgram(command, kProcessLimit);
  if (!bytes.ok()) {
    const bool again = absl::IsDeadlineExceeded(bytes.status()) ||
                       absl::StrContains(bytes.status().message(), "UNAVAILABLE: ");
    return again ? UnavailableError(bytes.status().message()) : bytes.status();
  }
  ateapi::ListActorsResponse page;
  if (!page.ParseFromString(*bytes)) return DataLossError("not a page");
  return page;
}

// One listing by the store: what is asked, and how far it has got.
class StoreListing {
 public:
  StoreListing(ActorStore& store, const std::vector<uint16_t>& ports, NemesisKind kind,
               uint64_t draw)
      : store_(store), ports_(ports), draw_(draw) {
    listing_.kind = kind;
    request_.set_page_size(kPageSizes[draw_ / 2 % std::size(kPageSizes)]);
    if (kind == NemesisKind::kFilter) SetFilter();
  }

  NemesisListing Run() && {
    listing_.when.begin = absl::Now();
    give_up_ = absl::Now() + kPatience;
    if (listing_.kind == NemesisKind::kCount) {
      listing_.status = Count();
    } else if (listing_.kind == NemesisKind::kWide || (listing_.filter && draw_ % 3 == 0)) {
      listing_.status = ListWide();
    } else {
      listing_.status = ListPages();
    }
    listing_.when.end = absl::Now();
    return std::move(listing_);
  }

 private:
  void SetFilter() {
    const bool by_status = draw_ / 8 % 2 == 0;
    NemesisFilter& filter = listing_.filter.emplace();
    if (by_status) {
      filter = {NemesisFilter::Field::kStatus,
                draw_ / 16 % 2 == 0 ? kNemesisRunning : kNemesisSuspended};
      request_.set_filter(absl::StrCat("status = ", filter.value));
    } else {
      filter = {NemesisFilter::Field::kGroup, NemesisGroups()[draw_ / 16 % NemesisGroups().size()]};
      request_.set_filter(absl::StrCat("actor_template_namespace = \"", filter.value, "\""));
    }
  }

  // Whether to try again.
  bool GoesOn(const absl::Status& status) {
    if (!absl::IsUnavailable(status) || absl::Now() >= give_up_) return false;
    ++listing_.unavailable;
    return true;
  }

  absl::Status ListPages() {
    ateapi::ListActorsRequest request = request_;
    std::unique_ptr<ActorReader> reader;
    while (true) {
      absl::StatusOr<ActorPage> page = NextPage(request, reader);
      if (GoesOn(page.status())) continue;
      if (!page.ok()) return page.status();
      Take(page->response);
      request.set_page_token(page->response.next_page_token());
      if (request.page_token().empty()) return absl::OkStatus();
    }
  }

  absl::StatusOr<ActorPage> NextPage(const ateapi::ListActorsRequest& request,
                                     std::unique_ptr<ActorReader>& reader) const {
    if (draw_ % 3 != 0) return store_.ListActors(request);
    if (reader == nullptr) {
      absl::StatusOr<std::unique_ptr<ActorReader>> made = store_.ReadActors(request);
      if (!made.ok()) return made.status();
      reader = *std::move(made);
    }
    absl::StatusOr<ActorPage> page = reader->Next();
    if (!page.ok()) reader.reset();
    return page;
  }

  // Several parts at once, stopped in the middle and gone on with another width. Every other time
  // it is cut into partitions first, and other processes list one of them.
  absl::Status ListWide() {
    std::vector<std::string> left;
    if (draw_ % 2 == 0) {
      absl::Status status = Partition(&left);
      if (status.ok()) status = ListElsewhere(left.back());
      if (!status.ok()) return status;
      left.pop_back();
      if (left.empty()) return absl::OkStatus();
    }
    for (size_t stops = 0;; ++stops) {
      const WideRead wide{.page_tokens = left,
                          .width = kWidths[(draw_ / 3 + stops) % std::size(kWidths)]};
      absl::StatusOr<std::unique_ptr<WideActorReader>> reader =
          store_.ReadActorsWide(request_, wide);
      if (GoesOn(reader.status())) continue;
      if (!reader.ok()) return reader.status();
      const size_t pages = stops < kStops ? 2 + (draw_ + stops) % 3 : SIZE_MAX;
      absl::Status status = TakePages(**reader, pages);
      left = (*reader)->page_tokens();
      if (!status.ok() && !GoesOn(status)) return status;
      if (left.empty()) return status;
    }
  }

  absl::Status TakePages(WideActorReader& reader, size_t pages) {
    for (size_t page = 0; page < pages && !reader.page_tokens().empty(); ++page) {
      absl::StatusOr<ActorPage> next = reader.Next();
      if (!next.ok()) return next.status();
      Take(next->response);
    }
    return absl::OkStatus();
  }

  absl::Status Partition(std::vector<std::string>* parts) {
    ateapi::PartitionActorsRequest request;
    request.set_filter(request_.filter());
    request.set_partition_count(kPartitions[draw_ / 2 % std::size(kPartitions)]);
    while (true) {
      absl::StatusOr<std::vector<std::string>> made = store_.PartitionActors(request);
      if (GoesOn(made.status())) continue;
      if (!made.ok()) return made.status();
      *parts = *std::move(made);
      return absl::OkStatus();
    }
  }

  // Each page by a process of its own.
  absl::Status ListElsewhere(const std::string& token) {
    ateapi::ListActorsRequest request = request_;
    request.set_page_size(std::max(request.page_size(), kProcessPageSizeMin));
    request.set_page_token(token);
    while (!request.page_token().empty()) {
      absl::StatusOr<ateapi::ListActorsResponse> page = ListInNewProcess(ports_, request);
      if (GoesOn(page.status())) continue;
      if (!page.ok()) return page.status();
      Take(*page);
      request.set_page_token(page->next_page_token());
    }
    return absl::OkStatus();
  }

  absl::Status Count() {
    ateapi::CountActorsRequest request;
    listing_.is_grouped = draw_ / 8 % 2 == 0;
    if (listing_.is_grouped) request.add_group_by("actor_template_namespace");
    while (true) {
      absl::StatusOr<ActorCounts> part = store_.CountActors(request);
      if (GoesOn(part.status())) continue;
      if (!part.ok()) return part.status();
      give_up_ = absl::Now() + kPatience;
      for (const ateapi::ActorCount& count : part->response.counts()) {
        listing_.counts[count.group_size() == 0 ? "" : count.group(0)] += count.count();
      }
      request.set_page_token(part->response.next_page_token());
      if (request.page_token().empty()) return absl::OkStatus();
      Idle(kBetweenCounts);
    }
  }

  void Take(const ateapi::ListActorsResponse& page) {
    give_up_ = absl::Now() + kPatience;
    for (const ateapi::Actor& actor : page.actors()) TakeActor(actor);
    if (draw_ % 2 == 0) Idle(page.actors_size() * kBetweenActors);
  }

  void TakeActor(const ateapi::Actor& actor) {
    const std::string key = NemesisKey(actor.actor_id());
    ++listing_.seen[key];
    listing_.versions.emplace_back(key, actor.version());
    const std::string status = ateapi::Actor::Status_Name(actor.status());
    std::string wrong;
    if (actor.atespace() != kNemesisAtespace || actor.actor_template_name() != actor.actor_id() ||
        actor.actor_template_namespace() != NemesisGroupOf(key)) {
      wrong = absl::StrCat("of template ", actor.actor_template_namespace(), "/",
                           actor.actor_template_name());
    } else if (listing_.filter && listing_.filter->field == NemesisFilter::Field::kStatus &&
               status != listing_.filter->value) {
      wrong = absl::StrCat("with ", status, " where ", listing_.filter->value, " was asked for");
    }
    if (wrong.empty()) return;
    listing_.wrong.push_back(
        absl::StrCat("an actor ", actor.atespace(), "/", actor.actor_id(), " ", wrong));
  }

  ActorStore& store_;
  const std::vector<uint16_t>& ports_;
  const uint64_t draw_;
  ateapi::ListActorsRequest request_;
  NemesisListing listing_;
  absl::Time give_up_;
};

class StoreLister final : public NemesisLister {
 public:
  StoreLister(std::vector<uint16_t> ports, uint64_t seed) : ports_(std::move(ports)), turn_(seed) {}

  NemesisListing List() override {
    ++turn_;
    if (store_ == nullptr || turn_ % kStoreListings == 0) {
      const bool small = turn_ / kStoreListings % 2 == 0;
      absl::StatusOr<std::unique_ptr<ActorStore>> store =
          small ? NewNemesisStore(ports_, kSmallWorkBudget) : NewNemesisStore(ports_);
      if (!store.ok()) return {.status = store.status()};
      store_ = *std::move(store);
    }
    // What varies within a kind is drawn.
    const uint64_t draw = (turn_ * 0x9e3779b97f4a7c15) >> 24;
    return StoreListing(*store_, ports_, kTurns[turn_ % std::size(kTurns)], draw).Run();
  }

 private:
  const std::vector<uint16_t> ports_;
  uint64_t turn_;
  std::unique_ptr<ActorStore> store_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ActorStore>> NewNemesisStore(const std::vector<uint16_t>& ports,
                                                            absl::Duration page_work_budget) {
  RedisOptions redis;
  redis.request_timeout = kRequestTimeout;
  absl::StatusOr<std::unique_ptr<RedisTransport>> transport = RedisTransport::Create(redis);
  if (!transport.ok()) return transport.status();
  StoreOptions options{.page_work_budget = page_work_budget, .retry_budget = kRetryBudget};
  for (const uint16_t port : ports) options.seeds.push_back({"127.0.0.1", port});
  return ActorStore::Open(std::move(*transport), options);
}

std::unique_ptr<NemesisLister> NewStoreLister(std::vector<uint16_t> ports, uint64_t seed) {
  return std::make_unique<StoreLister>(std::move(ports), seed);
}

}  // namespace atestore
