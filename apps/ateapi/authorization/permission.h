#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace atestore {

// What a method of the service needs.
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

// As errors and audit lines name it, "actors.get".
std::string_view ToString(Permission permission);

// Each role may do all that the one before it may.
enum class Role : uint8_t { kViewer, kEditor, kAdmin };

std::string_view ToString(Role role);
std::optional<Role> ParseRole(std::string_view text);

// viewer: get, list and count. editor: create, update and delete actors too. admin: everything.
Role RoleNeededFor(Permission permission);

// Everything that changes what is stored.
bool IsWrite(Permission permission);

// Of a method of ateapi.Control, by its name without the service's. nullopt: no such method.
std::optional<Permission> PermissionOf(std::string_view method);

}  // namespace atestore
