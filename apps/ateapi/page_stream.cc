#include "apps/ateapi/page_stream.h"

#include <utility>

#include "core/status.h"
#include "store/error_info.h"

namespace atestore {
namespace {

absl::Status CallerHasGone() {
  return WithErrorInfo(CancelledError("the caller has disconnected or does not read its pages"),
                       {.reason = "CANCELLED", .field = ""});
}

}  // namespace

PageStream::PageStream(ControlService& service, std::shared_ptr<ActiveCall> call)
    : service_(service), call_(std::move(call)) {}

void PageStream::Begin() {
  notes_.applied = AppliedParts(call_->prepared.pages);
  // Who takes the pages wants to know before the first one.
  if (!notes_.applied.empty()) {
    call_->rpc->context().AddInitialMetadata("ate-list-applied", notes_.applied);
  }
  if (TakePlaces()) ReadSoon();
}

bool PageStream::TakePlaces() {
  {
    const std::lock_guard lock(mutex_);
    if (has_places_) return true;
  }
  const Places::Outcome outcome =
      service_.stream_places_.Take(call_->rpc->peer(), &call_->stream_place);
  absl::Status status;
  if (outcome == Places::Outcome::kTaken) {
    status = service_.TakeListingPlace(*call_);
  } else {
    service_.metrics_.CountListingRefused();
    status = WithErrorInfo(
        absl::ResourceExhaustedError("too many ReadActors streams are being read; try again"),
        {.reason = "TOO_MANY_LISTINGS", .field = ""});
  }
  if (!status.ok()) {
    EndNow(status);
    return false;
  }
  const std::lock_guard lock(mutex_);
  has_places_ = true;
  return true;
}

void PageStream::ReadSoon() {
  service_.listers_.Run([self = shared_from_this()](bool may_run) {
    if (may_run) return self->Read();
    self->EndNow(ShuttingDown());
  });
}

absl::StatusOr<SerializedActorPage> PageStream::NextPage() {
  Reader reader;
  {
    const std::lock_guard lock(mutex_);
    reader = std::move(reader_);
  }
  if (reader == nullptr) {
    absl::StatusOr<Reader> opened =
        AdvancedReads(service_.store_)
            .ReadActorsSerialized(call_->prepared.pages, service_.OptionsOf(*call_));
    if (!opened.ok()) return opened.status();
    reader = *std::move(opened);
  }
  absl::StatusOr<SerializedActorPage> page = reader->Next();
  const std::lock_guard lock(mutex_);
  reader_ = std::move(reader);
  page_on_its_way_ = page.ok();
  return page;
}

void PageStream::Read() {
  absl::StatusOr<SerializedActorPage> page = NextPage();
  if (!page.ok()) return EndNow(page.status());
  service_.metrics_.CountPage(CountsOf(*page));
  notes_.progress = page->progress;
  notes_.counts.skipped_records += page->skipped_records;
  notes_.counts.examined += static_cast<int64_t>(page->counters.examined);
  notes_.counts.matched += static_cast<int64_t>(page->counters.matched);
  if (page->next_page_token.empty()) TellProgress(notes_, *call_->rpc);
  call_->prepared.pages.set_page_token(page->next_page_token);
  call_->rpc->Write(
      std::move(page->response),
      [self = shared_from_this(), was_last = page->next_page_token.empty()](bool taken) {
        self->OnTaken(taken, was_last);
      },
      [self = shared_from_this()] { self->ParkSoon(); });
}

void PageStream::OnTaken(bool taken, bool was_last) {
  {
    const std::lock_guard lock(mutex_);
    page_on_its_way_ = false;
  }
  if (!taken) return End(CallerHasGone());
  if (was_last) return End(absl::OkStatus());
  if (service_.gate_.is_closed()) return End(ShuttingDown());
  if (TakePlaces()) ReadSoon();
}

void PageStream::ParkSoon() {
  service_.listers_.Run([self = shared_from_this()](bool may_run) {
    if (may_run) self->Park();
  });
}

void PageStream::Park() {
  Reader reader;
  Places::Place place;
  Places::Place stream_place;
  {
    const std::lock_guard lock(mutex_);
    if (!page_on_its_way_ || !has_places_) return;
    reader = std::move(reader_);
    place = std::move(call_->place);
    stream_place = std::move(call_->stream_place);
    has_places_ = false;
  }
  reader.reset();  // waits for its thread, and only then others get the place
}

// Where a reader may have to be waited for, which a thread of gRPC must not do.
void PageStream::End(const absl::Status& status) {
  service_.listers_.Run([self = shared_from_this(), status](bool) { self->EndNow(status); });
}

void PageStream::EndNow(const absl::Status& status) {
  Reader reader;
  {
    const std::lock_guard lock(mutex_);
    reader = std::move(reader_);
  }
  reader.reset();
  service_.End(call_, status);
}

}  // namespace atestore
