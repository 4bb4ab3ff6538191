#include "store/actor_reader.h"

#include <utility>

#include "core/status.h"
#include "store/error_info.h"
#include "store/records.h"

namespace atestore {

ListingActorReader::OpenPage::OpenPage(
    ateapi::ListActorsResponse recycled,
    const PageSink<ateapi::Actor>::OnUnreadableRecord& on_unreadable)
    : page{.response = std::move(recycled)},
      sink(DecodeActorRecord, page.response.mutable_actors(), on_unreadable) {}

ListingActorReader::ListingActorReader(const Source& source, ListingRequest request,
                                       uint64_t request_hash, const CallOptions& call)
    : source_(source),
      request_(std::move(request)),
      request_hash_(request_hash),
      call_{.deadline = call.deadline,
            .cancelled = [this,
                          cancelled =
                              call.cancelled] { return stopped_ || (cancelled && cancelled()); }},
      thread_([this] { Run(); }) {}

ListingActorReader::~ListingActorReader() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

absl::StatusOr<ActorPage> ListingActorReader::Next(ActorPage recycled) {
  std::unique_lock lock(mutex_);
  spare_.push_back(std::move(recycled.response));
  changed_.wait(lock, [this] { return !ready_.empty() || ended_; });
  if (ready_.empty()) {
    if (!end_.ok()) return end_;
    return WithErrorInfo(FailedPreconditionError("the listing is complete"),
                         {.reason = "LISTING_COMPLETE"});
  }
  ActorPage page = std::move(ready_.front());
  ready_.pop_front();
  lock.unlock();
  changed_.notify_all();
  return page;
}

void ListingActorReader::Run() {
  absl::Status status = source_.listing.ListPages(request_, *this, call_);
  std::lock_guard lock(mutex_);
  end_ = WithReason(status);
  ended_ = true;
  changed_.notify_all();
}

RecordSink* ListingActorReader::BeginPage() {
  std::lock_guard lock(mutex_);
  if (!HasRoom()) return nullptr;
  ateapi::ListActorsResponse memory;
  if (!spare_.empty()) {
    memory = std::move(spare_.back());
    spare_.pop_back();
  }
  open_.push_back(std::make_unique<OpenPage>(std::move(memory), source_.on_unreadable));
  return &open_.back()->sink;
}

void ListingActorReader::EndPage(const std::optional<Position>& next,
                                 const ListWalk::Counters& counters) {
  std::lock_guard lock(mutex_);
  std::unique_ptr<OpenPage> open = std::move(open_.front());
  open_.pop_front();
  open->sink.Finish();
  ActorPage& page = open->page;
  page.response.clear_next_page_token();
  if (next) page.response.set_next_page_token(source_.tokens.Encode(*next, request_hash_));
  page.progress = ProgressOf(next);
  page.skipped_records = open->sink.unreadable();
  page.counters = counters;
  ready_.push_back(std::move(page));
  changed_.notify_all();
}

void ListingActorReader::DropPage() {
  std::lock_guard lock(mutex_);
  spare_.push_back(std::move(open_.back()->page.response));
  open_.pop_back();
}

bool ListingActorReader::WaitForRoom() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return HasRoom() || stopped_; });
  return !stopped_;
}

}  // namespace atestore
