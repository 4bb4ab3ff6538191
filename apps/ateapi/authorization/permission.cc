#include "apps/ateapi/authorization/permission.h"

#include <array>

namespace atestore {
namespace {

struct Entry {
  Permission permission;
  std::string_view name;
  Role role;
  bool writes;
};

constexpr std::array<Entry, 12> kPermissions{{
    {Permission::kGetActors, "actors.get", Role::kViewer, false},
    {Permission::kListActors, "actors.list", Role::kViewer, false},
    {Permission::kCountActors, "actors.count", Role::kViewer, false},
    {Permission::kCreateActors, "actors.create", Role::kEditor, true},
    {Permission::kUpdateActors, "actors.update", Role::kEditor, true},
    {Permission::kDeleteActors, "actors.delete", Role::kEditor, true},
    {Permission::kGetAtespaces, "atespaces.get", Role::kViewer, false},
    {Permission::kListAtespaces, "atespaces.list", Role::kViewer, false},
    {Permission::kListWorkers, "workers.list", Role::kViewer, false},
    {Permission::kCreateAtespaces, "atespaces.create", Role::kAdmin, true},
    {Permission::kDeleteAtespaces, "atespaces.delete", Role::kAdmin, true},
    {Permission::kDebug, "debug", Role::kAdmin, true},
}};

const Entry& EntryOf(Permission permission) {
  return kPermissions[static_cast<size_t>(permission)];
}

struct Method {
  std::string_view name;
  Permission permission;
};

constexpr std::array<Method, 17> kMethods{{
    {"ListActors", Permission::kListActors},
    {"ReadActors", Permission::kListActors},
    {"PartitionActors", Permission::kListActors},
    {"CountActors", Permission::kCountActors},
    {"GetActor", Permission::kGetActors},
    {"CreateActor", Permission::kCreateActors},
    {"UpdateActor", Permission::kUpdateActors},
    {"DeleteActor", Permission::kDeleteActors},
    {"SuspendActor", Permission::kUpdateActors},
    {"PauseActor", Permission::kUpdateActors},
    {"ResumeActor", Permission::kUpdateActors},
    {"CreateAtespace", Permission::kCreateAtespaces},
    {"GetAtespace", Permission::kGetAtespaces},
    {"DeleteAtespace", Permission::kDeleteAtespaces},
    {"ListAtespaces", Permission::kListAtespaces},
    {"ListWorkers", Permission::kListWorkers},
    {"DebugClear", Permission::kDebug},
}};

constexpr std::array<std::string_view, 3> kRoles{"viewer", "editor", "admin"};

}  // namespace

std::string_view ToString(Permission permission) { return EntryOf(permission).name; }
Role RoleNeededFor(Permission permission) { return EntryOf(permission).role; }
bool IsWrite(Permission permission) { return EntryOf(permission).writes; }

std::string_view ToString(Role role) { return kRoles[static_cast<size_t>(role)]; }

std::optional<Role> ParseRole(std::string_view text) {
  for (size_t i = 0; i < kRoles.size(); ++i) {
    if (kRoles[i] == text) return static_cast<Role>(i);
  }
  return std::nullopt;
}

std::optional<Permission> PermissionOf(std::string_view method) {
  for (const Method& known : kMethods) {
    if (known.name == method) return known.permission;
  }
  return std::nullopt;
}

}  // namespace atestore
