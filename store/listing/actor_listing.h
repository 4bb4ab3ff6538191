#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/page_token.h"
#include "store/actor_store.h"
#include "store/cluster/cluster_client.h"
#include "store/listing/actor_projection.h"
#include "store/listing/listing.h"
#include "store/listing/open_page.h"
#include "store/listing/page_reader.h"
#include "store/listing/read_ahead_budget.h"
#include "store/listing/wide_page_reader.h"
#include "store/options.h"

namespace atestore::inline v0 {

// The listings of ActorStore: what they validate, how tokens become positions and records become
// protobuf messages. Thread-safe. The client must outlive it.
class ActorListing {
 public:
  // `tokens` are made and read with; the keys in `options` are not looked at.
  ActorListing(ClusterClient& client, const StoreOptions& options, const PageTokenCodec& tokens);

  // ListActors; Page: ActorPage or SerializedActorPage.
  template <typename Page>
  absl::StatusOr<Page> ListPage(const ateapi::ListActorsRequest& request, const CallOptions& call,
                                Page recycled) {
    absl::StatusOr<Asked> asked = WhatIsAsked(request);
    if (!asked.ok()) return asked.status();
    OpenPage<Page> page(std::move(recycled), *asked->projection, on_unreadable_);
    absl::StatusOr<ListingEnd> end = listing_.ListPage(asked->first, page.sink(), call);
    if (!end.ok()) return end.status();
    std::string token;
    if (end->next) token = tokens_.Encode(*end->next, HashOf(request));
    return std::move(page).Finish(*end, token);
  }
  // The same, read ahead. The listing must outlive the reader.
  template <typename Page>
  absl::StatusOr<std::unique_ptr<PageReader<Page>>> ReadPages(
      const ateapi::ListActorsRequest& request, const CallOptions& call) {
    absl::StatusOr<Asked> asked = WhatIsAsked(request);
    if (!asked.ok()) return asked.status();
    using Reader = ListingPageReader<Page>;
    return std::make_unique<Reader>(SourceOf<Page>(asked->projection), std::move(asked->first),
                                    HashOf(request), call);
  }
  // The same, several parts at a time.
  template <typename Page>
  absl::StatusOr<std::unique_ptr<WidePageReader<Page>>> ReadWide(
      const ateapi::ListActorsRequest& request, const WideRead& wide, const CallOptions& call) {
    using Reader = WideListingReader<Page>;
    absl::StatusOr<Parts> parts = PartsOf(request, wide, call);
    if (!parts.ok()) return parts.status();
    std::vector<typename Reader::Part> listings;
    for (auto& [first, token] : parts->listings) listings.push_back({std::move(first), token});
    return std::make_unique<Reader>(SourceOf<Page>(parts->projection), std::move(listings),
                                    parts->width, HashOf(request),
                                    RatePacer(client_.clock(), wide.records_per_second_max), call);
  }
  // CountActors.
  absl::StatusOr<ActorCounts> Count(const ateapi::CountActorsRequest& request,
                                    const CallOptions& call);
  // PartitionActors.
  absl::StatusOr<std::vector<std::string>> Partition(const ateapi::PartitionActorsRequest& request,
                                                     const CallOptions& call);
  absl::StatusOr<AtespacePage> ListAtespaces(const ateapi::ListAtespacesRequest& request,
                                             const CallOptions& call);
  absl::StatusOr<WorkerPage> ListWorkers(const ateapi::ListWorkersRequest& request,
                                         const CallOptions& call);
  // True when an atespace has an actor, readable or not. Walks the cluster until it finds one.
  absl::StatusOr<bool> HasActors(std::string_view atespace, const CallOptions& call);
  // The keys of all records of the three kinds, readable or not.
  absl::StatusOr<std::vector<std::string>> ListKeys(const CallOptions& call);

 private:
  // What is left of a listing, each with its token, and how many to read at a time.
  struct Parts {
    std::vector<std::pair<ListingRequest, std::string>> listings;
    std::shared_ptr<const ActorProjection> projection;
    size_t width = 1;
  };
  // A request that was understood.
  struct Asked {
    ListingRequest first;  // the page that it asks for; lives as long as `projection`
    std::shared_ptr<const ActorProjection> projection;
  };
  absl::StatusOr<Parts> PartsOf(const ateapi::ListActorsRequest& request, const WideRead& wide,
                                const CallOptions& call);
  template <typename Page>
  typename ListingPageReader<Page>::Source SourceOf(
      std::shared_ptr<const ActorProjection> projection) {
    auto open = [this, projection = std::move(projection)](Page memory) {
      return std::make_unique<OpenPage<Page>>(std::move(memory), *projection, on_unreadable_);
    };
    return {listing_, tokens_, read_ahead_, page_bytes_max_, std::move(open)};
  }

  static uint64_t HashOf(const ateapi::ListActorsRequest& request);
  // INVALID_ARGUMENT.
  absl::StatusOr<Asked> WhatIsAsked(const ateapi::ListActorsRequest& request) const;
  // The same with another mask.
  absl::StatusOr<Asked> WhatIsAsked(const ateapi::ListActorsRequest& request,
                                    const ReadMask& mask) const;

  ClusterClient& client_;
  Listing listing_;
  const PageTokenCodec tokens_;
  const size_t page_bytes_max_;
  ReadAheadBudget read_ahead_;
  const std::function<void(std::string_view, const absl::Status&)> on_unreadable_;
};

}  // namespace atestore::inline v0
