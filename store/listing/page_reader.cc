#include "store/listing/page_reader.h"

#include <utility>

#include "core/status.h"
#include "store/error_info.h"

namespace atestore::inline v0 {

template <typename Page>
ListingPageReader<Page>::ListingPageReader(const Source& source, ListingRequest request,
                                           uint64_t request_hash, const CallOptions& call,
                                           std::function<void()> on_change)
    : source_(source),
      request_(std::move(request)),
      request_hash_(request_hash),
      call_{
          .deadline = call.deadline,
          .cancelled =
              [this, cancelled = call.cancelled] { return stopped_ || (cancelled && cancelled()); },
          .on_thread = call.on_thread},
      on_change_(std::move(on_change)),
      page_bytes_(source.page_bytes_max),
      thread_([this] { Run(); }) {}

template <typename Page>
ListingPageReader<Page>::~ListingPageReader() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
  source_.budget.Give(charged_);
}

template <typename Page>
bool ListingPageReader<Page>::HasRoom() const {
  const size_t pages = open_.size() + ready_.size();
  return pages == 0 || (pages < kReaderPagesMax && source_.budget.HasRoom(page_bytes_));
}

template <typename Page>
void ListingPageReader<Page>::Charge() {
  const size_t pages = open_.size() + ready_.size();
  const size_t holds = pages < 2 ? 0 : (pages - 1) * page_bytes_;
  source_.budget.Take(holds);
  source_.budget.Give(std::exchange(charged_, holds));
}

template <typename Page>
absl::StatusOr<Page> ListingPageReader<Page>::NextInto(Page recycled) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty() || ended_; });
  return TakeLocked(std::move(lock), std::move(recycled));
}

template <typename Page>
std::optional<absl::StatusOr<Page>> ListingPageReader<Page>::TryNext(Page& recycled) {
  std::unique_lock lock(mutex_);
  if (ready_.empty() && !ended_) return std::nullopt;
  return TakeLocked(std::move(lock), std::move(recycled));
}

// The first of the ready pages; if there is none, what the listing ended with.
template <typename Page>
absl::StatusOr<Page> ListingPageReader<Page>::TakeLocked(std::unique_lock<std::mutex> lock,
                                                         Page recycled) {
  spare_.push_back(std::move(recycled));
  if (ready_.empty()) {
    if (!end_.ok()) return end_;
    return WithErrorInfo(FailedPreconditionError("the listing is complete"),
                         {.reason = "LISTING_COMPLETE"});
  }
  Page page = std::move(ready_.front());
  ready_.pop_front();
  Charge();
  lock.unlock();
  changed_.notify_all();
  return page;
}

template <typename Page>
void ListingPageReader<Page>::Run() {
  if (call_.on_thread) call_.on_thread();
  absl::Status status = source_.listing.ListPages(request_, *this, call_);
  {
    std::lock_guard lock(mutex_);
    end_ = WithReason(status);
    ended_ = true;
  }
  Notify();
}

template <typename Page>
void ListingPageReader<Page>::Notify() {
  changed_.notify_all();
  if (on_change_) on_change_();
}

template <typename Page>
RecordSink* ListingPageReader<Page>::BeginPage() {
  std::lock_guard lock(mutex_);
  if (!HasRoom()) return nullptr;
  Page memory;
  if (!spare_.empty()) {
    memory = std::move(spare_.back());
    spare_.pop_back();
  }
  open_.push_back(source_.open(std::move(memory)));
  Charge();
  return &open_.back()->sink();
}

template <typename Page>
void ListingPageReader<Page>::EndPage(const std::optional<Position>& next,
                                      const ListWalk::Counters& counters) {
  std::string token;
  if (next) token = source_.tokens.Encode(*next, request_hash_);
  {
    std::lock_guard lock(mutex_);
    ready_.push_back(std::move(*open_.front()).Finish({next, counters}, token));
    open_.pop_front();
    page_bytes_ = counters.bytes;
    Charge();
  }
  Notify();
}

template <typename Page>
void ListingPageReader<Page>::DropPage() {
  std::lock_guard lock(mutex_);
  open_.pop_back();
  Charge();
}

template <typename Page>
bool ListingPageReader<Page>::WaitForRoom() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return HasRoom() || stopped_; });
  return !stopped_;
}

template class ListingPageReader<ActorPage>;
template class ListingPageReader<SerializedActorPage>;
template class ListingPageReader<KeyPage>;

}  // namespace atestore::inline v0
