#include "store/listing/wide_page_reader.h"

#include <utility>

#include "core/status.h"
#include "store/error_info.h"

namespace atestore::inline v0 {
namespace {

size_t SizeOf(const ActorPage& page) { return static_cast<size_t>(page.response.actors_size()); }
size_t SizeOf(const SerializedActorPage& page) { return static_cast<size_t>(page.actors); }
size_t SizeOf(const KeyPage& page) { return page.size(); }

const std::string& NextTokenOf(const ActorPage& page) { return page.response.next_page_token(); }
const std::string& NextTokenOf(const SerializedActorPage& page) { return page.next_page_token; }
const std::string& NextTokenOf(const KeyPage& page) { return page.next_page_token(); }

}  // namespace

template <typename Page>
WideListingReader<Page>::WideListingReader(const typename ListingPageReader<Page>::Source& source,
                                           std::vector<Part> parts, size_t width,
                                           uint64_t request_hash, const RatePacer& pacer,
                                           const CallOptions& call)
    : source_(source),
      width_(width),
      request_hash_(request_hash),
      call_(call),
      pacer_(pacer),
      waiting_(std::make_move_iterator(parts.begin()), std::make_move_iterator(parts.end())) {
  Activate();
}

template <typename Page>
void WideListingReader<Page>::Activate() {
  while (active_.size() < width_ && !waiting_.empty()) {
    Part part = std::move(waiting_.front());
    waiting_.pop_front();
    active_.push_back(
        {.token = std::move(part.token),
         .reader = std::make_unique<ListingPageReader<Page>>(
             source_, std::move(part.request), request_hash_, call_, [this] { Changed(); })});
  }
}

template <typename Page>
void WideListingReader<Page>::Changed() {
  {
    std::lock_guard lock(mutex_);
    ++changes_;
  }
  changed_.notify_one();
}

template <typename Page>
absl::StatusOr<Page> WideListingReader<Page>::NextInto(Page recycled) {
  pacer_.Wait(call_);
  for (;;) {
    if (!failed_.ok()) return failed_;
    if (active_.empty()) {
      return WithErrorInfo(FailedPreconditionError("the listing is complete"),
                           {.reason = "LISTING_COMPLETE"});
    }
    std::unique_lock lock(mutex_);
    const uint64_t seen = changes_;
    lock.unlock();
    std::optional<absl::StatusOr<Page>> page = TakeFromAny(recycled);
    if (!page) {
      lock.lock();
      changed_.wait(lock, [&] { return changes_ != seen; });
      continue;
    }
    if (page->ok()) pacer_.OnTaken(SizeOf(**page));
    return *std::move(page);
  }
}

// A page of the first part, from the one whose turn it is, that has one.
template <typename Page>
std::optional<absl::StatusOr<Page>> WideListingReader<Page>::TakeFromAny(Page& recycled) {
  for (size_t looked = 0; looked < active_.size(); ++looked) {
    const size_t index = (turn_ + looked) % active_.size();
    std::optional<absl::StatusOr<Page>> page = active_[index].reader->TryNext(recycled);
    if (!page) continue;
    if (!page->ok()) {
      failed_ = page->status();
      return page;
    }
    turn_ = index + 1;
    active_[index].token = NextTokenOf(**page);
    if (active_[index].token.empty()) {
      active_.erase(active_.begin() + static_cast<ptrdiff_t>(index));
      Activate();
    }
    return page;
  }
  return std::nullopt;
}

template <typename Page>
std::vector<std::string> WideListingReader<Page>::page_tokens() const {
  std::vector<std::string> tokens;
  for (const Active& part : active_) tokens.push_back(part.token);
  for (const Part& part : waiting_) tokens.push_back(part.token);
  return tokens;
}

template class WideListingReader<ActorPage>;
template class WideListingReader<SerializedActorPage>;
template class WideListingReader<KeyPage>;

}  // namespace atestore::inline v0
