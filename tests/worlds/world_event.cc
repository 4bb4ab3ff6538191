#include "tests/worlds/world_event.h"

#include <array>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/status.h"

namespace atestore {
namespace {

enum class Target { kNothing, kNode, kKey };

struct KindInfo {
  EventKind kind;
  std::string_view name;
  Target target;
};

constexpr std::array kKinds = {
    KindInfo{EventKind::kBegin, "begin", Target::kNothing},
    KindInfo{EventKind::kMove, "move", Target::kNothing},
    KindInfo{EventKind::kFinish, "finish", Target::kNothing},
    KindInfo{EventKind::kAbortBack, "abort-back", Target::kNothing},
    KindInfo{EventKind::kAbortCopies, "abort-copies", Target::kNothing},
    KindInfo{EventKind::kAbortOrphans, "abort-orphans", Target::kNothing},
    KindInfo{EventKind::kBeginAtomic, "begin-atomic", Target::kNothing},
    KindInfo{EventKind::kFinishAtomic, "finish-atomic", Target::kNothing},
    KindInfo{EventKind::kAbortAtomic, "abort-atomic", Target::kNothing},
    KindInfo{EventKind::kFailover, "failover", Target::kNode},
    KindInfo{EventKind::kHandOver, "hand-over", Target::kNode},
    KindInfo{EventKind::kTakeover, "takeover", Target::kNode},
    KindInfo{EventKind::kRestart, "restart", Target::kNode},
    KindInfo{EventKind::kReload, "reload", Target::kNode},
    KindInfo{EventKind::kDowngrade, "downgrade", Target::kNode},
    KindInfo{EventKind::kNews, "news", Target::kNode},
    KindInfo{EventKind::kCutOff, "cut-off", Target::kNode},
    KindInfo{EventKind::kRecreate, "recreate", Target::kKey},
};

const KindInfo& InfoOf(EventKind kind) { return kKinds[static_cast<size_t>(kind)]; }

}  // namespace

std::string_view KeyOf(EventKind kind) { return InfoOf(kind).name; }

std::string ToString(const Event& event) {
  const KindInfo& info = InfoOf(event.kind);
  std::string name(info.name);
  return info.target == Target::kNothing ? name : absl::StrCat(name, ":", event.target);
}

std::optional<Event> ParseEvent(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  for (const KindInfo& info : kKinds) {
    if (info.name != name) continue;
    Event event{.kind = info.kind};
    uint32_t target = 0;
    if ((colon == std::string_view::npos) != (info.target == Target::kNothing)) return std::nullopt;
    if (info.target == Target::kNothing) return event;
    if (!absl::SimpleAtoi(ToAbsl(text.substr(colon + 1)), &target) || target > 7) {
      return std::nullopt;
    }
    event.target = static_cast<uint8_t>(target);
    return event;
  }
  return std::nullopt;
}

std::vector<Event> EventsOf(size_t nodes, size_t keys) {
  std::vector<Event> events;
  for (const KindInfo& info : kKinds) {
    const size_t targets = info.target == Target::kNothing ? 1
                           : info.target == Target::kNode  ? nodes
                                                           : keys;
    for (size_t target = 0; target < targets; ++target) {
      events.push_back({.kind = info.kind, .target = static_cast<uint8_t>(target)});
    }
  }
  return events;
}

std::string ToString(const std::vector<PlacedEvent>& events) {
  return absl::StrJoin(events, ",", [](std::string* out, const PlacedEvent& placed) {
    absl::StrAppend(out, placed.at, "=", ToString(placed.event));
  });
}

std::optional<std::vector<PlacedEvent>> ParseEvents(std::string_view text) {
  std::vector<PlacedEvent> events;
  if (text.empty()) return events;
  for (absl::string_view part : absl::StrSplit(ToAbsl(text), ',')) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    uint32_t at = 0;
    std::optional<Event> event = ParseEvent(ToStd(pair.second));
    if (!event || !absl::SimpleAtoi(pair.first, &at) || at > UINT16_MAX) return std::nullopt;
    if (!events.empty() && at < events.back().at) return std::nullopt;
    events.push_back({.at = static_cast<uint16_t>(at), .event = *event});
  }
  return events;
}

}  // namespace atestore
