#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/error_info.h"
#include "store/filter/expression.h"
#include "store/filter/lexer.h"

namespace atestore::inline v0::filter {
namespace {

bool IsKeyword(std::string_view text) { return text == "AND" || text == "OR" || text == "NOT"; }

std::string Quoted(const Token& token) {
  if (token.kind == TokenKind::kEnd) return "the end";
  return absl::StrCat("\"", ToAbsl(token.text), "\"");
}

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  absl::StatusOr<Expression> Whole() {
    absl::StatusOr<Expression> expression = Filter();
    if (!expression.ok()) return expression;
    const Token& token = Peek();
    if (token.kind == TokenKind::kEnd) return expression;
    if (token.kind == TokenKind::kClose) return FlawAt(token.place, "\")\" without its \"(\"");
    return FlawAt(token.place, absl::StrCat("expected AND or OR, found ", Quoted(token)));
  }

 private:
  using Part = absl::StatusOr<Expression> (Parser::*)();

  absl::StatusOr<Expression> Filter() {
    return Series("AND", Expression::Kind::kAnd, &Parser::Factor);
  }
  absl::StatusOr<Expression> Factor() { return Series("OR", Expression::Kind::kOr, &Parser::Term); }

  absl::StatusOr<Expression> Series(std::string_view keyword, Expression::Kind kind, Part part) {
    absl::StatusOr<Expression> first = (this->*part)();
    if (!first.ok() || !IsText(keyword)) return first;
    Expression series{.kind = kind};
    series.parts.push_back(*std::move(first));
    while (IsText(keyword)) {
      Take();
      absl::StatusOr<Expression> next = (this->*part)();
      if (!next.ok()) return next;
      series.parts.push_back(*std::move(next));
    }
    return series;
  }

  absl::StatusOr<Expression> Term() {
    bool negated = IsText("NOT");
    if (negated) {
      Take();
    } else if (Peek().kind == TokenKind::kText && Peek().text.front() == '-') {
      // "-" and what it negates are one text to the lexer, as in a number.
      negated = true;
      Token& token = tokens_[next_];
      token.text.remove_prefix(1);
      ++token.place;
      if (token.text.empty()) Take();
    }
    absl::StatusOr<Expression> simple =
        Peek().kind == TokenKind::kOpen ? InParentheses() : OneComparison();
    if (!simple.ok() || !negated) return simple;
    Expression expression{.kind = Expression::Kind::kNot};
    expression.parts.push_back(*std::move(simple));
    return expression;
  }

  absl::StatusOr<Expression> InParentheses() {
    const Token open = Take();
    if (++depth_ > kFilterDepthMax) {
      return FlawAt(open.place,
                    absl::StrCat("more than ", kFilterDepthMax, " parentheses in each other"));
    }
    absl::StatusOr<Expression> inside = Filter();
    if (!inside.ok()) return inside;
    --depth_;
    if (Peek().kind == TokenKind::kClose) {
      Take();
      return inside;
    }
    if (Peek().kind == TokenKind::kEnd) return FlawAt(open.place, "\"(\" without its \")\"");
    return FlawAt(Peek().place, absl::StrCat("expected AND, OR or \")\", found ", Quoted(Peek())));
  }

  absl::StatusOr<Expression> OneComparison() {
    Expression expression;
    Comparison& comparison = expression.comparison;
    const size_t begin = Peek().place;
    if (++terms_ > kFilterTermsMax) {
      return FlawAt(begin, absl::StrCat("more than ", kFilterTermsMax, " comparisons"));
    }
    if (absl::Status status = Path(&comparison.path); !status.ok()) return status;
    const Token& op = Peek();
    if (op.kind == TokenKind::kOpen) return FlawAt(begin, "functions are not supported");
    if (op.kind != TokenKind::kOperator) {
      return FlawAt(op.place, absl::StrCat("expected a comparison (= != < <= > >= :) with \"",
                                           comparison.path.front().text, "\", found ", Quoted(op)));
    }
    comparison.op = op.op;
    comparison.op_place = op.place;
    Take();
    absl::StatusOr<Operand> operand = Value();
    if (!operand.ok()) return operand.status();
    comparison.operand = *std::move(operand);
    return expression;
  }

  absl::Status Path(std::vector<PathName>* path) {
    for (;;) {
      const Token name = Take();
      const bool keyword = path->empty() && name.kind == TokenKind::kText && IsKeyword(name.text);
      if ((name.kind != TokenKind::kText && name.kind != TokenKind::kString) || keyword) {
        return FlawAt(name.place,
                      absl::StrCat("expected the name of a field, found ", Quoted(name)));
      }
      std::string text(name.text);
      if (name.kind == TokenKind::kString) {
        // In a name a star is a star.
        absl::StatusOr<Operand> operand = Unquote(name, /*stars=*/false);
        if (!operand.ok()) return operand.status();
        text = std::move(operand->text);
      }
      path->push_back({.text = std::move(text), .place = name.place});
      if (Peek().kind != TokenKind::kDot || Peek().place != name.end()) return absl::OkStatus();
      const Token dot = Take();
      if (Peek().place != dot.end()) return FlawAt(dot.end(), "expected a name after the dot");
    }
  }

  absl::StatusOr<Operand> Value() {
    const Token first = Peek();
    if (first.kind == TokenKind::kString) return Unquote(Take(), /*stars=*/true);
    if (first.kind == TokenKind::kOpen) {
      return FlawAt(first.place,
                    "a field is compared with one value; write one comparison for each, "
                    "with OR between them");
    }
    const bool is_text = first.kind == TokenKind::kText || first.kind == TokenKind::kDot;
    if (!is_text || (first.kind == TokenKind::kText && IsKeyword(first.text))) {
      return FlawAt(first.place, absl::StrCat("expected a value, found ", Quoted(first),
                                              first.kind == TokenKind::kText ? "; quote it" : ""));
    }
    // Text and dots without space between them: a number, an address.
    std::string text;
    size_t end = first.place;
    while ((Peek().kind == TokenKind::kText || Peek().kind == TokenKind::kDot) &&
           Peek().place == end) {
      const Token token = Take();
      text.append(token.text);
      end = token.end();
    }
    if (Peek().place == end && Peek().kind == TokenKind::kOperator) {
      return FlawAt(end, absl::StrCat("quote a value that holds ", Quoted(Peek())));
    }
    std::vector<bool> is_star(text.size());
    for (size_t i = 0; i < text.size(); ++i) is_star[i] = text[i] == '*';
    return WithWildcards(Operand{.text = std::move(text), .place = first.place}, is_star);
  }

  // The text of a string; stars that are not escaped are wildcards where `stars`.
  static absl::StatusOr<Operand> Unquote(const Token& token, bool stars) {
    Operand operand{.quoted = true, .place = token.place};
    std::vector<bool> is_star;
    const std::string_view inside = token.text.substr(1, token.text.size() - 2);
    for (size_t i = 0; i < inside.size(); ++i) {
      const bool escaped = inside[i] == '\\';
      if (escaped) ++i;
      if (escaped && std::string_view("\"'\\*").find(inside[i]) == std::string_view::npos) {
        return FlawAt(token.place + i, "a backslash goes before \" ' \\ or * only");
      }
      operand.text.push_back(inside[i]);
      is_star.push_back(stars && !escaped && inside[i] == '*');
    }
    return WithWildcards(std::move(operand), is_star);
  }

  static absl::StatusOr<Operand> WithWildcards(Operand operand, const std::vector<bool>& is_star) {
    size_t begin = 0;
    size_t end = is_star.size();
    operand.any_before = begin < end && is_star[begin];
    operand.any_after = begin < end && is_star[end - 1];
    if (operand.any_before) ++begin;
    if (operand.any_after && begin < end) --end;
    for (size_t i = begin; i < end; ++i) {
      if (is_star[i]) {
        return FlawAt(operand.place,
                      "* stands for anything at the beginning and the end of a value "
                      "only; a star itself is written \\* in quotes");
      }
    }
    operand.text = operand.text.substr(begin, end - begin);
    return operand;
  }

  const Token& Peek() const { return tokens_[next_]; }
  Token Take() {
    const Token token = tokens_[next_];
    if (token.kind != TokenKind::kEnd) ++next_;
    return token;
  }
  bool IsText(std::string_view text) const {
    return Peek().kind == TokenKind::kText && Peek().text == text;
  }

  std::vector<Token> tokens_;
  size_t next_ = 0;
  size_t depth_ = 0;
  size_t terms_ = 0;
};

}  // namespace

absl::Status FlawAt(size_t place, std::string_view what) {
  return WithErrorInfo(
      InvalidArgumentError(absl::StrCat("filter: character ", place + 1, ": ", ToAbsl(what))),
      {.reason = "FILTER_INVALID", .field = "filter"});
}

absl::StatusOr<Expression> Parse(std::string_view text) {
  if (text.size() > kFilterBytesMax) {
    return FlawAt(kFilterBytesMax, absl::StrCat("the filter is longer than ", kFilterBytesMax,
                                                " bytes: it has ", text.size()));
  }
  absl::StatusOr<std::vector<Token>> tokens = Tokenize(text);
  if (!tokens.ok()) return tokens.status();
  return Parser(*std::move(tokens)).Whole();
}

}  // namespace atestore::inline v0::filter
