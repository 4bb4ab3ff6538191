#pragma once

#include <rapidcheck.h>

#include <string>
#include <vector>

#include "store/filter/expression.h"

namespace atestore {

// Generated filters that fit ateapi.Actor, about values that the generated actors of
// actor_json_gen.h and the keys below often have.
class FilterGen {
 public:
  // Of at most so many levels.
  static filter::Expression Expression(int depth) {
    using Kind = filter::Expression::Kind;
    filter::Expression expression;
    const int choice =
        depth == 0 ? 0 : *rc::gen::weightedElement<int>({{4, 0}, {2, 1}, {3, 2}, {3, 3}});
    if (choice == 0) {
      expression.comparison = Comparison();
      return expression;
    }
    expression.kind = choice == 1 ? Kind::kNot : choice == 2 ? Kind::kAnd : Kind::kOr;
    const int parts = choice == 1 ? 1 : *rc::gen::inRange(2, 4);
    for (int i = 0; i < parts; ++i) expression.parts.push_back(Expression(depth - 1));
    return expression;
  }

 private:
  using Operator = filter::Operator;

  static filter::Comparison Comparison() {
    switch (*rc::gen::inRange(0, 10)) {
      case 0:
        return {.path = Path({"version"}),
                .op = AnyOperator(),
                .operand = {.text = *rc::gen::element<std::string>("5", "17", "0", "-3")}};
      case 1:
        return {.path = Path({*rc::gen::element<std::string>("status")}),
                .op = *rc::gen::element(Operator::kEqual, Operator::kNotEqual, Operator::kHas),
                .operand = {.text = *rc::gen::element<std::string>("STATUS_RUNNING", "PAUSED",
                                                                   "UNSPECIFIED")}};
      case 2:
        return {.path = *rc::gen::element(
                    Path({"latest_snapshot_info"}), Path({"latest_snapshot_info", "local"}),
                    Path({"latestSnapshotInfo", "external"}), Path({"worker_selector"}),
                    Path({"worker_selector", "match_labels"}), Path({"status"}), Path({"version"}),
                    Path({"ateom_pod_ip"})),
                .op = Operator::kHas,
                .operand = {.any_before = true, .any_after = true}};
      case 3:
        return {.path = Path({"latest_snapshot_info", "local", "node_vms_with_local_snapshots"}),
                .op = Operator::kHas,
                .operand = Text()};
      case 4: {
        filter::Operand key = Text();
        key.any_before = key.any_after = false;
        return {.path = Path({"worker_selector", "match_labels"}),
                .op = Operator::kHas,
                .operand = key};
      }
      case 5:
        return OfText(Path({"worker_selector", "match_labels",
                            *rc::gen::element<std::string>("status", "unknown", "a.b/c", "")}));
      case 6:
      case 7:
      case 8:
        return OfText(Path({*rc::gen::element<std::string>("atespace", "actor_id", "actorId")}));
      default:
        return OfText(
            *rc::gen::element(Path({"ateom_pod_ip"}),
                              Path({"latest_snapshot_info", "external", "snapshot_uri_prefix"}),
                              Path({"latest_snapshot_info", "local", "snapshot_prefix"})));
    }
  }

  static filter::Comparison OfText(std::vector<filter::PathName> path) {
    filter::Comparison comparison{.path = std::move(path), .op = AnyOperator(), .operand = Text()};
    const Operator op = comparison.op;
    if (op != Operator::kEqual && op != Operator::kNotEqual && op != Operator::kHas) {
      comparison.operand.any_before = comparison.operand.any_after = false;
    }
    return comparison;
  }

  static Operator AnyOperator() {
    return *rc::gen::element(Operator::kEqual, Operator::kNotEqual, Operator::kLess,
                             Operator::kLessOrEqual, Operator::kGreater, Operator::kGreaterOrEqual,
                             Operator::kHas);
  }

  static filter::Operand Text() {
    filter::Operand operand{.text = *rc::gen::element<std::string>(
                                "a", "", "gs://", "b/c", "\xc3\xa9", "*", "\\\"'", "AND", "s-1"),
                            .quoted = true};
    if (*rc::gen::inRange(0, 4) == 0) operand.any_before = true;
    if (*rc::gen::inRange(0, 4) == 0) operand.any_after = true;
    // "*" is one star, not two.
    if (operand.text.empty() && operand.has_wildcard()) {
      operand.any_before = operand.any_after = true;
    }
    return operand;
  }

  static std::vector<filter::PathName> Path(std::vector<std::string> names) {
    std::vector<filter::PathName> path;
    for (std::string& name : names) path.push_back({.text = std::move(name)});
    return path;
  }
};

}  // namespace atestore
