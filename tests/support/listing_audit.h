#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/slot.h"
#include "store/actor_store.h"

namespace atestore {

// `count` actors spread evenly over `atespaces` atespaces "space-0" …, as records: key and JSON.
std::vector<std::pair<std::string, std::string>> ActorRecords(size_t count, size_t atespaces);

// `count` more actors, in atespace "space-0", whose keys all belong to one slot.
std::vector<std::pair<std::string, std::string>> ActorRecordsInSlot(Slot slot, size_t count);

// Counts how often each of the actors that must be listed was, and what no page may be.
class ListingAudit {
 public:
  // `records` as ActorRecords() gives them; only those of `atespace`, unless that is empty.
  ListingAudit(const std::vector<std::pair<std::string, std::string>>& records,
               const std::string& atespace);

  void OnPage(const ActorPage& page, int32_t page_size);

  size_t expected() const { return seen_.size(); }
  size_t missing() const { return missing_keys().size(); }
  std::vector<std::string> missing_keys() const;
  size_t duplicates() const { return duplicates_; }
  size_t pages() const { return pages_; }
  // Pages over their size, tokens over 256 characters, actors of another atespace or with a wrong
  // value: any of them is a violation. Actors that are not audited may appear.
  size_t violations() const { return violations_; }

 private:
  const std::string atespace_;
  std::unordered_map<std::string, size_t> seen_;
  size_t duplicates_ = 0;
  size_t pages_ = 0;
  size_t violations_ = 0;
};

struct ListingPlan {
  int32_t page_size = 1000;
  std::string atespace;
  size_t pages_max = SIZE_MAX;
  // Failed calls are repeated with the same token for so long; only UNAVAILABLE ones.
  absl::Duration patience = absl::ZeroDuration();
  // The store that serves the next page, or all until one fails.
  std::function<ActorStore&()> store;
  bool read_ahead = false;  // by an ActorReader
  // Between two pages, with the number of pages so far.
  std::function<void(size_t pages)> between_pages;
};

struct ListingResult {
  absl::Status status;             // of the call that ended it
  std::string next_token;          // empty: complete
  size_t unavailable = 0;          // calls that were repeated
  size_t segments_prefetched = 0;  // segments made of prefetched keys
};

// Lists page by page into `audit`.
ListingResult List(const ListingPlan& plan, ListingAudit& audit);

}  // namespace atestore
