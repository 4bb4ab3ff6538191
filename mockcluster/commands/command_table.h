#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "mockcluster/commands/command.h"

namespace mockcluster::inline v0 {

// Every command that the emulator knows, ordered by name; subcommands as "cluster|slots".
const std::vector<Command>& AllCommands();

// Whether servers of this flavor have the command.
bool IsKnownTo(Flavor flavor, const Command& command);

// The command's arity on servers of this flavor, as Command::arity.
int ArityOn(Flavor flavor, const Command& command);

// The command, or the container of subcommands, of this name, ignoring case. nullptr: unknown.
const Command* FindCommand(std::string_view name);
// The subcommand of a container, ignoring case. nullptr: unknown.
const Command* FindSubcommand(const Command& container, std::string_view name);

// The keys of MIGRATE, the only command with kMovableKeys. Empty when its syntax is wrong.
std::span<const std::string_view> FindMigratedKeys(std::span<const std::string_view> arguments);
// Calls `visit(key)` for each key of a command of valid arity; stops when it returns false.
template <typename Visit>
void ForEachKey(const Command& command, std::span<const std::string_view> arguments, Visit visit) {
  if (command.Has(kMovableKeys)) {
    for (std::string_view key : FindMigratedKeys(arguments)) {
      if (!visit(key)) return;
    }
    return;
  }
  if (command.keys.first == 0) return;
  int count = static_cast<int>(arguments.size());
  int last = command.keys.last < 0 ? count + command.keys.last : command.keys.last;
  for (int position = command.keys.first; position <= last && position < count;
       position += command.keys.step) {
    if (!visit(arguments[static_cast<size_t>(position)])) return;
  }
}

}  // namespace mockcluster::inline v0
