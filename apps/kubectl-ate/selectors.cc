#include "apps/kubectl-ate/selectors.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/status.h"
#include "store/codec/actor_fields.h"

namespace atestore::cli {
namespace {

struct Requirement {
  std::string name;
  std::string op;  // "=", "!=" or empty: the name alone
  std::string value;
};

Requirement Split(const std::string& text) {
  const size_t at = text.find_first_of("=!<>:~");
  if (at == std::string::npos || at == 0) return {.name = text, .op = "", .value = ""};
  std::string_view rest = std::string_view(text).substr(at);
  for (const std::string_view op : {"!=", "==", "="}) {
    if (rest.starts_with(op)) {
      return {.name = std::string(absl::StripAsciiWhitespace(text.substr(0, at))),
              .op = op == "!=" ? "!=" : "=",
              .value = std::string(absl::StripAsciiWhitespace(ToAbsl(rest.substr(op.size()))))};
    }
  }
  return {.name = text, .op = "", .value = ""};
}

// A string of the filter language that stands for itself.
std::string Quoted(std::string_view text, bool stars) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || (stars && c == '*')) quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

absl::StatusOr<std::string> FieldTerm(const std::string& text) {
  const Requirement requirement = Split(text);
  const ActorField* field = FindActorField(requirement.name);
  const bool label = requirement.name.starts_with("worker_selector.match_labels.") ||
                     requirement.name.starts_with("workerSelector.matchLabels.");
  if (requirement.op.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--field-selector: \"", text, "\" must be FIELD=VALUE or FIELD!=VALUE"));
  }
  if (field == nullptr && !label) {
    std::vector<std::string> names;
    for (const ActorField& known : AllActorFields()) names.emplace_back(known.path);
    return absl::InvalidArgumentError(absl::StrCat("--field-selector: an actor has no field \"",
                                                   requirement.name,
                                                   "\"; it has: ", absl::StrJoin(names, ", ")));
  }
  // The filter language has numbers without quotes.
  const bool number = field != nullptr && field->kind == FieldKind::kInt64;
  return absl::StrCat(requirement.name, " ", requirement.op, " ",
                      number ? requirement.value : Quoted(requirement.value, /*stars=*/true));
}

absl::StatusOr<std::string> LabelTerm(const std::string& text) {
  const bool absent = text.starts_with("!");
  const Requirement requirement = Split(absent ? text.substr(1) : text);
  const bool strange = requirement.name.empty() || (absent && !requirement.op.empty()) ||
                       requirement.name.find_first_of(" \t()<>~!:=") != std::string::npos;
  if (strange) {
    return absl::InvalidArgumentError(
        absl::StrCat("-l: \"", text,
                     "\" must be KEY=VALUE, KEY!=VALUE, KEY or !KEY; for \"in\", "
                     "give --filter with OR"));
  }
  const std::string label =
      absl::StrCat("worker_selector.match_labels.", Quoted(requirement.name, /*stars=*/false));
  if (!requirement.op.empty()) {
    return absl::StrCat(label, " ", requirement.op, " ", Quoted(requirement.value, /*stars=*/true));
  }
  return absl::StrCat(absent ? "NOT " : "", label, ":*");
}

template <typename Term>
absl::Status AddTerms(std::string_view selector, const Term& term,
                      std::vector<std::string>* terms) {
  for (const absl::string_view part :
       absl::StrSplit(ToAbsl(selector), ',', absl::SkipWhitespace())) {
    absl::StatusOr<std::string> text = term(std::string(absl::StripAsciiWhitespace(part)));
    if (!text.ok()) return text.status();
    terms->push_back(*std::move(text));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> FilterOf(std::string_view filter, std::string_view field_selector,
                                     std::string_view label_selector) {
  std::vector<std::string> terms;
  absl::Status status = AddTerms(field_selector, FieldTerm, &terms);
  if (status.ok()) status = AddTerms(label_selector, LabelTerm, &terms);
  if (!status.ok()) return status;
  const bool given = filter.find_first_not_of(" \t\r\n") != std::string_view::npos;
  if (given) {
    // As it is where it stands alone, so that places in errors are those of what was typed.
    terms.insert(terms.begin(),
                 terms.empty() ? std::string(filter) : absl::StrCat("(", ToAbsl(filter), ")"));
  }
  return absl::StrJoin(terms, " AND ");
}

}  // namespace atestore::cli
