#pragma once

#include <cstddef>

#include "core/listing/commit.h"
#include "core/listing/depth.h"
#include "core/listing/keys_batch.h"
#include "core/listing/keys_plan.h"
#include "core/listing/values_read.h"

namespace atestore::inline v0 {

// What a listing has learnt about its keys and values, to ask for the right amount at a time. Only
// speed depends on it.
class Estimates {
 public:
  struct Options {
    WalkHints hints;
    bool selective = false;                     // more keys are read than records are listed
    bool keys_only = false;                     // no values are read
    size_t values_part_keys = kValuesPartKeys;  // at least 1
  };
  explicit Estimates(const Options& options) : options_(options), hints_(options.hints.Clamped()) {}

  const WalkHints& hints() const { return hints_; }

  // Unless it is called, the nodes are near.
  void SetDepth(const Depth& depth) { depth_ = depth; }
  const Depth& depth() const { return depth_; }

  // The keys of some slots have been read.
  void OnKeys(const KeysBatch::Density& density);
  // A SCAN with this COUNT inside a large slot found so many wanted keys.
  void OnScan(size_t wanted, size_t count);
  // The values of a segment have been read. `whole`: all of them, and all were committed.
  void OnValues(const ValuesRead& values, const Commit& commit, bool whole);

  // The keys that are likely to hold so many records, by what the page was like so far.
  size_t KeysFor(size_t records) const;
  // The keys whose records are likely to fit so many bytes, and some more.
  size_t KeysThatFit(size_t bytes) const;
  // How much to ask for at a time when the page has room for `bytes_left`.
  ValuesRead::Bounds ValuesBounds(size_t bytes_left) const;

 private:
  const Options options_;
  WalkHints hints_;
  Depth depth_;
  size_t examined_ = 0;  // keys whose records the page was asked about
  size_t matched_ = 0;   // of them, those that it took
  // Part of the usual amount that is asked for at once: less after a connection was lost over it.
  double request_share_ = 1;
};

}  // namespace atestore::inline v0
