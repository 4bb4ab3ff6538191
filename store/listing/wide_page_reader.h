#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/actor_store.h"
#include "store/listing/page_reader.h"
#include "store/listing/rate_pacer.h"

namespace atestore::inline v0 {

// A WidePageReader over a ListingPageReader for each part that is being read.
template <typename Page>
class WideListingReader final : public WidePageReader<Page> {
 public:
  // One part of the listing that is left: where it begins, and the token that says so.
  struct Part {
    ListingRequest request;
    std::string token;
  };

  // Reads `parts` (at least one), `width` of them at a time (at least 1).
  WideListingReader(const typename ListingPageReader<Page>::Source& source, std::vector<Part> parts,
                    size_t width, uint64_t request_hash, const RatePacer& pacer,
                    const CallOptions& call);

  std::vector<std::string> page_tokens() const override;

 private:
  absl::StatusOr<Page> NextInto(Page recycled) override;
  struct Active {
    std::string token;  // what is left of the part
    std::unique_ptr<ListingPageReader<Page>> reader;
  };

  void Activate();
  std::optional<absl::StatusOr<Page>> TakeFromAny(Page& recycled);
  void Changed();

  const typename ListingPageReader<Page>::Source source_;
  const size_t width_;
  const uint64_t request_hash_;
  const CallOptions call_;
  RatePacer pacer_;
  std::deque<Part> waiting_;
  size_t turn_ = 0;      // the part that is looked at first
  absl::Status failed_;  // of a part

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  uint64_t changes_ = 0;

  std::vector<Active> active_;  // last: its threads call Changed()
};

extern template class WideListingReader<ActorPage>;
extern template class WideListingReader<SerializedActorPage>;
extern template class WideListingReader<KeyPage>;

}  // namespace atestore::inline v0
