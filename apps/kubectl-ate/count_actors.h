#pragma once

#include "apps/kubectl-ate/context.h"

namespace atestore::cli {

// "count actors": adds up the counts of several calls and prints the sums. If it ends early, prints
// the counts so far and a command that counts the rest. Returns the exit status.
int RunCountActors(const CountActors& command, const Context& context);

}  // namespace atestore::cli
