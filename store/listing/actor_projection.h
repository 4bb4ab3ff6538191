#pragma once

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "proto/ateapi.pb.h"
#include "store/filter/actor_filter.h"
#include "store/listing/read_mask.h"

namespace atestore::inline v0 {

// What a listing makes of each record: whether it is wanted, and which part of it. A value;
// thread-safe.
struct ActorProjection {
  ActorFilter filter;
  ReadMask mask;

  // Whether keys are enough: no value is read.
  bool keys_only() const { return mask.keys_only() && !filter.needs_values(); }
  // Whether records may be refused once their values were read.
  bool is_selective() const { return filter.needs_values(); }
  // What a key alone decides; true where its value decides.
  bool MayWant(std::string_view key) const;

  // Reads the record with this key and value (padded, see RecordSink::Add(); empty where names are
  // listed alone) into `*actor`, in place of what it holds. False: it is not wanted. DATA_LOSS when
  // a part that is asked for cannot be read, or the value names another actor than its key. Of a
  // record that is not wanted only the fields of the filter are looked at.
  absl::StatusOr<bool> Read(std::string_view key, std::string_view value,
                            ateapi::Actor* actor) const;

 private:
  absl::StatusOr<bool> ReadName(std::string_view key, ateapi::Actor* actor) const;
};

}  // namespace atestore::inline v0
