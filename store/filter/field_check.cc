#include "store/filter/field_check.h"

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/status.h"

namespace atestore::inline v0::filter {
namespace {

// The names of the fields right below `path` (empty: of the actor).
std::string FieldsBelow(std::string_view path) {
  std::vector<std::string> names;
  for (const ActorField& field : AllActorFields()) {
    std::string_view name = field.path;
    if (!path.empty()) {
      if (!name.starts_with(path) || name.size() == path.size()) continue;
      name.remove_prefix(path.size());
      if (name.front() != '.') continue;
      name.remove_prefix(1);
    }
    if (name.find('.') == std::string_view::npos) names.emplace_back(name);
  }
  return absl::StrJoin(names, ", ");
}

absl::Status NoSuchField(const ActorField* parent, const PathName& name) {
  if (parent == nullptr) {
    return FlawAt(name.place, absl::StrCat("an actor has no field \"", name.text,
                                           "\"; it has: ", FieldsBelow("")));
  }
  const std::string below = FieldsBelow(parent->path);
  return FlawAt(name.place,
                absl::StrCat("\"", ToAbsl(parent->path), "\" has no field \"", name.text, "\"",
                             below.empty() ? "" : "; it has: ", below));
}

absl::Status FindField(const std::vector<PathName>& path, Test* test) {
  std::string text;
  for (const PathName& name : path) {
    if (test->field != nullptr && test->field->kind == FieldKind::kLabels && !test->is_entry) {
      test->is_entry = true;
      test->label = name.text;
      continue;
    }
    absl::StrAppend(&text, text.empty() ? "" : ".", name.text);
    // A dot inside a name separates nothing.
    const bool possible = !test->is_entry && name.text.find('.') == std::string::npos;
    const ActorField* field = possible ? FindActorField(text) : nullptr;
    if (field == nullptr && test->is_entry) {
      return FlawAt(name.place, "the value of a label has no fields; quote a key that holds dots");
    }
    if (field == nullptr) return NoSuchField(test->field, name);
    test->field = field;
  }
  return absl::OkStatus();
}

absl::Status Unfit(const Comparison& comparison, std::string_view rule) {
  return FlawAt(comparison.op_place, absl::StrCat("\"", ToAbsl(TextOf(comparison.op)),
                                                  "\" does not fit: ", ToAbsl(rule)));
}

bool IsOrder(Operator op) {
  return op != Operator::kEqual && op != Operator::kNotEqual && op != Operator::kHas;
}

absl::Status CheckText(const Comparison& comparison) {
  if (!IsOrder(comparison.op) || !comparison.operand.has_wildcard()) return absl::OkStatus();
  return FlawAt(comparison.operand.place,
                "* stands for anything with =, != and : only; a star itself is written \\* in "
                "quotes");
}

absl::Status CheckNumber(const Comparison& comparison, Test* test) {
  const Operand& operand = comparison.operand;
  if (comparison.op == Operator::kHas && operand.is_anything()) return absl::OkStatus();
  const bool bare = !operand.quoted && !operand.has_wildcard();
  if (bare && absl::SimpleAtoi(operand.text, &test->number)) return absl::OkStatus();
  return FlawAt(operand.place, absl::StrCat("\"", ToAbsl(test->field->path),
                                            "\" is a number: compare it with a whole number of at "
                                            "most 64 bits, without quotes"));
}

absl::Status CheckEnum(const Comparison& comparison, Test* test) {
  const Operand& operand = comparison.operand;
  if (IsOrder(comparison.op)) {
    return Unfit(comparison, absl::StrCat("the values of \"", ToAbsl(test->field->path),
                                          "\" have no order; use = or !="));
  }
  if (comparison.op == Operator::kHas && operand.is_anything()) return absl::OkStatus();
  const google::protobuf::EnumDescriptor& names = *test->field->enumeration();
  if (!operand.has_wildcard()) {
    const std::string_view prefix = EnumPrefix(*test->field);
    const auto* value = names.FindValueByName(operand.text);
    if (value == nullptr) {
      value = names.FindValueByName(absl::StrCat(ToAbsl(prefix), operand.text));
    }
    if (value != nullptr) {
      test->number = value->number();
      return absl::OkStatus();
    }
  }
  std::vector<std::string> all;
  for (int i = 0; i < names.value_count(); ++i) all.push_back(names.value(i)->name());
  return FlawAt(operand.place, absl::StrCat("\"", ToAbsl(test->field->path),
                                            "\" is one of: ", absl::StrJoin(all, ", ")));
}

absl::Status CheckHasOnly(const Comparison& comparison, const Test& test) {
  const Operand& operand = comparison.operand;
  const FieldKind kind = test.field->kind;
  const std::string path = absl::StrCat("\"", ToAbsl(test.field->path), "\"");
  if (comparison.op != Operator::kHas) {
    return Unfit(comparison, kind == FieldKind::kMessage
                                 ? absl::StrCat(path, " is a message: compare one of its fields (",
                                                FieldsBelow(test.field->path), "), or write :*")
                                 : absl::StrCat(path, " holds many values: use :"));
  }
  if (kind == FieldKind::kMessage && !operand.is_anything()) {
    return FlawAt(operand.place, absl::StrCat(path, " is a message: only :* can be asked of it"));
  }
  const bool is_key = kind == FieldKind::kLabels && !operand.is_anything();
  if (is_key && operand.has_wildcard()) {
    return FlawAt(operand.place, "a key is looked up whole: no * in it");
  }
  return absl::OkStatus();
}

absl::Status CheckOperand(const Comparison& comparison, Test* test) {
  switch (test->field->kind) {
    case FieldKind::kString:
      return CheckText(comparison);
    case FieldKind::kInt64:
      return CheckNumber(comparison, test);
    case FieldKind::kEnum:
      return CheckEnum(comparison, test);
    case FieldKind::kLabels:
      return test->is_entry ? CheckText(comparison) : CheckHasOnly(comparison, *test);
    case FieldKind::kMessage:
    case FieldKind::kStrings:
      return CheckHasOnly(comparison, *test);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Test> CheckComparison(const Comparison& comparison) {
  Test test{.op = comparison.op, .operand = comparison.operand};
  if (absl::Status status = FindField(comparison.path, &test); !status.ok()) return status;
  if (absl::Status status = CheckOperand(comparison, &test); !status.ok()) return status;
  return test;
}

}  // namespace atestore::inline v0::filter
