#include "tests/support/faulted_listing.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/status.h"
#include "store/redis/redis_transport.h"
#include "tests/support/listing_audit.h"

namespace atestore {
namespace {

// Longer than any outage; a call gives up much earlier, so that UNAVAILABLE is seen.
constexpr absl::Duration kPatience = absl::Seconds(40);
constexpr absl::Duration kRetryBudget = absl::Milliseconds(300);

constexpr char kRow[] = "%-26s %-14s %-8s %8s %8s %8s %10s %8s %12s %8s\n";

absl::StatusOr<std::unique_ptr<ActorStore>> NewStore(const std::vector<Endpoint>& seeds) {
  RedisOptions redis;
  redis.request_timeout = absl::Seconds(2);
  absl::StatusOr<std::unique_ptr<RedisTransport>> transport = RedisTransport::Create(redis);
  if (!transport.ok()) return transport.status();
  StoreOptions options{.seeds = seeds, .retry_budget = kRetryBudget};
  return ActorStore::Open(std::move(*transport), options);
}

}  // namespace

FaultTally& FaultTally::operator+=(const FaultTally& other) {
  listings += other.listings;
  faults += other.faults;
  missing += other.missing;
  duplicates += other.duplicates;
  hidden += other.hidden;
  violations += other.violations;
  unavailable += other.unavailable;
  segments_prefetched += other.segments_prefetched;
  took += other.took;
  return *this;
}

std::string FaultTableHeading() {
  return absl::StrFormat(kRow, "fault", "server", "when", "faults", "listings", "missing",
                         "duplicates", "hidden*", "unavailable**", "seconds");
}

std::string FaultTableRow(const FaultedListingOptions& options, std::string_view when,
                          const FaultTally& tally) {
  return absl::StrFormat(kRow, options.fault.name, std::string(ToString(options.kind)),
                         std::string(when), std::to_string(tally.faults),
                         std::to_string(tally.listings), std::to_string(tally.missing),
                         std::to_string(tally.duplicates), std::to_string(tally.hidden),
                         std::to_string(tally.unavailable),
                         absl::StrFormat("%.1f", absl::ToDoubleSeconds(tally.took)));
}

std::string FaultTableLegend() {
  return "*  not listed while no client could reach them\n** calls repeated with the same token\n";
}

// Creates and deletes actors in a thread of its own, until its end.
class FaultedListing::Churn {
 public:
  explicit Churn(std::unique_ptr<ActorStore> store)
      : store_(std::move(store)), thread_([this] { Run(); }) {}
  ~Churn() {
    stop_ = true;
    thread_.join();
  }
  size_t changes() const { return changes_; }

 private:
  void Run() {
    for (size_t i = 0; !stop_; ++i) {
      ateapi::ActorRef ref;
      ref.set_atespace("space-1");
      ref.set_name(absl::StrCat("churn-", i % 1000));
      ateapi::CreateActorRequest create;
      *create.mutable_actor_ref() = ref;
      // Outages make them fail, which is not what this is about.
      changes_ += store_->CreateActor(create).ok();
      ref.set_name(absl::StrCat("churn-", (i + 500) % 1000));
      changes_ += store_->DeleteActor(ref).ok();
    }
  }

  std::unique_ptr<ActorStore> store_;
  std::atomic<bool> stop_ = false;
  std::atomic<size_t> changes_ = 0;
  std::thread thread_;
};

FaultedListing::FaultedListing(FaultedListingOptions options) : options_(std::move(options)) {}
FaultedListing::~FaultedListing() = default;

size_t FaultedListing::changes() const { return churn_->changes(); }

absl::StatusOr<std::unique_ptr<FaultedListing>> FaultedListing::Start(
    FaultedListingOptions options) {
  std::unique_ptr<FaultedListing> listing(new FaultedListing(std::move(options)));
  if (absl::Status status = listing->Create(); !status.ok()) return status;
  return listing;
}

absl::Status FaultedListing::Create() {
  RealClusterOptions servers = options_.fault.options;
  servers.kind = options_.kind;
  absl::StatusOr<std::unique_ptr<RealCluster>> cluster = RealCluster::Start(servers);
  if (!cluster.ok()) return cluster.status();
  cluster_ = std::move(*cluster);
  records_ = ActorRecords(options_.actors, options_.atespaces);
  absl::Status filled = cluster_->SetAll(records_);
  if (filled.ok()) filled = cluster_->SetAll({{"atespace:space-1", R"({"name":"space-1"})"}});
  if (!filled.ok()) return filled;
  // Replication is asynchronous: what is not on the replica may be lost by a failover.
  for (size_t primary = 0; primary < servers.primaries && servers.replicas > 0; ++primary) {
    absl::StatusOr<HiredisReply> synced = cluster_->Run(primary, {"WAIT", "1", "10000"});
    if (!synced.ok()) return synced.status();
    if (synced->integer != 1) return DeadlineExceededError("a replica does not get in sync");
  }
  seeds_ = cluster_->endpoints();
  absl::StatusOr<std::unique_ptr<ActorStore>> store = NewStore(seeds_);
  if (!store.ok()) return store.status();
  store_ = std::move(*store);
  absl::StatusOr<std::unique_ptr<ActorStore>> churn_store = NewStore(seeds_);
  if (!churn_store.ok()) return churn_store.status();
  churn_ = std::make_unique<Churn>(std::move(*churn_store));
  return absl::OkStatus();
}

ActorStore& FaultedListing::StoreOfNextPage() {
  if (options_.store_per_page) {
    absl::StatusOr<std::unique_ptr<ActorStore>> fresh = NewStore(seeds_);
    if (fresh.ok()) store_ = std::move(*fresh);
  }
  return *store_;
}

absl::Status FaultedListing::ApplyFault() {
  ++tally_.faults;
  return options_.fault.apply(*cluster_, log_);
}

absl::Status FaultedListing::ListOnce(const std::function<void(size_t)>& between_pages) {
  const size_t kind = options_.store_per_page ? 0 : tally_.listings % 3;
  const std::string atespace = kind == 2 ? "space-0" : "";
  ListingAudit audit(records_, atespace);
  ListingResult result = List({.page_size = options_.page_size,
                               .atespace = atespace,
                               .patience = kPatience,
                               .store = [this]() -> ActorStore& { return StoreOfNextPage(); },
                               .read_ahead = kind != 0,
                               .between_pages = between_pages},
                              audit);
  if (!result.status.ok()) return result.status;
  ++tally_.listings;
  for (std::string& key : audit.missing_keys()) missing_keys_.push_back(std::move(key));
  tally_.duplicates += audit.duplicates();
  tally_.violations += audit.violations();
  tally_.unavailable += result.unavailable;
  tally_.segments_prefetched += result.segments_prefetched;
  return absl::OkStatus();
}

FaultTally FaultedListing::Conclude(absl::Time begin) {
  for (const std::string& key : missing_keys_) {
    ++(log_.hidden_keys.contains(key) ? tally_.hidden : tally_.missing);
  }
  missing_keys_.clear();
  tally_.took = absl::Now() - begin;
  return std::exchange(tally_, {});
}

absl::StatusOr<FaultTally> FaultedListing::FaultBetweenPages() {
  absl::Time begin = absl::Now();
  absl::Status applied;
  const size_t pages = options_.actors / static_cast<size_t>(options_.page_size);
  absl::Status listed = ListOnce([&](size_t page) {
    if (page == std::max<size_t>(pages / 2, 1)) applied = ApplyFault();
  });
  if (!applied.ok()) return applied;
  if (!listed.ok()) return listed;
  return Conclude(begin);
}

absl::StatusOr<FaultTally> FaultedListing::FaultDuringPages(size_t listings_min,
                                                            absl::Duration repeat_limit) {
  absl::Time begin = absl::Now();
  if (options_.fault.is_state) {
    while (tally_.listings < listings_min) {
      if (absl::Status listed = ListOnce({}); !listed.ok()) return listed;
    }
    return Conclude(begin);
  }
  std::atomic<bool> over = false;
  std::atomic<size_t> listings = 0;
  absl::Status applied;
  std::thread fault([&] {
    do {
      applied = ApplyFault();
    } while (applied.ok() && listings < listings_min && absl::Now() < begin + repeat_limit);
    over = true;
  });
  absl::Status listed;
  while (!over && listed.ok()) {
    listed = ListOnce({});
    ++listings;
  }
  fault.join();
  if (!applied.ok()) return applied;
  if (!listed.ok()) return listed;
  return Conclude(begin);
}

}  // namespace atestore
