#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/actor_store.h"
#include "tests/support/cluster_faults.h"
#include "tests/support/real_cluster.h"

namespace atestore {

// Listings of a real cluster while one kind of fault happens to it and other keys come and go.
struct FaultedListingOptions {
  ServerKind kind = ServerKind::kRedis;
  ClusterFault fault;
  size_t actors = 30'000;
  size_t atespaces = 30;
  int32_t page_size = 100;
  // Every page is served by a store of its own, as by another process; else, of three listings one
  // is read ahead, and one of a single atespace too.
  bool store_per_page = false;
};

// What the listings of one run amounted to.
struct FaultTally {
  size_t listings = 0;
  size_t faults = 0;
  size_t missing = 0;              // actors that lived throughout and were not listed
  size_t duplicates = 0;           // … or more than once
  size_t hidden = 0;               // not listed while no client could reach them
  size_t violations = 0;           // of ListingAudit
  size_t unavailable = 0;          // calls repeated with the same token
  size_t segments_prefetched = 0;  // segments made of prefetched keys
  absl::Duration took;

  FaultTally& operator+=(const FaultTally& other);
};

// A table of tallies: its heading, its rows, what stands below.
std::string FaultTableHeading();
std::string FaultTableRow(const FaultedListingOptions& options, std::string_view when,
                          const FaultTally& tally);
std::string FaultTableLegend();

class FaultedListing {
 public:
  // Starts the cluster and fills it; replicas are in sync, so that a failover loses no actor.
  static absl::StatusOr<std::unique_ptr<FaultedListing>> Start(FaultedListingOptions options);
  ~FaultedListing();

  // One listing with the fault in its middle. An error: of the fault, or of a call other than an
  // outage that ends.
  absl::StatusOr<FaultTally> FaultBetweenPages();
  // Listing after listing while the fault is applied, again until `listings_min` listings have
  // ended or `repeat_limit` has passed.
  absl::StatusOr<FaultTally> FaultDuringPages(size_t listings_min, absl::Duration repeat_limit);
  // Changes that the other keys have seen.
  size_t changes() const;

 private:
  class Churn;

  explicit FaultedListing(FaultedListingOptions options);
  absl::Status Create();
  absl::Status ApplyFault();
  absl::Status ListOnce(const std::function<void(size_t)>& between_pages);
  FaultTally Conclude(absl::Time begin);
  ActorStore& StoreOfNextPage();

  const FaultedListingOptions options_;
  std::unique_ptr<RealCluster> cluster_;
  FaultLog log_;
  std::vector<std::pair<std::string, std::string>> records_;
  std::vector<Endpoint> seeds_;
  std::unique_ptr<ActorStore> store_;
  std::unique_ptr<Churn> churn_;
  FaultTally tally_;
  std::vector<std::string> missing_keys_;
};

}  // namespace atestore
