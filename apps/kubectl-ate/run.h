#pragma once

#include "apps/kubectl-ate/command.h"
#include "apps/kubectl-ate/context.h"

namespace atestore::cli {

// Runs a command that calls the service. Returns the exit status.
int RunCommand(const Command& command, const Context& context);

// Prints completions for the last of `words`, one per line, and a last line ":4", as kubectl's
// plugin completion expects. Reads at most one page from the service, for at most a second; a
// failure means fewer candidates and no message. Always returns kExitOk.
int RunComplete(const CompleteWords& command, int out);

}  // namespace atestore::cli
