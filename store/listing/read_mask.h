#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "google/protobuf/field_mask.pb.h"
#include "proto/ateapi.pb.h"
#include "store/codec/actor_fields.h"

namespace atestore::inline v0 {

// More paths than this in a mask are refused; an actor has about twenty fields.
inline constexpr size_t kReadMaskPathsMax = 64;

// Which part of every actor is wanted (AIP-157). A value; thread-safe.
class ReadMask {
 public:
  // An empty mask and "*" want everything. Paths are of the proto's names, and may lead into
  // messages, but not into the labels, which are read as a whole. INVALID_ARGUMENT
  // (READ_MASK_INVALID, field "read_mask") that names the first path that leads to no field.
  static absl::StatusOr<ReadMask> Parse(const google::protobuf::FieldMask& mask);
  ReadMask() = default;

  bool wants_all() const { return fields_.is_all(); }
  // Only atespace and actor_id, which keys tell: no value needs to be read.
  bool keys_only() const;
  // The top-level fields to decode.
  ActorFields fields() const { return fields_; }
  // Takes away from an actor that has fields() and the names what the mask does not name.
  void Trim(ateapi::Actor* actor) const;

 private:
  ActorFields fields_ = ActorFields::All();
  bool into_messages_ = false;        // a path leads into a message …
  google::protobuf::FieldMask mask_;  // … so that these decide
};

}  // namespace atestore::inline v0
