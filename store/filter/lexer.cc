#include "store/filter/lexer.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::inline v0::filter {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kNotText = " \t\r\n\"'().,:=<>!\\";

bool IsText(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte != 0x7f && kNotText.find(c) == std::string_view::npos;
}

// Longer operators before those that they begin with.
constexpr std::array<std::pair<std::string_view, Operator>, 7> kOperators{{
    {"!=", Operator::kNotEqual},
    {"<=", Operator::kLessOrEqual},
    {">=", Operator::kGreaterOrEqual},
    {"=", Operator::kEqual},
    {"<", Operator::kLess},
    {">", Operator::kGreater},
    {":", Operator::kHas},
}};

// The string at the beginning of `text`, with its quotes; empty: it has no end.
std::string_view StringAtFront(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == text[0]) return text.substr(0, i + 1);
    if (text[i] == '\\') ++i;
  }
  return {};
}

absl::StatusOr<Token> TokenAt(std::string_view text, size_t place) {
  const std::string_view rest = text.substr(place);
  const char first = rest.front();
  if (first == '"' || first == '\'') {
    const std::string_view string = StringAtFront(rest);
    if (string.empty()) return FlawAt(place, "this quote has no end");
    return Token{.kind = TokenKind::kString, .place = place, .text = string};
  }
  for (const auto& [sign, op] : kOperators) {
    if (rest.starts_with(sign)) {
      return Token{.kind = TokenKind::kOperator,
                   .place = place,
                   .text = rest.substr(0, sign.size()),
                   .op = op};
    }
  }
  const auto single = [&](TokenKind kind) {
    return Token{.kind = kind, .place = place, .text = rest.substr(0, 1)};
  };
  if (first == '.') return single(TokenKind::kDot);
  if (first == '(') return single(TokenKind::kOpen);
  if (first == ')') return single(TokenKind::kClose);
  size_t length = 0;
  while (length < rest.size() && IsText(rest[length])) ++length;
  if (length == 0) {
    return FlawAt(place,
                  "this character stands for nothing here; a value that holds it goes into "
                  "quotes");
  }
  return Token{.kind = TokenKind::kText, .place = place, .text = rest.substr(0, length)};
}

}  // namespace

absl::StatusOr<std::vector<Token>> Tokenize(std::string_view text) {
  std::vector<Token> tokens;
  size_t place = 0;
  for (;;) {
    place = text.find_first_not_of(kSpace, place);
    if (place == std::string_view::npos) break;
    absl::StatusOr<Token> token = TokenAt(text, place);
    if (!token.ok()) return token.status();
    place = token->end();
    tokens.push_back(*token);
  }
  tokens.push_back({.kind = TokenKind::kEnd, .place = text.size()});
  return tokens;
}

}  // namespace atestore::inline v0::filter
