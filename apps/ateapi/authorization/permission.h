#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace atestore {

// The permission that a method of the service requires.
enum class Permission : uint8_t {
  kGetActors,
  kListActors,
  kCountActors,
  kCreateActors,
  kUpdateActors,
  kDeleteActors,
  kGetAtespaces,
  kListAtespaces,
  kListWorkers,
  kCreateAtespaces,
  kDeleteAtespaces,
  kDebug,
};

// The name in errors and audit lines: "actors.get".
std::string_view ToString(Permission permission);

// Each role includes the permissions of the one before it.
enum class Role : uint8_t { kViewer, kEditor, kAdmin };

std::string_view ToString(Role role);
std::optional<Role> ParseRole(std::string_view text);

// viewer: get, list and count. editor: create, update and delete actors too. admin: everything.
Role RoleNeededFor(Permission permission);

// Whether it changes stored data.
bool IsWrite(Permission permission);

// The permission for a method of ateapi.Control, by its name without the service. nullopt: there is
// no such method.
std::optional<Permission> PermissionOf(std::string_view method);

}  // namespace atestore
