#include "tests/soak/nemesis_schedule.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore {
namespace {

using enum NemesisFault;

constexpr size_t kStepsOfRound = 14;
constexpr int64_t kRoundMs = 5000;
constexpr int64_t kAtomicMs = 300;
constexpr int64_t kDurationMinMs = 100;
constexpr int64_t kDurationMaxMs = 3000;

constexpr std::pair<NemesisFault, std::string_view> kNames[] = {
    {kStop, "stop"},
    {kCutOneWay, "bus-cut-one-way"},
    {kCutBoth, "bus-cut"},
    {kDropPackets, "bus-drop-packets"},
    {kDropFilter, "debug-drop-packets"},
    {kReload, "reload"},
    {kFailover, "failover"},
    {kFailoverForced, "failover-forced"},
    {kFailoverOfSource, "failover-of-source"},
    {kFailoverOfDestination, "failover-of-destination"},
    {kMigrationHalf, "migration-half"},
    {kMigrationFinished, "migration-finished"},
    {kMigrationAborted, "migration-aborted"},
    {kAtomicMigration, "atomic-migration"},
    {kAtomicCancelled, "atomic-cancelled"},
    {kKill, "kill"},
    {kShutdown, "shutdown"},
    {kReadsWhenDown, "reads-when-down"},
    {kNodeTimeout, "node-timeout"},
    {kMemoryFull, "memory-full"},
    {kNoReplicas, "min-replicas"},
    {kMaxClients, "maxclients"},
    {kResetStat, "resetstat"},
    {kNodeJoins, "node-joins"},
    {kNodeLeaves, "node-leaves"},
    {kClientsKilled, "clients-killed"},
};

constexpr std::pair<ServerKind, std::string_view> kServers[] = {
    {ServerKind::kRedis, "redis"},
    {ServerKind::kValkey, "valkey"},
    {ServerKind::kValkey91, "valkey91"},
};

bool IsAtomic(NemesisFault fault) { return fault == kAtomicMigration || fault == kAtomicCancelled; }

template <typename Value, size_t size>
std::string_view NameIn(const std::pair<Value, std::string_view> (&names)[size], Value value) {
  for (const auto& [named, name] : names) {
    if (named == value) return name;
  }
  return "";
}

template <typename Value, size_t size>
bool ValueIn(const std::pair<Value, std::string_view> (&names)[size], std::string_view name,
             Value& value) {
  for (const auto& [named, its_name] : names) {
    if (its_name != name) continue;
    value = named;
    return true;
  }
  return false;
}

}  // namespace

std::string_view ToString(NemesisFault fault) { return NameIn(kNames, fault); }

std::vector<NemesisFault> NemesisFaultsOf(ServerKind kind) {
  std::vector<NemesisFault> faults;
  for (const auto& [fault, name] : kNames) {
    if (!IsAtomic(fault) || kind == ServerKind::kValkey91) faults.push_back(fault);
  }
  return faults;
}

// splitmix64: the same everywhere, unlike the standard library's distributions.
uint64_t NemesisDraw::Next() {
  uint64_t value = state_ += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

NemesisRound NemesisDraw::NextRound() {
  NemesisRound round;
  for (size_t step = 0; step < kStepsOfRound; ++step) {
    if (deck_.empty()) {
      deck_ = NemesisFaultsOf(kind_);
      for (size_t i = deck_.size(); i > 1; --i) std::swap(deck_[i - 1], deck_[Below(i)]);
    }
    const NemesisFault fault = deck_.back();
    const auto duration =
        kDurationMinMs + static_cast<int64_t>(Below(kDurationMaxMs - kDurationMinMs));
    // Refused by a node with a slot that is open key by key, so they come first.
    const int64_t at = IsAtomic(fault) ? static_cast<int64_t>(Below(kAtomicMs))
                                       : kAtomicMs + static_cast<int64_t>(Below(kRoundMs));
    round.push_back({.at_ms = at,
                     .fault = fault,
                     .duration_ms = duration,
                     .first = static_cast<uint32_t>(Below(1000)),
                     .second = static_cast<uint32_t>(Below(1000))});
    deck_.pop_back();
  }
  std::stable_sort(round.begin(), round.end(),
                   [](const auto& a, const auto& b) { return a.at_ms < b.at_ms; });
  return round;
}

std::string FormatSchedule(const NemesisSchedule& schedule) {
  std::string text = absl::StrCat("server ", ToAbsl(NameIn(kServers, schedule.kind)), "\n");
  for (const NemesisRound& round : schedule.rounds) {
    text += "round\n";
    for (const NemesisStep& step : round) {
      absl::StrAppend(&text, step.at_ms, " ", ToAbsl(ToString(step.fault)), " ", step.duration_ms,
                      " ", step.first, " ", step.second, "\n");
    }
  }
  return text;
}

absl::StatusOr<NemesisSchedule> ParseSchedule(const std::string& text) {
  NemesisSchedule schedule;
  std::istringstream lines(text);
  size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line);
    std::string word;
    words >> word;
    std::string name;
    bool understood = true;
    if (word == "server") {
      words >> name;
      understood = ValueIn(kServers, name, schedule.kind);
    } else if (word == "round") {
      schedule.rounds.emplace_back();
    } else {
      NemesisStep step;
      std::istringstream fields(line);
      understood = static_cast<bool>(fields >> step.at_ms >> name >> step.duration_ms >>
                                     step.first >> step.second) &&
                   ValueIn(kNames, name, step.fault) && !schedule.rounds.empty();
      if (understood) schedule.rounds.back().push_back(step);
    }
    if (!understood) {
      return InvalidArgumentError(absl::StrCat("line ", number, " of the schedule: ", line));
    }
  }
  return schedule;
}

}  // namespace atestore
