#include "store/pages.h"

#include <utility>

#include "store/advanced.h"

namespace atestore::inline v0 {

struct ActorRange::State {
  void Advance();

  std::unique_ptr<ActorReader> reader;  // null: `element` says why
  ActorPage page;
  int next = 0;  // of `page`
  absl::StatusOr<ateapi::Actor> element;
  std::optional<std::string> page_token;  // of `page`, or of the one that could not be read
  int64_t skipped_records = 0;
  bool began = false;
  bool failed = false;  // `element` is the last one
  bool ended = false;
};

void ActorRange::State::Advance() {
  if (failed) {
    ended = true;
    return;
  }
  while (!ended && next == page.response.actors_size()) {
    if (began) {
      // All of the page was looked at.
      page_token = page.response.next_page_token();
      if (page_token->empty()) {
        page_token.reset();
        ended = true;
        return;
      }
    }
    absl::StatusOr<ActorPage> fetched = Recycling::Next(*reader, std::move(page));
    if (!fetched.ok()) {
      element = fetched.status();
      failed = true;
      return;
    }
    page = *std::move(fetched);
    began = true;
    next = 0;
    skipped_records += page.skipped_records;
  }
  // Their memory goes back to the page, which is read into again.
  if (!element.ok()) element.emplace();
  element->Swap(page.response.mutable_actors(next++));
}

ActorRange::ActorRange(absl::StatusOr<std::unique_ptr<ActorReader>> reader, std::string page_token)
    : state_(std::make_unique<State>()) {
  state_->page_token = std::move(page_token);
  if (reader.ok()) {
    state_->reader = *std::move(reader);
  } else {
    state_->element = reader.status();
    state_->failed = true;
  }
}

ActorRange::ActorRange(ActorRange&&) noexcept = default;
ActorRange& ActorRange::operator=(ActorRange&&) noexcept = default;
ActorRange::~ActorRange() = default;

ActorRange::Iterator ActorRange::begin() {
  // The status of a bad request is the first element already.
  if (state_->reader != nullptr) state_->Advance();
  return Iterator(state_.get());
}

std::optional<std::string> ActorRange::page_token() const { return state_->page_token; }

int64_t ActorRange::skipped_records() const { return state_->skipped_records; }

ActorRange::Iterator::value_type& ActorRange::Iterator::operator*() const {
  return state_->element;
}

ActorRange::Iterator& ActorRange::Iterator::operator++() {
  state_->Advance();
  return *this;
}

bool ActorRange::Iterator::IsAtEnd() const { return state_ == nullptr || state_->ended; }

}  // namespace atestore::inline v0
