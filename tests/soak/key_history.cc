#include "tests/soak/key_history.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace atestore {

void KeyHistory::Add(const std::string& key, What what, Interval when) {
  std::lock_guard lock(mutex_);
  keys_[key].events.push_back({what, when});
}

void KeyHistory::WasPresent(const std::string& key, Interval when) {
  Add(key, What::kPresent, when);
}

void KeyHistory::WasCreated(const std::string& key, Interval when) {
  Add(key, What::kCreated, when);
}

void KeyHistory::WasAbsent(const std::string& key, Interval when) { Add(key, What::kAbsent, when); }

void KeyHistory::DeleteTried(const std::string& key, Interval when) {
  Add(key, What::kDeleteTried, when);
}

void KeyHistory::WriteTried(const std::string& key, int64_t version, const std::string& status,
                            absl::Time begin) {
  std::lock_guard lock(mutex_);
  Key& history = keys_[key];
  history.versions.insert(version);
  history.statuses.try_emplace(status, begin);
  history.ever.insert(status);
}

void KeyHistory::StatusSeen(const std::string& key, const std::string& status, Interval when) {
  std::lock_guard lock(mutex_);
  Key& history = keys_[key];
  if (!status.empty()) {
    history.statuses.try_emplace(status, when.begin);
    history.ever.insert(status);
  }
  history.status_seen = status;
}

std::set<std::string> KeyHistory::StatusesUntil(const std::string& key, absl::Time end) const {
  std::lock_guard lock(mutex_);
  std::set<std::string> statuses;
  auto found = keys_.find(key);
  if (found == keys_.end()) return statuses;
  const Key& history = found->second;
  if (history.statuses.empty()) {
    const bool came_back =
        std::any_of(history.events.begin(), history.events.end(),
                    [](const Event& event) { return event.what == What::kPresent; });
    return came_back ? history.ever : statuses;
  }
  for (const auto& [status, since] : history.statuses) {
    if (since <= end) statuses.insert(status);
  }
  return statuses;
}

bool KeyHistory::WasWritten(const std::string& key, int64_t version) const {
  std::lock_guard lock(mutex_);
  auto found = keys_.find(key);
  return found != keys_.end() && found->second.versions.contains(version);
}

// Nobody looks at a key without interruption. It was there throughout when it was seen before and
// after, and in between nobody missed it, could have deleted it or created it anew: what is gone
// does not come back by itself. A key that answers with errors meanwhile is out of reach, not gone.
bool KeyHistory::WasThereThroughout(const std::string& key, Interval listing) const {
  std::lock_guard lock(mutex_);
  auto found = keys_.find(key);
  if (found == keys_.end()) return false;
  const std::vector<Event>& events = found->second.events;
  // Last seen before the listing began, first seen after its end.
  const Event* before = nullptr;
  const Event* after = nullptr;
  for (const Event& event : events) {
    if (event.what != What::kPresent && event.what != What::kCreated) continue;
    const Interval& when = event.when;
    if (when.end <= listing.begin && (!before || when.begin > before->when.begin)) before = &event;
    if (when.begin >= listing.end && (!after || when.end < after->when.end)) after = &event;
  }
  if (before == nullptr || after == nullptr) return false;
  return std::none_of(events.begin(), events.end(), [&](const Event& event) {
    return event.what != What::kPresent && &event != before &&
           event.when.begin <= after->when.end && event.when.end >= before->when.begin;
  });
}

std::string KeyHistory::Tell(const std::string& key) const {
  std::lock_guard lock(mutex_);
  auto found = keys_.find(key);
  if (found == keys_.end()) return "";
  std::vector<Event> events = found->second.events;
  std::sort(events.begin(), events.end(),
            [](const Event& a, const Event& b) { return a.when.begin < b.when.begin; });
  std::string text;
  for (const Event& event : events) {
    constexpr const char* kWords[] = {"there", "created", "missed", "deleted"};
    absl::StrAppend(&text, " ", kWords[static_cast<size_t>(event.what)]);
    for (const absl::Time time : {event.when.begin, event.when.end}) {
      absl::StrAppend(&text, " ", absl::FormatTime("%H:%M:%E3S", time, absl::UTCTimeZone()));
    }
    text += ";";
  }
  return text;
}

std::vector<std::string> KeyHistory::keys() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> keys;
  for (const auto& [key, history] : keys_) keys.push_back(key);
  return keys;
}

void KeyHistory::Clear() {
  std::lock_guard lock(mutex_);
  keys_.clear();
}

void KeyHistory::Forget(absl::Time time) {
  std::lock_guard lock(mutex_);
  for (auto& [key, history] : keys_) {
    history.statuses.clear();
    if (!history.status_seen.empty()) history.statuses[history.status_seen] = time;
    std::vector<Event>& events = history.events;
    if (events.empty()) continue;
    auto last = std::max_element(events.begin(), events.end(), [](const Event& a, const Event& b) {
      return a.when.begin < b.when.begin;
    });
    const Event kept = *last;
    std::erase_if(events, [&](const Event& event) {
      return event.when.end < time ||
             (event.when.end == absl::InfiniteFuture() && event.when.begin < time);
    });
    if (kept.when.end < time) events.insert(events.begin(), kept);
  }
}

}  // namespace atestore
