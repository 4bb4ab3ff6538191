#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// The filter language: a subset of AIP-160, https://google.aip.dev/160.
//
//   filter      = factor {"AND" factor}             OR binds tighter than AND, as AIP-160 has it
//   factor      = term {"OR" term}
//   term        = ["NOT" | "-"] (comparison | "(" filter ")")
//   comparison  = name {"." name} ("=" | "!=" | "<" | "<=" | ">" | ">=" | ":") value
//   name        = text | string
//   value       = string | text {"." text}
//   string      = "…" or '…', in which \" \' \\ \* stand for the second character
//   text        = characters other than white space and " ' ( ) . , : = < > ! \.
//
// A "*" at the beginning or the end of a value stands for anything. What AIP-160 has beyond this
// (values alone, functions, comparing with an expression in parentheses) is refused.
namespace atestore::inline v0::filter {

// Longer, deeper or wider filters are refused: each is evaluated once for every record.
inline constexpr size_t kFilterBytesMax = size_t{8} << 10;
inline constexpr size_t kFilterDepthMax = 16;   // of parentheses in parentheses
inline constexpr size_t kFilterTermsMax = 256;  // comparisons

enum class Operator {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kHas,
};
std::string_view TextOf(Operator op);

// What a field is compared with. Values, as is all below; places (bytes from 0) are no part of what
// is compared by ==.
struct Operand {
  std::string text;
  bool quoted = false;
  bool any_before = false;  // "*…"
  bool any_after = false;   // "…*"
  size_t place = 0;

  bool has_wildcard() const { return any_before || any_after; }
  bool is_anything() const { return any_before && any_after && text.empty(); }  // "*"
  friend bool operator==(const Operand& a, const Operand& b) {
    return a.text == b.text && a.quoted == b.quoted && a.any_before == b.any_before &&
           a.any_after == b.any_after;
  }
};

struct PathName {
  std::string text;
  size_t place = 0;
  friend bool operator==(const PathName& a, const PathName& b) { return a.text == b.text; }
};

struct Comparison {
  std::vector<PathName> path;  // at least one
  Operator op = Operator::kEqual;
  size_t op_place = 0;
  Operand operand;
  friend bool operator==(const Comparison& a, const Comparison& b) {
    return a.path == b.path && a.op == b.op && a.operand == b.operand;
  }
};

struct Expression {
  enum class Kind { kComparison, kNot, kAnd, kOr };
  Kind kind = Kind::kComparison;
  std::vector<Expression> parts;  // one of a kNot, at least two of kAnd and kOr
  Comparison comparison;
  friend bool operator==(const Expression&, const Expression&) = default;
};

// INVALID_ARGUMENT that names the place, counted in bytes from 1, for people and (ErrorInfo:
// FILTER_INVALID, field "filter") for programs.
absl::Status FlawAt(size_t place, std::string_view what);

// Reads `text`, which must hold more than white space; FlawAt().
absl::StatusOr<Expression> Parse(std::string_view text);

// Text that Parse() reads as `expression`.
std::string Print(const Expression& expression);

}  // namespace atestore::inline v0::filter
