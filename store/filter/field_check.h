#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "store/codec/actor_fields.h"
#include "store/filter/expression.h"

namespace atestore::inline v0::filter {

// A comparison whose field is known and whose value fits it.
struct Test {
  const ActorField* field = nullptr;
  bool is_entry = false;  // of the labels `field`: the one called `label`
  std::string label;
  Operator op = Operator::kEqual;
  Operand operand;
  int64_t number = 0;  // the operand of an int64 or enum, unless it is "*"
};

// FlawAt() when there is no such field, or the operator or the value does not fit its kind.
absl::StatusOr<Test> CheckComparison(const Comparison& comparison);

}  // namespace atestore::inline v0::filter
