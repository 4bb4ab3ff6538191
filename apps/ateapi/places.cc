#include "apps/ateapi/places.h"

namespace atestore {

void Places::Place::Release() {
  if (places_ != nullptr) std::exchange(places_, nullptr)->Give(peer_);
}

Places::Outcome Places::Take(std::string_view peer, Place* place) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = by_peer_.find(peer);
    const int64_t of_peer = found == by_peer_.end() ? 0 : found->second;
    if (taken_ >= limits_.total || of_peer >= limits_.per_peer) {
      report_.refused();
      return taken_ >= limits_.total ? Outcome::kFull : Outcome::kPeerHasTooMany;
    }
    report_.in_use(++taken_);
    if (found == by_peer_.end()) {
      by_peer_.emplace(peer, 1);
    } else {
      ++found->second;
    }
  }
  *place = Place(this, std::string(peer));
  return Outcome::kTaken;
}

void Places::Give(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  report_.in_use(--taken_);
  const auto found = by_peer_.find(peer);
  if (--found->second == 0) by_peer_.erase(found);
}

}  // namespace atestore
