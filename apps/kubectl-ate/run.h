#pragma once

#include "apps/kubectl-ate/command.h"
#include "apps/kubectl-ate/context.h"

namespace atestore::cli {

// Runs a command that talks to the service. The exit status.
int RunCommand(const Command& command, const Context& context);

// Prints what may stand at the end of `words`, one candidate a line and a last line ":4", as
// kubectl's plugin completion wants it. Asks the service for at most one page, for at most a
// second; a failure gives fewer candidates and no message. The exit status, always kExitOk.
int RunComplete(const CompleteWords& command, int out);

}  // namespace atestore::cli
