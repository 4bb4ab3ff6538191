#include "core/listing/page_sequence.h"

#include <utility>

namespace atestore::inline v0 {

PageSequence::PageSequence(ListWalk::Options options, PageTaker* taker)
    : options_(std::move(options)),
      taker_(taker),
      position_(options_.start),
      keys_(&options_.filter, options_.hash, options_.start.end) {
  options_.key_prefetch = &keys_.ahead;
}

ListWalk::Action PageSequence::Next(const Topology& topology) {
  routes_.Clear();
  keys_.ahead.BeginRound();
  keys_.sent = 0;
  std::vector<ShardRequest> requests;
  if (pages_.empty() || !pages_.front()->outcome) requests = Advance(topology);
  if (!requests.empty()) return ListWalk::Send{std::move(requests)};
  if (pages_.empty()) return ListWalk::Done{};
  ListWalk::Action outcome = *std::exchange(pages_.front()->outcome, std::nullopt);
  if (std::holds_alternative<ListWalk::Refresh>(outcome)) keys_.ahead.OnRefresh();
  return outcome;
}

std::vector<ShardRequest> PageSequence::More(const Topology& topology) {
  // Requests stay in memory until their round is over, so limit the length of a round.
  if (routes_.size() >= kRoundRequestsMax) return {};
  return Advance(topology);
}

void PageSequence::OnReply(size_t request, size_t command, const ReplyView& reply) {
  auto target = routes_.OnReply(request);
  if (target.owner != nullptr) target.owner->OnReply(target.request, command, reply);
}

void PageSequence::OnFailure(size_t request, const absl::Status& status) {
  auto target = routes_.OnFailure(request);
  if (target.owner != nullptr) target.owner->OnFailure(target.request, status);
}

void PageSequence::EndPage() {
  if (!pages_.empty()) pages_.front()->walk.EndPage();
}

void PageSequence::Stop() {
  routes_.Clear();
  while (pages_.size() > 1) DropLastPage();
  if (pages_.empty()) return;
  pages_.front()->walk.Stop();
  if (pages_.front()->walk.progressed()) return Conclude();
  DropLastPage();
}

void PageSequence::SetDepth(const Depth& depth) {
  depth_ = depth;
  for (const std::unique_ptr<Page>& page : pages_) page->walk.SetDepth(depth);
}

// Advances as far as possible without further replies.
std::vector<ShardRequest> PageSequence::Advance(const Topology& topology) {
  std::vector<ShardRequest> requests;
  while (position_) {
    if (pages_.empty() && !Begin(*position_)) break;
    const bool goes_on = Ask(*pages_.front(), topology, &requests);
    for (size_t index = 1; index < pages_.size() || StartNextPage(); ++index) {
      Ask(*pages_[index], topology, &requests);
    }
    if (goes_on || !std::holds_alternative<ListWalk::Done>(*pages_.front()->outcome)) break;
    Conclude();
  }
  Prefetch(topology, &requests);
  return requests;
}

// Adds the requests of the page. False: none of them is in flight, and its outcome is set.
bool PageSequence::Ask(Page& page, const Topology& topology, std::vector<ShardRequest>* requests) {
  if (page.outcome) return false;
  std::vector<ShardRequest> more = page.walk.More(topology);
  if (more.empty() && page.in_flight == 0) {
    ListWalk::Action action = page.walk.Next(topology);
    page.sent = 0;
    if (auto* send = std::get_if<ListWalk::Send>(&action)) {
      more = std::move(send->requests);
    } else {
      page.outcome = std::move(action);
    }
  }
  routes_.Add(&page, std::move(more), requests);
  return !page.outcome;
}

// Reads keys ahead of the pages if few keys are wanted or the nodes are far.
void PageSequence::Prefetch(const Topology& topology, std::vector<ShardRequest>* requests) {
  if (pages_.empty() || pages_.front()->outcome || !pages_.front()->walk.position()) return;
  keys_.ahead.ForgetBefore(pages_.front()->walk.position()->slot);
  const ListWalk& last = pages_.back()->walk;
  const WalkHints& hints = last.hints();
  constexpr size_t kRoundCalls = kRoundKeysMax / kScanCountMax;
  const double keys_in_round =
      static_cast<double>(kRoundCalls * options_.reading.scan_count_max) * hints.wanted_ratio;
  const bool many = keys_in_round >= static_cast<double>(options_.segment_keys);
  // Not before the first keys have told how many a slot holds.
  const bool far = depth_.far && pages_.size() > 1;
  // A listing of keys alone does not check them again, so they must not be read before their page.
  if ((many && !far) || options_.keys_only) return;
  routes_.Add(&keys_, keys_.ahead.More(topology, last.keys_end(), hints, last.reading(), far),
              requests);
}

// Begins one more page. False: the taker accepts none now.
bool PageSequence::Begin(const Position& start) {
  RecordSink* sink = taker_->BeginPage();
  if (sink == nullptr) return false;
  options_.start = start;
  pages_.push_back(std::make_unique<Page>(options_, sink));
  pages_.back()->walk.SetDepth(depth_);
  return true;
}

// Begins a page behind the last one. False: not now.
bool PageSequence::StartNextPage() {
  if (pages_.size() > depth_.pages_ahead) return false;
  ListWalk& last = pages_.back()->walk;
  const std::optional<Position> end = last.ExpectedEnd();
  if (!end) return false;
  Learn();
  if (!Begin(*end)) return false;
  // If a record is deleted by now, the page ends one record short instead of reading on.
  last.EndPage();
  return true;
}

void PageSequence::DropLastPage() {
  routes_.Forget(pages_.back().get());
  pages_.pop_back();
  taker_->DropPage();
}

// Passes what the current page has learned on to the next one.
void PageSequence::Learn() {
  options_.hints = pages_.front()->walk.hints();
  options_.reading = pages_.front()->walk.reading();
}

// The current page is complete.
void PageSequence::Conclude() {
  Learn();
  position_ = pages_.front()->walk.position();
  const ListWalk::Counters counters = pages_.front()->walk.counters();
  if (pages_.size() > 1 && position_ != pages_[1]->start) {
    while (pages_.size() > 1) DropLastPage();
  }
  routes_.Forget(pages_.front().get());
  pages_.pop_front();
  taker_->EndPage(position_, counters);
}

}  // namespace atestore::inline v0
