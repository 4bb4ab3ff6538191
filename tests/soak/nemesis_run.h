#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/soak/nemesis_listing.h"
#include "tests/soak/nemesis_schedule.h"

namespace atestore {

struct NemesisOptions {
  ServerKind kind = ServerKind::kValkey;
  uint64_t seed = 1;
  // Rounds until both are used up; a replay has its rounds.
  size_t rounds_min = 2;
  absl::Duration time = absl::ZeroDuration();
  std::optional<NemesisSchedule> replay;
  enum class Lister { kStore, kNaive } lister = Lister::kStore;
  enum class Churn { kPlain, kStore } churn = Churn::kPlain;
  size_t listers = 4;  // threads
  bool stop_at_violation = true;
  std::function<void(const std::string&)> log;  // a line of progress
};

// Of all listings that were under way during a fault, or of all.
struct NemesisTally {
  size_t planned = 0;
  size_t happened = 0;
  size_t listings = 0;
  size_t demanded = 0;     // actors that clients could read throughout a listing
  size_t missing = 0;      // of these, not listed or not counted
  size_t two_writers = 0;  // not listed while two nodes accepted writes for the slot: a limit
  size_t duplicates = 0;   // of these, listed more than once; or counted beyond what there was
  size_t wrong = 0;        // actors or versions that nobody wrote, or that never matched
  size_t unavailable = 0;  // calls that said UNAVAILABLE
  size_t failed = 0;       // listings that ended with another error, or never
};

struct NemesisResult {
  absl::Status status;  // of the machinery: the servers, the repair
  NemesisTally total;
  std::map<NemesisFault, NemesisTally> by_fault;
  std::map<NemesisKind, NemesisTally> by_kind;  // nothing planned
  NemesisSchedule schedule;                     // what was played
  std::vector<std::string> violations;          // in words, the first few
  std::vector<std::string> trace;  // what was done to the cluster in the round of the first
  std::map<std::string, size_t>
      refused;  // errors of listings, repairs, and faults that did not happen
  size_t rounds = 0;
  size_t changes = 0;  // of other actors
  size_t reads = 0;    // keys that the checker has read
  absl::Duration took;

  bool Holds() const { return total.missing + total.duplicates + total.wrong + total.failed == 0; }
  // Those of which one was planned and could not be made to happen, not even to a settled cluster.
  std::vector<NemesisFault> NeverHappened() const;
};

NemesisResult RunNemesis(const NemesisOptions& options);

// The tables fault × server and kind of listing × server, and one line of JSON.
std::string NemesisTable(ServerKind kind, const NemesisResult& result);
// All servers side by side: a row for each fault and each kind of listing.
std::string NemesisMatrix(const std::map<ServerKind, NemesisResult>& results);
std::string NemesisSummary(ServerKind kind, uint64_t seed, const NemesisResult& result);

}  // namespace atestore
