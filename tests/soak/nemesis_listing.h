#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/soak/key_history.h"

namespace atestore {

// The keys that a listing is about: "actor:nemesis:<id>".
inline constexpr char kNemesisAtespace[] = "nemesis";
std::string NemesisKey(const std::string& id);
// The record of an actor, written by hand; the template's name repeats the id.
std::string NemesisRecord(const std::string& id, int64_t version);

// One listing from its first call to its end.
struct NemesisListing {
  Interval when;
  absl::Status status;  // OK: it said that it is complete
  size_t unavailable = 0;
  std::map<std::string, size_t> seen;  // how often each key was listed
  std::vector<std::pair<std::string, int64_t>> versions;
  std::vector<std::string> wrong;  // actors that nobody wrote, in words
};

// Lists everything; tries again when it is told UNAVAILABLE, for at most a minute at one place.
class NemesisLister {
 public:
  virtual ~NemesisLister() = default;
  virtual NemesisListing List() = 0;
};

// The store under test: page sizes, paged and read-ahead listings and new stores take turns.
std::unique_ptr<NemesisLister> NewStoreLister(std::vector<uint16_t> ports, uint64_t seed);
// The negative control: SCAN of each primary, one after the other.
std::unique_ptr<NemesisLister> NewNaiveLister(std::vector<uint16_t> ports);

// Creates, updates and deletes some actors, and tells the history.
class NemesisChurn {
 public:
  virtual ~NemesisChurn() = default;
  // One change of the actor.
  virtual void Change(const std::string& id, uint64_t draw, KeyHistory& history) = 0;
};
std::unique_ptr<NemesisChurn> NewPlainChurn(std::vector<uint16_t> ports);
std::unique_ptr<NemesisChurn> NewStoreChurn(std::vector<uint16_t> ports);

}  // namespace atestore
