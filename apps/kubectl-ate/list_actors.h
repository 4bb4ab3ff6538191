#pragma once

#include "apps/kubectl-ate/context.h"

namespace atestore::cli {

// "get actors" without an id: prints page after page. If it ends early, prints a command that
// continues. Returns the exit status.
int RunListActors(const ListActors& command, const Context& context);

}  // namespace atestore::cli
