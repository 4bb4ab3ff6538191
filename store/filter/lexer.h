#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "store/filter/expression.h"

namespace atestore::inline v0::filter {

enum class TokenKind { kText, kString, kDot, kOpen, kClose, kOperator, kEnd };

// A view of the filter's text.
struct Token {
  TokenKind kind = TokenKind::kEnd;
  size_t place = 0;
  std::string_view text;  // of a string: with its quotes
  Operator op = Operator::kEqual;

  size_t end() const { return place + text.size(); }
};

// The tokens of `text`, of which the last is kEnd. FlawAt().
absl::StatusOr<std::vector<Token>> Tokenize(std::string_view text);

}  // namespace atestore::inline v0::filter
