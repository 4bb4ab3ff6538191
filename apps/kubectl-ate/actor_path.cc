#include "apps/kubectl-ate/actor_path.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apps/kubectl-ate/records.h"
#include "core/status.h"
#include "store/codec/actor_json.h"

namespace atestore::cli {
namespace {

// Reads the steps of a path, one after the other.
class PathReader {
 public:
  PathReader(std::string_view text, size_t begin) : text_(text), begin_(begin) {}

  absl::StatusOr<ActorPath> Read() {
    bool first = true;
    while (at_ < text_.size()) {
      absl::Status status;
      if (text_[at_] == '[') {
        status = Bracket();
      } else if (text_[at_] == '.') {
        status = Dotted(first);
      } else if (first && IsNameByte(text_[at_])) {
        status = Name();
      } else {
        break;
      }
      if (!status.ok()) return status;
      first = false;
    }
    return path_;
  }
  size_t length() const { return at_; }

 private:
  static bool IsNameByte(char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '/' ||
           c == '\\';
  }

  absl::Status Flaw(size_t at, std::string_view what) const { return PathFlaw(begin_ + at, what); }

  absl::Status Dotted(bool first) {
    const size_t dot = at_++;
    if (at_ < text_.size() && text_[at_] == '.') {
      return Flaw(dot, "\"..\" is not supported: name the field");
    }
    if (at_ < text_.size() && IsNameByte(text_[at_])) return Name();
    // "." alone is the whole actor.
    if (first && (at_ == text_.size() || text_[at_] != '[')) return absl::OkStatus();
    if (at_ < text_.size() && text_[at_] == '[') return absl::OkStatus();
    return Flaw(dot, "expected a name after the dot");
  }

  absl::Status Name() {
    const size_t begin = at_;
    std::string name;
    for (; at_ < text_.size() && IsNameByte(text_[at_]); ++at_) {
      // kubectl's way to have dots in a name.
      if (text_[at_] == '\\' && ++at_ == text_.size()) return Flaw(begin, "a backslash at the end");
      name += text_[at_];
    }
    return Step(begin, name);
  }

  absl::Status Bracket() {
    const size_t begin = at_++;
    const size_t end = text_.find(']', at_);
    if (end == std::string_view::npos) return Flaw(begin, "\"[\" without its \"]\"");
    const std::string_view inside = text_.substr(at_, end - at_);
    at_ = end + 1;
    const bool quoted =
        inside.size() >= 2 && (inside[0] == '\'' || inside[0] == '"') && inside.back() == inside[0];
    if (quoted) {
      std::string name(inside.substr(1, inside.size() - 2));
      name.erase(std::remove(name.begin(), name.end(), '\\'), name.end());
      return Step(begin, name);
    }
    return Element(begin, inside);
  }

  absl::Status Element(size_t begin, std::string_view inside) {
    const bool number = !inside.empty() && inside.size() < 10 &&
                        std::all_of(inside.begin(), inside.end(), [](char c) {
                          return absl::ascii_isdigit(static_cast<unsigned char>(c));
                        });
    if (!number && inside != "*") {
      return Flaw(begin, inside.starts_with("?")
                             ? "conditions are not supported here: --filter selects actors"
                             : "expected [*], [NUMBER] or ['NAME']");
    }
    const bool list = path_.field != nullptr && path_.field->kind == FieldKind::kStrings;
    if (!list || path_.index || path_.each) {
      return Flaw(begin, "this is not a list");
    }
    if (inside == "*") {
      path_.each = true;
    } else {
      path_.index = static_cast<size_t>(std::stoul(std::string(inside)));
    }
    return absl::OkStatus();
  }

  absl::Status Step(size_t begin, const std::string& name) {
    if (path_.field != nullptr && path_.field->kind == FieldKind::kLabels && !path_.label) {
      path_.label = name;
      return absl::OkStatus();
    }
    absl::StrAppend(&names_, names_.empty() ? "" : ".", name);
    const bool leaf =
        path_.label || path_.index || path_.each || name.find('.') != std::string::npos;
    const ActorField* field = leaf ? nullptr : FindActorField(names_);
    if (field == nullptr) {
      return Flaw(begin, absl::StrCat("an actor has no field \"", names_,
                                      "\"; it has: ", absl::StrJoin(Known(), ", ")));
    }
    path_.field = field;
    return absl::OkStatus();
  }

  std::vector<std::string> Known() const {
    std::vector<std::string> names;
    for (const ActorField& field : AllActorFields()) {
      if (field.path.find('.') == std::string_view::npos) names.emplace_back(field.json_path);
    }
    return names;
  }

  const std::string_view text_;
  const size_t begin_;
  size_t at_ = 0;
  std::string names_;
  ActorPath path_;
};

std::optional<std::string> TextOrNothing(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

std::string JsonOfMessage(const ActorField& field, const ateapi::Actor& actor) {
  std::string json;
  if (field.path == "latest_snapshot_info") {
    AppendSnapshotJson(actor.latest_snapshot_info(), &json);
  } else if (field.path == "worker_selector") {
    AppendSelectorJson(actor.worker_selector(), &json);
  } else if (field.path == "latest_snapshot_info.external") {
    json = JsonOf(actor.latest_snapshot_info().external());
  } else {
    json = JsonOf(actor.latest_snapshot_info().local());
  }
  return json;
}

std::optional<std::string> ValueOfList(const ActorPath& path, const ateapi::Actor& actor,
                                       std::string_view between) {
  const auto& strings = path.field->strings(actor);
  if (path.index) {
    if (*path.index >= static_cast<size_t>(strings.size())) return std::nullopt;
    return strings.at(static_cast<int>(*path.index));
  }
  if (strings.empty()) return std::nullopt;
  if (path.each) return absl::StrJoin(strings, ToAbsl(between));
  std::string json = "[";
  for (const std::string& text : strings) {
    if (json.size() > 1) json += ',';
    AppendJsonString(text, &json);
  }
  return json + "]";
}

std::optional<std::string> ValueOfLabels(const ActorPath& path, const ateapi::Actor& actor) {
  const auto& labels = path.field->labels(actor);
  if (path.label) {
    const auto label = labels.find(*path.label);
    if (label == labels.end()) return std::nullopt;
    return label->second;
  }
  if (labels.empty()) return std::nullopt;
  std::string json;
  AppendSelectorJson(actor.worker_selector(), &json);
  // {"matchLabels":{…}}
  constexpr std::string_view kBefore = "{\"matchLabels\":";
  return json.substr(kBefore.size(), json.size() - kBefore.size() - 1);
}

}  // namespace

absl::Status PathFlaw(size_t place, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("character ", place + 1, ": ", ToAbsl(what)));
}

absl::StatusOr<ActorPath> TakeActorPath(std::string_view* text, size_t begin) {
  PathReader reader(*text, begin);
  absl::StatusOr<ActorPath> path = reader.Read();
  if (path.ok()) text->remove_prefix(reader.length());
  return path;
}

std::optional<std::string> ValueAt(const ActorPath& path, const ateapi::Actor& actor,
                                   std::string_view between) {
  if (path.field == nullptr) return JsonOf(actor);
  switch (path.field->kind) {
    case FieldKind::kString:
      return TextOrNothing(path.field->text(actor));
    case FieldKind::kInt64:
    case FieldKind::kEnum: {
      const int64_t number = path.field->number(actor);
      if (number == 0) return std::nullopt;
      return path.field->kind == FieldKind::kEnum ? EnumName(*path.field, number)
                                                  : absl::StrCat(number);
    }
    case FieldKind::kMessage:
      if (!path.field->is_set(actor)) return std::nullopt;
      return JsonOfMessage(*path.field, actor);
    case FieldKind::kLabels:
      return ValueOfLabels(path, actor);
    case FieldKind::kStrings:
      return ValueOfList(path, actor, between);
  }
  return std::nullopt;
}

std::string MaskPathOf(const ActorPath& path) {
  if (path.field == nullptr) return "";
  return std::string(path.field->path.substr(0, path.field->path.find('.')));
}

}  // namespace atestore::cli
