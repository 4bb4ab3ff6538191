#include "apps/ateapi/authorization/policy.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <functional>
#include <optional>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/records/names.h"

namespace atestore {
namespace {

constexpr std::string_view kAll = "*";
// What is quoted of the file in a message.
constexpr size_t kQuotedMax = 80;

// The first mistake that was met; nothing is read after it.
class Mistake {
 public:
  bool At(const YAML::Mark& mark, std::string_view what) {
    if (!status_.ok()) return false;
    // A mark counts from zero; a node that is not there has none.
    const int line = mark.is_null() ? 1 : mark.line + 1;
    status_ = absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", ToAbsl(what)));
    return false;
  }
  const absl::Status& status() const { return status_; }

 private:
  absl::Status status_;
};

// The parser's own words quote the file as it is.
std::string OneLine(const std::string& message) {
  constexpr size_t kShownMax = 200;
  std::string line;
  for (const char c : message.substr(0, kShownMax)) {
    const bool printable = c >= ' ' && c < 0x7f;
    absl::StrAppend(&line, printable ? std::string(1, c) : PercentEscaped({&c, 1}));
  }
  return line;
}

// Hears what the parser says, to no purpose.
class Nothing final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

// YAML::LoadAll() of yaml-cpp 0.7 makes documents without end out of "," where a document begins.
bool HoldsOneDocument(const std::string& text) {
  std::istringstream input(text);
  YAML::Parser parser(input);
  Nothing nothing;
  return parser.HandleNextDocument(nothing) && !parser.HandleNextDocument(nothing);
}

std::string Quoted(const std::string& text) {
  return absl::StrCat("\"", PercentEscaped(std::string_view(text).substr(0, kQuotedMax)), "\"");
}

struct Binding {
  std::vector<std::string> subjects;
  std::vector<std::string> atespaces;
  std::optional<Role> role;
};

class Reader {
 public:
  const absl::Status& status() const { return mistake_.status(); }

  bool ReadPolicy(const YAML::Node& root, std::vector<Binding>& bindings) {
    if (!root.IsMap()) return mistake_.At(root.Mark(), "must be a mapping with \"bindings\"");
    std::optional<YAML::Node> list;
    bool read = ReadMap(root, [&](const std::string& key, const YAML::Node& value) {
      if (key != "bindings") return Unknown(key, value, "bindings");
      list = value;
      return true;
    });
    if (!read) return false;
    if (!list) return mistake_.At(root.Mark(), "\"bindings\" is missing");
    if (!list->IsSequence()) return mistake_.At(list->Mark(), "bindings: must be a list");
    if (list->size() > kPolicyItemsMax) return TooMany(*list, "bindings");
    for (const YAML::Node& item : *list) {
      if (!ReadBinding(item, bindings.emplace_back())) return false;
    }
    return true;
  }

 private:
  bool ReadBinding(const YAML::Node& node, Binding& binding) {
    if (!node.IsMap()) return mistake_.At(node.Mark(), "a binding must be a mapping");
    bool read = ReadMap(node, [&](const std::string& key, const YAML::Node& value) {
      if (key == "role") return ReadRole(value, binding);
      if (key == "subjects") {
        return ReadTexts(value, key, binding.subjects, [](const std::string& text) {
          return IsSubjectName(text)
                     ? ""
                     : "is not a subject: it must begin with spiffe://, uri:, dns:, "
                       "cn: or jwt: and hold no white space";
        });
      }
      if (key == "atespaces") {
        return ReadTexts(value, key, binding.atespaces, [](const std::string& text) {
          return text == kAll || CheckLabel(text, "").ok()
                     ? ""
                     : "is neither an atespace name nor \"*\"";
        });
      }
      return Unknown(key, value, "subjects, role and atespaces");
    });
    if (!read) return false;
    if (binding.subjects.empty()) return mistake_.At(node.Mark(), "\"subjects\" is missing");
    if (!binding.role) return mistake_.At(node.Mark(), "\"role\" is missing");
    if (binding.atespaces.empty()) return mistake_.At(node.Mark(), "\"atespaces\" is missing");
    return true;
  }

  bool ReadMap(const YAML::Node& node,
               const std::function<bool(const std::string&, const YAML::Node&)>& read) {
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) return mistake_.At(entry.first.Mark(), "a key must be a word");
      const std::string& key = entry.first.Scalar();
      if (!seen.insert(key).second) {
        return mistake_.At(entry.first.Mark(), absl::StrCat(Quoted(key), " appears twice"));
      }
      if (!read(key, entry.second)) return false;
    }
    return true;
  }

  bool ReadRole(const YAML::Node& node, Binding& binding) {
    if (node.IsScalar()) binding.role = ParseRole(node.Scalar());
    if (binding.role) return true;
    return mistake_.At(node.Mark(),
                       absl::StrCat("role: ", node.IsScalar() ? Quoted(node.Scalar()) : "this",
                                    " must be viewer, editor or admin"));
  }

  bool ReadTexts(const YAML::Node& node, const std::string& key, std::vector<std::string>& texts,
                 const std::function<std::string(const std::string&)>& problem) {
    if (!node.IsSequence() || node.size() == 0) {
      return mistake_.At(node.Mark(), absl::StrCat(key, ": must be a non-empty list"));
    }
    if (node.size() > kPolicyItemsMax) return TooMany(node, key);
    for (const YAML::Node& item : node) {
      if (!item.IsScalar()) return mistake_.At(item.Mark(), absl::StrCat(key, ": must hold words"));
      std::string what = problem(item.Scalar());
      if (!what.empty()) {
        return mistake_.At(item.Mark(), absl::StrCat(key, ": ", Quoted(item.Scalar()), " ", what));
      }
      texts.push_back(item.Scalar());
    }
    return true;
  }

  bool Unknown(const std::string& key, const YAML::Node& value, std::string_view known) {
    return mistake_.At(value.Mark(),
                       absl::StrCat(Quoted(key), " is unknown here; known: ", ToAbsl(known)));
  }
  bool TooMany(const YAML::Node& node, std::string_view what) {
    return mistake_.At(node.Mark(), absl::StrCat(ToAbsl(what), ": more than ", kPolicyItemsMax));
  }

  Mistake mistake_;
};

}  // namespace

absl::StatusOr<Policy> Policy::Parse(const std::string& text) {
  if (text.size() > kPolicyBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", text.size(), " bytes, more than ", kPolicyBytesMax));
  }
  std::vector<Binding> bindings;
  Reader reader;
  try {
    if (!HoldsOneDocument(text)) {
      return InvalidArgumentError("line 1: must hold one YAML document");
    }
    if (!reader.ReadPolicy(YAML::Load(text), bindings)) return reader.status();
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("line ", error.mark.line + 1, ": ", OneLine(error.msg)));
  }
  Policy policy;
  policy.bindings_ = bindings.size();
  for (const Binding& binding : bindings) {
    for (const std::string& subject : binding.subjects) {
      for (const std::string& atespace : binding.atespaces) {
        policy.grants_[subject].push_back({.role = *binding.role, .atespace = atespace});
      }
    }
  }
  return policy;
}

bool Policy::Allows(const Subject& subject, Permission permission,
                    std::string_view atespace) const {
  const Role needed = RoleNeededFor(permission);
  for (const std::string& name : subject.names) {
    auto found = grants_.find(name);
    if (found == grants_.end()) continue;
    for (const Grant& grant : found->second) {
      const bool covers =
          grant.atespace == kAll || (!atespace.empty() && grant.atespace == atespace);
      if (covers && grant.role >= needed) return true;
    }
  }
  return false;
}

}  // namespace atestore
