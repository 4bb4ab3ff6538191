#include "apps/kubectl-ate/part_readers.h"

#include <algorithm>
#include <utility>

namespace atestore::cli {
namespace {

// Of a decoded page; short texts are in the allocator's granules.
size_t BytesOf(const ListPage& page) {
  constexpr size_t kStringsOfActor = 64;
  const auto actors = static_cast<size_t>(page.response.actors_size());
  return page.response.ByteSizeLong() + actors * (sizeof(ateapi::Actor) + kStringsOfActor);
}

size_t BytesOf(const CountPage& page) { return page.response.ByteSizeLong(); }

}  // namespace

template <typename Page>
PartReaders<Page>::PartReaders(Options options, Interruption& interruption)
    : options_(std::move(options)),
      stop_(std::make_shared<Interruption>()),
      queue_(kPagesBytesMax) {
  interruption.OnInterrupt([stop = stop_] { stop->Interrupt(); });
  for (size_t i = 0; i < options_.page_tokens.size(); ++i) {
    waiting_.push_back({.index = i, .page_token = options_.page_tokens[i]});
  }
  const size_t threads = std::min(options_.width, waiting_.size());
  active_ = threads;
  if (threads == 0) queue_.Finish();
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

template <typename Page>
PartReaders<Page>::~PartReaders() {
  stop_->Interrupt();
  queue_.Close();
  options_.cancel();
  for (std::thread& thread : threads_) thread.join();
}

template <typename Page>
void PartReaders<Page>::Run() {
  const Source source = options_.make_source();
  size_t index = 0;
  Retrier retrier(*stop_, options_.deadline, kAttemptTime, [&](const absl::Status& status) {
    queue_.Push({index, Waiting{status}}, 0);
  });
  retrier.set_reached(options_.reached);
  while (std::optional<Part> part = Take()) {
    index = part->index;
    if (!ReadPart(source, retrier, *part)) return;
  }
}

// False: the thread must end, and does not count any more.
template <typename Page>
bool PartReaders<Page>::ReadPart(const Source& source, Retrier& retrier, Part& part) {
  while (!stop_->interrupted()) {
    bool given_back = false;
    absl::StatusOr<Page> page = ReadPage(source, retrier, part, &given_back);
    if (given_back) return false;
    if (!page.ok()) {
      queue_.Push({part.index, page.status()}, 0);
      break;
    }
    part.page_token = page->response.next_page_token();
    const size_t bytes = BytesOf(*page);
    if (!queue_.Push({part.index, *std::move(page)}, bytes)) break;
    if (part.page_token.empty()) return true;
  }
  Leave();
  return false;
}

template <typename Page>
absl::StatusOr<Page> PartReaders<Page>::ReadPage(const Source& source, Retrier& retrier,
                                                 const Part& part, bool* given_back) {
  absl::StatusOr<Page> page = absl::UnknownError("no attempt was made");
  static_cast<void>(retrier.Run([&](absl::Time deadline) {
    page = source(part.page_token, deadline);
    if (absl::IsResourceExhausted(page.status())) *given_back = GiveBack(part);
    return *given_back ? absl::OkStatus() : page.status();
  }));
  return page;
}

// The next part. nullopt: there is none, and the thread does not count any more.
template <typename Page>
std::optional<typename PartReaders<Page>::Part> PartReaders<Page>::Take() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    if (--active_ == 0) queue_.Finish();
    return std::nullopt;
  }
  std::optional<Part> part(std::move(waiting_.front()));
  waiting_.pop_front();
  return part;
}

// A service that lets no more calls in is read by fewer threads: leaves the part to the others.
// False when this one is the last, which has to wait.
template <typename Page>
bool PartReaders<Page>::GiveBack(const Part& part) {
  const std::lock_guard lock(mutex_);
  if (active_ == 1) return false;
  --active_;
  waiting_.push_front(part);
  return true;
}

template <typename Page>
void PartReaders<Page>::Leave() {
  const std::lock_guard lock(mutex_);
  if (--active_ == 0) queue_.Finish();
}

template class PartReaders<ListPage>;
template class PartReaders<CountPage>;

}  // namespace atestore::cli
