#include "tests/property/write_history.h"

#include <optional>
#include <set>
#include <sstream>
#include <tuple>

namespace atestore {
namespace {

// The state after `operation` took effect on `state`; nullopt: its result says that it did not.
std::optional<RecordState> Apply(const WriteOperation& operation, RecordState state) {
  const bool unknown = operation.result == WriteResult::kUnknown;
  if (operation.result == WriteResult::kAbsent) {
    return state.exists ? std::nullopt : std::optional(state);
  }
  if (operation.result == WriteResult::kPresent) {
    return state.exists ? std::optional(state) : std::nullopt;
  }
  switch (operation.kind) {
    case WriteKind::kCreate:
      if (state.exists) return std::nullopt;
      return RecordState{
          .exists = true, .version = 1, .selector = operation.argument, .touched = 0};
    case WriteKind::kUpdate:
      if (!state.exists) return std::nullopt;
      ++state.version;
      state.selector = operation.argument;
      if (!unknown && operation.seen.version != state.version) return std::nullopt;
      return state;
    case WriteKind::kTouch:
      if (!state.exists) return std::nullopt;
      ++state.version;
      state.touched = operation.argument;
      return state;
    case WriteKind::kDelete:
      return state.exists ? std::optional(RecordState{}) : std::nullopt;
    case WriteKind::kRead:
      return operation.seen == state ? std::optional(state) : std::nullopt;
  }
  return std::nullopt;
}

// The search of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) with a memory of
// where it has been (Lowe, 2017).
class Search {
 public:
  explicit Search(const std::vector<WriteOperation>& history) : history_(history) {
    for (size_t i = 0; i < history.size(); ++i) {
      if (history[i].result != WriteResult::kUnknown) required_ |= uint64_t{1} << i;
    }
  }

  bool From(uint64_t done, const RecordState& state) {
    if ((done & required_) == required_) return true;
    if (!seen_.insert({done, state.exists, state.version, state.selector, state.touched}).second) {
      return false;
    }
    size_t first_end = std::numeric_limits<size_t>::max();
    for (size_t i = 0; i < history_.size(); ++i) {
      if (Waits(done, i) && (required_ >> i & 1) != 0) {
        first_end = std::min(first_end, history_[i].ended);
      }
    }
    for (size_t i = 0; i < history_.size(); ++i) {
      if (!Waits(done, i) || history_[i].began > first_end) continue;
      std::optional<RecordState> next = Apply(history_[i], state);
      if (next && From(done | uint64_t{1} << i, *next)) return true;
    }
    return false;
  }

 private:
  static bool Waits(uint64_t done, size_t i) { return (done >> i & 1) == 0; }

  const std::vector<WriteOperation>& history_;
  uint64_t required_ = 0;
  std::set<std::tuple<uint64_t, bool, int64_t, int64_t, int64_t>> seen_;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const WriteOperation& o) {
  constexpr const char* kKinds[] = {"create", "update", "touch", "delete", "read"};
  constexpr const char* kResults[] = {"done", "absent", "present", "unknown"};
  out << "[" << o.began << ", " << o.ended << "] " << kKinds[static_cast<size_t>(o.kind)] << " "
      << o.argument << ": " << kResults[static_cast<size_t>(o.result)];
  if (o.kind != WriteKind::kUpdate && o.kind != WriteKind::kRead) return out;
  return out << " version " << o.seen.version << " selector " << o.seen.selector << " touched "
             << o.seen.touched;
}

bool IsLinearizable(const std::vector<WriteOperation>& history) {
  return Search(history).From(0, RecordState{});
}

std::string Describe(const std::vector<WriteOperation>& history) {
  std::ostringstream text;
  for (const WriteOperation& operation : history) text << operation << "\n";
  return text.str();
}

}  // namespace atestore
