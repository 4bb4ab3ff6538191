#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/ateapi/authorization/permission.h"
#include "apps/ateapi/authorization/subject.h"

namespace atestore {

// A larger file is refused.
inline constexpr size_t kPolicyBytesMax = size_t{1} << 20;
// More bindings, or more subjects or atespaces in one binding, are refused.
inline constexpr size_t kPolicyItemsMax = 10'000;

// Who may do what, from a YAML file:
//
//   bindings:
//   - subjects: ["jwt:system:serviceaccount:team-a:dashboard"]
//     role: viewer              # viewer, editor or admin
//     atespaces: [team-a]       # or ["*"]: all, those that do not exist yet too
//
// Everything that no binding grants is denied. An immutable value, cheap to query.
class Policy {
 public:
  // INVALID_ARGUMENT, with the line number, for everything that is not exactly of that form:
  // unknown or repeated keys, unknown roles, invalid subjects or atespaces, empty lists.
  static absl::StatusOr<Policy> Parse(const std::string& text);

  // Whether one of the subject's names has the permission. `atespace` empty: all atespaces, which
  // requires "*".
  bool Allows(const Subject& subject, Permission permission, std::string_view atespace) const;

  size_t bindings() const { return bindings_; }

 private:
  struct Grant {
    Role role;
    std::string atespace;  // "*": all
  };

  std::map<std::string, std::vector<Grant>, std::less<>> grants_;  // by subject
  size_t bindings_ = 0;
};

}  // namespace atestore
