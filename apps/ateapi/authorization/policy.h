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
// More bindings, or subjects and atespaces of one, are refused.
inline constexpr size_t kPolicyItemsMax = 10'000;

// Who may do what, as a YAML file says it:
//
//   bindings:
//   - subjects: ["jwt:system:serviceaccount:team-a:dashboard"]
//     role: viewer              # viewer, editor or admin
//     atespaces: [team-a]       # or ["*"]: all, those that do not exist yet too
//
// What no binding grants is denied. A value: cheap to ask, immutable.
class Policy {
 public:
  // INVALID_ARGUMENT, with the line, for everything that is not exactly of that form: unknown and
  // repeated keys, unknown roles, subjects and atespaces that cannot exist, empty lists.
  static absl::StatusOr<Policy> Parse(const std::string& text);

  // Whether one of the subject's names may. `atespace` empty: all atespaces, which needs "*".
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
