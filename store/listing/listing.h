#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "core/key_filter.h"
#include "core/listing/list_walk.h"
#include "core/listing/page_sequence.h"
#include "core/position.h"
#include "store/cluster/bounded_transport.h"
#include "store/cluster/cluster_client.h"
#include "store/cluster/server_traits.h"
#include "store/listing/round_trip_estimate.h"
#include "store/options.h"
#include "store/pages.h"

namespace atestore::inline v0 {

// What one page of a listing asks for.
struct ListingRequest {
  KeyFilter filter;
  Position start;
  size_t page_size = 0;
  size_t page_bytes = 0;
  // The sink may not want what it is given.
  bool selective = false;
  // No values are read: the sink gets names alone.
  bool keys_only = false;
  // The size of records on the page says nothing about those of other listings.
  bool parts_of_records = false;
  // Nobody waits for the page: it is read in larger portions, and waits for other listings at
  // busy nodes (kBulkRequestsPerNodeMax).
  bool bulk = false;
  // Listings of one pattern that want different parts of its keys are told apart by it, where what
  // they learn about the keys is remembered.
  std::string variant = {};
};

// How one page ended.
struct ListingEnd {
  std::optional<Position> next;  // nothing: the listing is complete
  ListWalk::Counters counters;
};

ListingCounters CountersOf(const ListWalk::Counters& counters);

class WalkRun;

// Takes the pages of a listing, from any thread, one call at a time.
class ListingReader : public PageTaker {
 public:
  // Returns once BeginPage() gives a sink again; false: no more pages are wanted.
  virtual bool WaitForRoom() = 0;
};

// Lists what a cluster holds. Thread-safe.
class Listing {
 public:
  // `work_budget`: a page ends after so much time, or shortly before the call's deadline.
  Listing(ClusterClient& client, absl::Duration work_budget)
      : client_(client),
        bulk_transport_(client.transport(), kBulkRequestsPerNodeMax),
        traits_(client.transport(), client.clock()),
        work_budget_(work_budget) {}

  // Fills `sink` with one page. A page that got anywhere is returned, short as it may be; one that
  // did not fails with UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED or what the server refused.
  absl::StatusOr<ListingEnd> ListPage(const ListingRequest& request, RecordSink& sink,
                                      const CallOptions& call);

  // Gives `reader` every page from `request.start` on, each as ListPage() has it, the next one
  // begun before the one before is complete. Returns after the last page, or when none is wanted
  // any more; fails where ListPage() would.
  absl::Status ListPages(const ListingRequest& request, ListingReader& reader,
                         const CallOptions& call);

  // Fills `sink` with every record that `request` wants, from its start until the end or until
  // `enough`, asked between two portions, says so. It decides how many records a portion has, and
  // how many bytes where `request` does not say.
  absl::Status ListAll(ListingRequest request, RecordSink& sink,
                       const std::function<bool()>& enough, const CallOptions& call);

 private:
  absl::StatusOr<ListWalk::Options> FirstPage(const ListingRequest& request, WalkRun& run);
  template <typename Walk>
  void Learn(const std::shared_ptr<const Topology>& topology, const ListingRequest& request,
             const Walk& walk);

  ClusterClient& client_;
  BoundedTransport bulk_transport_;  // for what nobody waits for page by page
  ServerTraitsCache traits_;
  RoundTripEstimate round_trip_;
  const absl::Duration work_budget_;
};

// The part of the slot space that lies before `position`, 0 … 1; 1 for the end.
double ProgressOf(const std::optional<Position>& position);

}  // namespace atestore::inline v0
