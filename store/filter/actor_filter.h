#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/key_filter.h"
#include "proto/ateapi.pb.h"
#include "store/codec/actor_fields.h"
#include "store/filter/expression.h"
#include "store/filter/field_check.h"

namespace atestore::inline v0 {

// Which actors are wanted: a filter (store/filter/expression.h has the language) whose fields and
// values fit ateapi.Actor. A value; thread-safe.
//
// Fields go by their names in the proto or in ProtoJSON. A field that is not set has its default
// value, as everywhere in proto3; `!=` is exactly NOT `=`. By the kind of the field:
//   string    = != < <= > >= by bytes; "*" at either end of the value of = and != stands for
//             anything; ":" tells whether the value occurs in it
//   int64     = != < <= > >= with a whole number, without quotes
//   enum      = != with the name of a value, with or without its prefix (RUNNING)
//   message   only ":*": it is set
//   strings   only ":": one of them is the value, in which "*" may stand at either end
//   labels    labels:KEY, labels.KEY:* the key is there; labels.KEY as a string, which no
//             comparison but != holds for where the key is not there; labels:* there are some
// FIELD:* everywhere else tells whether the field differs from its default.
class ActorFilter {
 public:
  // An empty filter, or one of white space, wants every actor. INVALID_ARGUMENT that names the
  // place: bad syntax, no such field, a value of the wrong kind, or one of the limits.
  static absl::StatusOr<ActorFilter> Parse(std::string_view text);
  ActorFilter() = default;

  bool wants_all() const { return !root_; }
  // What the names in its key decide about an actor; nullopt: its value decides.
  std::optional<bool> DecideOnKey(const ActorKeyParts& key) const;
  // Whether there can be an actor about which its key does not decide.
  bool needs_values() const { return fields_ != ActorFields(); }
  // The fields that Matches() reads, beyond atespace and actor_id.
  ActorFields fields() const { return fields_; }
  // `actor` needs fields() and its names.
  bool Matches(const ateapi::Actor& actor) const;

 private:
  struct Node {
    filter::Expression::Kind kind = filter::Expression::Kind::kComparison;
    std::vector<Node> parts;
    filter::Test test;
  };

  absl::StatusOr<Node> Check(const filter::Expression& expression);
  template <typename Decide>
  static std::optional<bool> Evaluate(const Node& node, const Decide& decide);
  static bool Holds(const filter::Test& test, const ateapi::Actor& actor);

  std::optional<Node> root_;
  ActorFields fields_;
};

}  // namespace atestore::inline v0
