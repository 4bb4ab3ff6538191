#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "tests/soak/key_history.h"

namespace atestore {

// The keys that a listing is about: "actor:nemesis:<id>". An id is a letter and a number; the
// letter says whether the actor comes and goes.
inline constexpr char kNemesisAtespace[] = "nemesis";
inline constexpr char kNemesisStays = 'a';
inline constexpr char kNemesisChanges = 'c';
std::string NemesisKey(const std::string& id);
// The record of an actor, written by hand; the template's name repeats the id, its namespace is the
// group, the status depends on the version.
std::string NemesisRecord(const std::string& id, int64_t version);
// The status of all versions of one phase; that of the next phase is the other one.
inline constexpr int64_t kNemesisVersionsOfPhase = 1'000'000;
inline constexpr char kNemesisRunning[] = "STATUS_RUNNING";
inline constexpr char kNemesisSuspended[] = "STATUS_SUSPENDED";
std::string NemesisStatusOf(const std::string& id, int64_t version);
// The status in a record, whoever wrote it.
std::string NemesisStatusIn(const std::string& record);
// What never changes of an actor: those that stay are in the first two groups, the others in the
// third.
const std::vector<std::string>& NemesisGroups();
std::string NemesisGroupOf(const std::string& key);

// How the store lists.
enum class NemesisKind {
  kPages,   // a chain of pages, or read ahead
  kWide,    // several parts at once, stopped and gone on with; one by other processes
  kFilter,  // a filter on a field that changes, or on one that never does
  kCount,   // how many, in total or by a field that never changes
};
std::string_view ToString(NemesisKind kind);

struct NemesisFilter {
  enum class Field { kStatus, kGroup } field = Field::kStatus;
  std::string value;
};

// One listing from its first call to its end.
struct NemesisListing {
  NemesisKind kind = NemesisKind::kPages;
  std::optional<NemesisFilter> filter;
  Interval when;
  absl::Status status;  // OK: it said that it is complete
  size_t unavailable = 0;
  std::map<std::string, size_t> seen;  // how often each key was listed
  std::vector<std::pair<std::string, int64_t>> versions;
  std::vector<std::string> wrong;         // actors that nobody wrote, in words
  bool is_grouped = false;                // of a count
  std::map<std::string, int64_t> counts;  // by group; in total: by ""
};

// Lists everything; tries again when it is told UNAVAILABLE, for at most a minute at one place.
class NemesisLister {
 public:
  virtual ~NemesisLister() = default;
  virtual NemesisListing List() = 0;
};

// The store under test: kinds of listings, page sizes, widths, filters and new stores take turns.
std::unique_ptr<NemesisLister> NewStoreLister(std::vector<uint16_t> ports, uint64_t seed);
// The negative control: SCAN of each primary, one after the other.
std::unique_ptr<NemesisLister> NewNaiveLister(std::vector<uint16_t> ports);

// Creates, updates and deletes some actors, and tells the history.
class NemesisChurn {
 public:
  virtual ~NemesisChurn() = default;
  // No status changes more than once between two calls: then there are actors whose status cannot
  // have been another one, for all that failovers take back.
  virtual void BeginRound() {}
  // One change of the actor.
  virtual void Change(const std::string& id, uint64_t draw, KeyHistory& history) = 0;
};
std::unique_ptr<NemesisChurn> NewPlainChurn(std::vector<uint16_t> ports);
std::unique_ptr<NemesisChurn> NewStoreChurn(std::vector<uint16_t> ports);

}  // namespace atestore
