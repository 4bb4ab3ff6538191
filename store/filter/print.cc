#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/filter/expression.h"
#include "store/filter/lexer.h"

namespace atestore::inline v0::filter {
namespace {

std::string QuotedText(std::string_view text, bool escape_stars) {
  std::string quoted;
  for (const char c : text) {
    if (c == '"' || c == '\\' || (c == '*' && escape_stars)) quoted += '\\';
    quoted += c;
  }
  return quoted;
}

std::string PrintName(const std::string& name) {
  const absl::StatusOr<std::vector<Token>> tokens = Tokenize(name);
  const bool plain = tokens.ok() && tokens->size() == 2 && tokens->front().text == name &&
                     tokens->front().kind == TokenKind::kText && name.front() != '-' &&
                     name != "AND" && name != "OR" && name != "NOT";
  return plain ? name : absl::StrCat("\"", QuotedText(name, false), "\"");
}

std::string PrintOperand(const Operand& operand) {
  const std::string_view quote = operand.quoted ? "\"" : "";
  // "*" alone stands for both.
  const bool before = operand.any_before && !operand.is_anything();
  return absl::StrCat(ToAbsl(quote), before ? "*" : "",
                      operand.quoted ? QuotedText(operand.text, true) : operand.text,
                      operand.any_after ? "*" : "", ToAbsl(quote));
}

std::string PrintComparison(const Comparison& comparison) {
  std::string path;
  for (const PathName& name : comparison.path) {
    absl::StrAppend(&path, path.empty() ? "" : ".", PrintName(name.text));
  }
  return absl::StrCat(path, " ", ToAbsl(TextOf(comparison.op)), " ",
                      PrintOperand(comparison.operand));
}

// Whether a part of `whole` needs parentheses. Never where the text it was read from had none, so
// that what is printed is no deeper.
bool NeedsParentheses(Expression::Kind whole, Expression::Kind part) {
  switch (part) {
    case Expression::Kind::kComparison:
      return false;
    case Expression::Kind::kNot:
      return whole == Expression::Kind::kNot;
    case Expression::Kind::kOr:
      return whole != Expression::Kind::kAnd;
    case Expression::Kind::kAnd:
      return true;
  }
  return true;
}

std::string PrintPart(Expression::Kind whole, const Expression& part) {
  return NeedsParentheses(whole, part.kind) ? absl::StrCat("(", Print(part), ")") : Print(part);
}

}  // namespace

std::string_view TextOf(Operator op) {
  switch (op) {
    case Operator::kEqual:
      return "=";
    case Operator::kNotEqual:
      return "!=";
    case Operator::kLess:
      return "<";
    case Operator::kLessOrEqual:
      return "<=";
    case Operator::kGreater:
      return ">";
    case Operator::kGreaterOrEqual:
      return ">=";
    case Operator::kHas:
      return ":";
  }
  return "";
}

std::string Print(const Expression& expression) {
  switch (expression.kind) {
    case Expression::Kind::kComparison:
      return PrintComparison(expression.comparison);
    case Expression::Kind::kNot:
      return absl::StrCat("NOT ", PrintPart(expression.kind, expression.parts.front()));
    case Expression::Kind::kAnd:
    case Expression::Kind::kOr: {
      const std::string_view between = expression.kind == Expression::Kind::kAnd ? " AND " : " OR ";
      std::string text;
      for (const Expression& part : expression.parts) {
        absl::StrAppend(&text, text.empty() ? "" : ToAbsl(between),
                        PrintPart(expression.kind, part));
      }
      return text;
    }
  }
  return "";
}

}  // namespace atestore::inline v0::filter
