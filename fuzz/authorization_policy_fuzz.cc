// Oracle: a policy that is accepted grants what a second, simpler reading of the same YAML grants,
// and nothing to names that it does not hold; a mistake names a line that the text has.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "apps/ateapi/authorization/policy.h"
#include "fuzz/require.h"

namespace {

using atestore::Permission;
using atestore::Policy;
using atestore::Role;
using atestore::Subject;
using atestore::fuzz::Require;

constexpr std::array kPermissions{Permission::kGetActors, Permission::kDeleteActors,
                                  Permission::kDeleteAtespaces};

bool Grants(const YAML::Node& root, const std::string& subject, Permission permission,
            const std::string& atespace) {
  for (const YAML::Node& binding : root["bindings"]) {
    bool named = false;
    bool placed = false;
    for (const YAML::Node& item : binding["subjects"]) named |= item.Scalar() == subject;
    for (const YAML::Node& item : binding["atespaces"]) {
      placed |= item.Scalar() == "*" || (!atespace.empty() && item.Scalar() == atespace);
    }
    const std::string& role = binding["role"].Scalar();
    const bool enough = role == "admin" ||
                        (role == "editor" && permission != Permission::kDeleteAtespaces) ||
                        (role == "viewer" && permission == Permission::kGetActors);
    if (named && placed && enough) return true;
  }
  return false;
}

void CheckMistake(const std::string& text, absl::string_view message) {
  if (text.size() > atestore::kPolicyBytesMax) return;
  Require(absl::ConsumePrefix(&message, "line "), "a mistake names its line");
  int line = 0;
  Require(absl::SimpleAtoi(message.substr(0, message.find(':')), &line), "by its number");
  const auto ends =
      std::count_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; });
  Require(line >= 1 && line <= ends + 2, "which the text has");
  Require(message.find('\n') == absl::string_view::npos, "in one line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  absl::StatusOr<Policy> policy = Policy::Parse(text);
  if (!policy.ok()) {
    CheckMistake(text, policy.status().message());
    return 0;
  }
  const YAML::Node root = YAML::Load(text);
  std::vector<std::string> subjects{"cn:nobody", "jwt:nobody"};
  std::vector<std::string> atespaces{"", "nowhere"};
  constexpr size_t kTriedMax = 20;
  for (const YAML::Node& binding : root["bindings"]) {
    for (const YAML::Node& item : binding["subjects"]) {
      if (subjects.size() < kTriedMax) subjects.push_back(item.Scalar());
      Require(atestore::IsSubjectName(item.Scalar()), "every subject can exist");
    }
    for (const YAML::Node& item : binding["atespaces"]) {
      if (atespaces.size() < kTriedMax && item.Scalar() != "*") atespaces.push_back(item.Scalar());
    }
  }
  for (const std::string& subject : subjects) {
    for (const std::string& atespace : atespaces) {
      for (Permission permission : kPermissions) {
        Require(policy->Allows({.names = {subject}}, permission, atespace) ==
                    Grants(root, subject, permission, atespace),
                "a policy grants what it says");
      }
    }
  }
  Require(!policy->Allows({}, Permission::kGetActors, "a"), "nobody is granted nothing");
  return 0;
}
