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
  if (!current_ || !current_->outcome) requests = Advance(topology);
  if (!requests.empty()) return ListWalk::Send{std::move(requests)};
  if (!current_) return ListWalk::Done{};
  ListWalk::Action outcome = *std::exchange(current_->outcome, std::nullopt);
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
  if (current_) current_->walk.EndPage();
}

void PageSequence::Stop() {
  routes_.Clear();
  if (ahead_) taker_->DropPage();
  ahead_.reset();
  if (!current_) return;
  current_->walk.Stop();
  if (current_->walk.progressed()) return Conclude();
  current_.reset();
  taker_->DropPage();
}

// Advances as far as possible without further replies.
std::vector<ShardRequest> PageSequence::Advance(const Topology& topology) {
  std::vector<ShardRequest> requests;
  while (position_) {
    if (!current_) current_ = Begin(*position_);
    if (!current_) break;
    const bool goes_on = Ask(*current_, topology, &requests);
    if (!ahead_) StartNextPage();
    if (ahead_) Ask(*ahead_, topology, &requests);
    if (goes_on || !std::holds_alternative<ListWalk::Done>(*current_->outcome)) break;
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

// Makes all nodes search ahead of the pages if few keys are wanted.
void PageSequence::Prefetch(const Topology& topology, std::vector<ShardRequest>* requests) {
  if (!current_ || current_->outcome || !current_->walk.position()) return;
  keys_.ahead.ForgetBefore(current_->walk.position()->slot);
  const ListWalk& last = ahead_ ? ahead_->walk : current_->walk;
  const WalkHints& hints = last.hints();
  constexpr size_t kRoundCalls = kRoundKeysMax / kScanCountMax;
  const double keys_in_round =
      static_cast<double>(kRoundCalls * options_.reading.scan_count_max) * hints.wanted_ratio;
  const bool many = keys_in_round >= static_cast<double>(options_.segment_keys);
  // A listing of keys alone does not check them again, so they must not be read before their page.
  if (many || options_.keys_only) return;
  routes_.Add(&keys_, keys_.ahead.More(topology, last.keys_end(), hints, last.reading()), requests);
}

// Begins a page. Null: the taker accepts none now.
std::unique_ptr<PageSequence::Page> PageSequence::Begin(const Position& start) {
  RecordSink* sink = taker_->BeginPage();
  if (sink == nullptr) return nullptr;
  options_.start = start;
  return std::make_unique<Page>(options_, sink);
}

void PageSequence::StartNextPage() {
  std::optional<Position> end = current_->walk.ExpectedEnd();
  if (!end) return;
  Learn();
  ahead_ = Begin(*end);
  // If a record is deleted by now, the page ends one record short instead of reading on.
  if (ahead_) current_->walk.EndPage();
}

// Passes what the current page has learned on to the next one.
void PageSequence::Learn() {
  options_.hints = current_->walk.hints();
  options_.reading = current_->walk.reading();
}

// The current page is complete.
void PageSequence::Conclude() {
  Learn();
  position_ = current_->walk.position();
  const ListWalk::Counters counters = current_->walk.counters();
  routes_.Forget(current_.get());
  current_.reset();
  if (ahead_ && position_ != ahead_->start) {
    routes_.Forget(ahead_.get());
    ahead_.reset();
    taker_->DropPage();
  }
  taker_->EndPage(position_, counters);
  current_ = std::move(ahead_);
}

}  // namespace atestore::inline v0
