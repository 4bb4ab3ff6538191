#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/property/listing_world.h"

namespace atestore {

// One listing, checked page by page. Violations are values, so that a test can demand either none
// or, of a broken algorithm, one.
class CheckedListing {
 public:
  explicit CheckedListing(ListingWorld& world) : world_(world) {}

  // Changes a position on its way into the next page; for negative controls.
  using Tamper = void (*)(Position& position);
  void SetTamper(Tamper tamper) { tamper_ = tamper; }

  // Cuts what is left of every part into `count` when so many pages were read, and again when
  // three times as many were.
  void CutAfter(size_t pages, size_t count) { cut_ = {pages, count}; }

  // Lists from `start` to the end; faults end after `pages_with_faults` pages, so that P7 can hold.
  // The first violation of P3, P4, P6, P7 or P8, in words.
  std::optional<std::string> Run(const Position& start, size_t pages_with_faults) {
    return RunParts({start}, pages_with_faults);
  }
  // The same for several parts of a listing at once: a page of each in turn.
  std::optional<std::string> RunParts(std::vector<Position> parts, size_t pages_with_faults);

  // The first violation of P1, P2 or P8 by what Run() listed. `quiet`: nothing happened to the
  // cluster; otherwise records may repeat if their slot is not read whole.
  std::optional<std::string> CheckComplete(bool quiet) const;

  struct PageStart {
    Position position;
    size_t listed_before;  // records of the pages before
  };
  const std::vector<PageStart>& page_starts() const { return page_starts_; }
  // The keys, in the order they were listed.
  const std::vector<std::string>& listed() const { return listed_; }
  // Pages that got nowhere.
  size_t unavailable() const { return unavailable_; }
  size_t slot_restarts() const { return slot_restarts_; }
  size_t redirects() const { return redirects_; }
  size_t segments_ahead() const { return segments_ahead_; }
  size_t segments_ahead_dropped() const { return segments_ahead_dropped_; }
  size_t segments_prefetched() const { return segments_prefetched_; }
  size_t segments_prefetched_stale() const { return segments_prefetched_stale_; }
  size_t not_wanted() const { return not_wanted_; }
  // The faults left a cluster that does not come to rest, not even after a repair: that the listing
  // did not end says nothing.
  bool cluster_broken() const { return cluster_broken_; }

 private:
  std::optional<std::string> CheckPage(const WorldPage& page) const;
  std::optional<std::string> CheckUnreadable(const WorldPage& page) const;
  bool WasTrue(const WorldPage& page, const std::string& key, const std::string& value) const;
  bool MayRepeat(const std::string& key) const;
  std::optional<std::string> PassThroughToken(Position& position) const;

  ListingWorld& world_;
  struct Cut {
    size_t pages = 0;
    size_t count = 1;
  };
  void CutParts(std::vector<Position>* parts, size_t pages) const;

  Tamper tamper_ = nullptr;
  Cut cut_;
  std::vector<std::string> listed_;
  std::vector<std::string> unreadable_;
  std::vector<PageStart> page_starts_;
  size_t unavailable_ = 0;
  size_t slot_restarts_ = 0;
  size_t redirects_ = 0;
  size_t segments_ahead_ = 0;
  size_t segments_ahead_dropped_ = 0;
  size_t segments_prefetched_ = 0;
  size_t segments_prefetched_stale_ = 0;
  size_t not_wanted_ = 0;  // records that the sink did not take
  bool cluster_broken_ = false;
};

}  // namespace atestore
