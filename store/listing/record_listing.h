#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/page_token.h"
#include "store/actor_store.h"
#include "store/listing/listing.h"

namespace atestore::inline v0 {

// The listings of atespaces and workers, as ActorStore has them. What it refers to must outlive it.
// Thread-safe.
class RecordListing {
 public:
  using OnUnreadableRecord = std::function<void(std::string_view key, const absl::Status& why)>;

  // `on_unreadable` may be empty.
  RecordListing(Listing& listing, const PageTokenCodec& tokens, size_t page_bytes_max,
                const OnUnreadableRecord& on_unreadable)
      : listing_(listing),
        tokens_(tokens),
        page_bytes_max_(page_bytes_max),
        on_unreadable_(on_unreadable) {}

  absl::StatusOr<AtespacePage> ListAtespaces(const ateapi::ListAtespacesRequest& request,
                                             const CallOptions& call);
  absl::StatusOr<WorkerPage> ListWorkers(const ateapi::ListWorkersRequest& request,
                                         const CallOptions& call);

 private:
  template <typename Kind>
  absl::StatusOr<typename Kind::Page> List(const typename Kind::Request& request,
                                           const CallOptions& call);
  template <typename Kind>
  absl::StatusOr<typename Kind::Page> ListWhole(const CallOptions& call);

  Listing& listing_;
  const PageTokenCodec& tokens_;
  const size_t page_bytes_max_;
  const OnUnreadableRecord& on_unreadable_;
};

}  // namespace atestore::inline v0
