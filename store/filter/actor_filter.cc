#include "store/filter/actor_filter.h"

#include <algorithm>
#include <utility>

#include "core/status.h"

namespace atestore::inline v0 {
namespace {

using filter::Operand;
using filter::Operator;

bool IsLike(std::string_view text, const Operand& operand) {
  if (operand.any_before && operand.any_after) {
    return text.find(operand.text) != std::string_view::npos;
  }
  if (operand.any_before) return text.ends_with(operand.text);
  if (operand.any_after) return text.starts_with(operand.text);
  return text == operand.text;
}

template <typename Value>
bool Compare(Operator op, const Value& left, const Value& right) {
  switch (op) {
    case Operator::kLess:
      return left < right;
    case Operator::kLessOrEqual:
      return left <= right;
    case Operator::kGreater:
      return left > right;
    case Operator::kGreaterOrEqual:
      return left >= right;
    case Operator::kNotEqual:
      return left != right;
    case Operator::kEqual:
    case Operator::kHas:
      return left == right;
  }
  return false;
}

bool TextHolds(std::string_view text, Operator op, const Operand& operand) {
  switch (op) {
    case Operator::kEqual:
      return IsLike(text, operand);
    case Operator::kNotEqual:
      return !IsLike(text, operand);
    case Operator::kHas:
      if (operand.is_anything()) return !text.empty();
      if (operand.has_wildcard()) return IsLike(text, operand);
      return text.find(operand.text) != std::string_view::npos;
    default:
      return Compare(op, text, std::string_view(operand.text));
  }
}

bool LabelsHold(const google::protobuf::Map<std::string, std::string>& labels,
                const Operand& operand) {
  return operand.is_anything() ? !labels.empty() : labels.contains(operand.text);
}

bool EntryHolds(const google::protobuf::Map<std::string, std::string>& labels,
                const std::string& key, Operator op, const Operand& operand) {
  const auto entry = labels.find(key);
  if (entry == labels.end()) return op == Operator::kNotEqual;
  if (op == Operator::kHas && operand.is_anything()) return true;
  return TextHolds(entry->second, op, operand);
}

bool StringsHold(const google::protobuf::RepeatedPtrField<std::string>& strings,
                 const Operand& operand) {
  if (operand.is_anything()) return !strings.empty();
  return std::any_of(strings.begin(), strings.end(),
                     [&](const std::string& text) { return IsLike(text, operand); });
}

bool IsName(const ActorField& field) { return ActorNameFields().Has(field.top_number); }

}  // namespace

absl::StatusOr<ActorFilter> ActorFilter::Parse(std::string_view text) {
  ActorFilter parsed;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return parsed;
  absl::StatusOr<filter::Expression> expression = filter::Parse(text);
  if (!expression.ok()) return expression.status();
  absl::StatusOr<Node> root = parsed.Check(*expression);
  if (!root.ok()) return root.status();
  parsed.root_ = *std::move(root);
  return parsed;
}

absl::StatusOr<ActorFilter::Node> ActorFilter::Check(const filter::Expression& expression) {
  Node node{.kind = expression.kind};
  if (expression.kind == filter::Expression::Kind::kComparison) {
    absl::StatusOr<filter::Test> test = filter::CheckComparison(expression.comparison);
    if (!test.ok()) return test.status();
    if (!IsName(*test->field)) fields_.Add(test->field->top_number);
    node.test = *std::move(test);
  }
  for (const filter::Expression& part : expression.parts) {
    absl::StatusOr<Node> checked = Check(part);
    if (!checked.ok()) return checked.status();
    node.parts.push_back(*std::move(checked));
  }
  return node;
}

// By Kleene's logic: what is unknown stays so only where it matters.
template <typename Decide>
std::optional<bool> ActorFilter::Evaluate(const Node& node, const Decide& decide) {
  switch (node.kind) {
    case filter::Expression::Kind::kComparison:
      return decide(node.test);
    case filter::Expression::Kind::kNot: {
      const std::optional<bool> part = Evaluate(node.parts.front(), decide);
      if (!part) return std::nullopt;
      return !*part;
    }
    case filter::Expression::Kind::kAnd:
    case filter::Expression::Kind::kOr: {
      const bool decisive = node.kind == filter::Expression::Kind::kOr;
      std::optional<bool> result = !decisive;
      for (const Node& each : node.parts) {
        const std::optional<bool> part = Evaluate(each, decide);
        if (part == decisive) return part;
        if (!part) result = std::nullopt;
      }
      return result;
    }
  }
  return std::nullopt;
}

std::optional<bool> ActorFilter::DecideOnKey(const ActorKeyParts& key) const {
  if (!root_) return true;
  return Evaluate(*root_, [&](const filter::Test& test) -> std::optional<bool> {
    if (!IsName(*test.field)) return std::nullopt;
    const bool is_id = test.field->top_number == ateapi::Actor::kActorIdFieldNumber;
    return TextHolds(is_id ? key.actor_id : key.atespace, test.op, test.operand);
  });
}

bool ActorFilter::Matches(const ateapi::Actor& actor) const {
  if (!root_) return true;
  return *Evaluate(
      *root_, [&](const filter::Test& test) -> std::optional<bool> { return Holds(test, actor); });
}

bool ActorFilter::Holds(const filter::Test& test, const ateapi::Actor& actor) {
  const ActorField& field = *test.field;
  switch (field.kind) {
    case FieldKind::kString:
      return TextHolds(field.text(actor), test.op, test.operand);
    case FieldKind::kInt64:
    case FieldKind::kEnum:
      if (test.operand.is_anything()) return field.number(actor) != 0;
      return Compare(test.op, field.number(actor), test.number);
    case FieldKind::kMessage:
      return field.is_set(actor);
    case FieldKind::kLabels:
      return test.is_entry ? EntryHolds(field.labels(actor), test.label, test.op, test.operand)
                           : LabelsHold(field.labels(actor), test.operand);
    case FieldKind::kStrings:
      return StringsHold(field.strings(actor), test.operand);
  }
  return false;
}

}  // namespace atestore::inline v0
