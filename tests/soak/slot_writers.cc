#include "tests/soak/slot_writers.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/time/clock.h"
#include "tests/soak/plain_cluster_client.h"
#include "tests/support/hiredis_client.h"

namespace atestore {
namespace {

// A key of every slot that nobody writes.
const std::vector<std::string>& KeysOfNobody() {
  static const auto* const keys = [] {
    auto* all = new std::vector<std::string>(SlotWriters::kSlots);
    size_t left = all->size();
    for (size_t number = 0; left > 0; ++number) {
      std::string key = "nobody:{" + std::to_string(number) + "}";
      std::string& place = (*all)[PlainSlotOf(key)];
      if (!place.empty()) continue;
      place = std::move(key);
      --left;
    }
    return all;
  }();
  return *keys;
}

struct Claim {
  SlotWriters::Slots slots;
  std::optional<size_t> closed;  // one of them that does not migrate
};

// Of the node that tells its view.
Claim ClaimIn(const std::string& view) {
  Claim claim;
  SlotWriters::Slots open;
  std::istringstream lines(view);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("myself,master") == std::string::npos) continue;
    std::istringstream words(line);
    size_t place = 0;
    for (std::string word; words >> word; ++place) {
      if (place < 8) continue;
      const bool is_mark = word.front() == '[';
      if (is_mark) word.erase(0, 1);
      const size_t first = std::stoul(word);
      const size_t dash = word.find('-');
      const bool is_range = !is_mark && dash != std::string::npos;
      const size_t last = is_range ? std::stoul(word.substr(dash + 1)) : first;
      for (size_t slot = first; slot <= last; ++slot) (is_mark ? open : claim.slots).set(slot);
    }
  }
  const SlotWriters::Slots closed = claim.slots & ~open;
  const size_t slot = closed._Find_first();
  if (slot < SlotWriters::kSlots) claim.closed = slot;
  return claim;
}

}  // namespace

void SlotWriters::Add(uint16_t port, Interval when, const Slots& slots) {
  std::lock_guard lock(mutex_);
  answers_[port].push_back({when, slots});
}

std::vector<Interval> SlotWriters::TimesOfTwo(uint16_t slot) const {
  std::lock_guard lock(mutex_);
  std::vector<Interval> times;
  for (const auto& [port, answers] : answers_) {
    for (size_t i = 0; i + 1 < answers.size(); ++i) {
      if (!answers[i].slots[slot] || !answers[i + 1].slots[slot]) continue;
      const Interval between{answers[i].when.begin, answers[i + 1].when.end};
      for (const auto& [other, others] : answers_) {
        if (other == port) continue;
        const bool wrote = std::any_of(others.begin(), others.end(), [&](const Answer& answer) {
          return answer.slots[slot] && answer.when.begin > between.begin &&
                 answer.when.end < between.end;
        });
        if (wrote) times.push_back(between);
      }
    }
  }
  return times;
}

bool SlotWriters::WereTwo(uint16_t slot, Interval listing) const {
  const std::vector<Interval> times = TimesOfTwo(slot);
  return std::any_of(times.begin(), times.end(), [&](const Interval& two) {
    return two.begin <= listing.end && two.end >= listing.begin;
  });
}

void SlotWriters::Clear() {
  std::lock_guard lock(mutex_);
  answers_.clear();
}

void SlotWriterProbe::Ask(SlotWriters& writers) {
  const absl::Time begin = absl::Now();
  SlotWriters::Slots accepted;
  absl::StatusOr<HiredisClient> client = HiredisClient::Connect({"127.0.0.1", port_}, "", timeout_);
  if (client.ok()) {
    absl::StatusOr<HiredisReply> view = client->Execute({"CLUSTER", "NODES"});
    const Claim claim = view.ok() ? ClaimIn(view->text) : Claim();
    if (claim.closed) {
      absl::StatusOr<HiredisReply> wrote = client->Execute({"DEL", KeysOfNobody()[*claim.closed]});
      if (wrote.ok() && !wrote->is_error) accepted = claim.slots;
    }
  }
  writers.Add(port_, {begin, absl::Now()}, accepted);
}

}  // namespace atestore
