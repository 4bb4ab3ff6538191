#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/page_token.h"
#include "store/actor_store.h"
#include "store/key_listing.h"
#include "store/listing/listing.h"
#include "store/listing/open_page.h"
#include "store/listing/read_ahead_budget.h"

namespace atestore::inline v0 {

// Reads on by a thread of its own, until so many pages wait to be fetched or are being read; fewer
// when all readers together have read more ahead than the store's budget.
inline constexpr size_t kReaderPagesMax = 4;

// A PageReader over a Listing, for ActorPage, SerializedActorPage and KeyPage.
template <typename Page>
class ListingPageReader final : public PageReader<Page>, private ListingReader {
 public:
  // What it makes pages of. All of it must outlive the reader.
  struct Source {
    Listing& listing;
    const PageTokenCodec& tokens;
    ReadAheadBudget& budget;
    size_t page_bytes_max;
    // An empty page that takes over the memory of another; called by the reader's thread.
    std::function<std::unique_ptr<OpenPage<Page>>(Page memory)> open;
  };

  // `request_hash`: of the arguments, for the tokens. `on_change`, unless it is empty, is called by
  // the reader's thread whenever TryNext() may have become something.
  ListingPageReader(const Source& source, ListingRequest request, uint64_t request_hash,
                    const CallOptions& call, std::function<void()> on_change = {});
  ~ListingPageReader() override;

  // As NextInto(), but nullopt where that would wait. `recycled` is taken only with a result.
  std::optional<absl::StatusOr<Page>> TryNext(Page& recycled);

 private:
  absl::StatusOr<Page> NextInto(Page recycled) override;
  void Run();
  absl::StatusOr<Page> TakeLocked(std::unique_lock<std::mutex> lock, Page recycled);
  void Notify();
  bool HasRoom() const;
  // Makes the budget know what this reader holds beyond one page.
  void Charge();
  RecordSink* BeginPage() override;
  void EndPage(const std::optional<Position>& next, const ListWalk::Counters& counters) override;
  void DropPage() override;
  bool WaitForRoom() override;

  const Source source_;
  const ListingRequest request_;
  const uint64_t request_hash_;
  std::atomic<bool> stopped_{false};  // by the caller; set under the mutex
  const CallOptions call_;
  const std::function<void()> on_change_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool ended_ = false;  // by the listing: no more pages come
  absl::Status end_;    // why, when it was not complete
  std::deque<std::unique_ptr<OpenPage<Page>>> open_;
  std::deque<Page> ready_;
  std::vector<Page> spare_;  // memory for pages
  size_t charged_ = 0;       // to the budget
  size_t page_bytes_;        // of the last page; before it, of the largest there may be

  std::thread thread_;
};

extern template class ListingPageReader<ActorPage>;
extern template class ListingPageReader<SerializedActorPage>;
extern template class ListingPageReader<KeyPage>;

}  // namespace atestore::inline v0
