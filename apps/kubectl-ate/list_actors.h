#pragma once

#include "apps/kubectl-ate/context.h"

namespace atestore::cli {

// "get actors" without an id: prints page after page and says, when it ends before the end, how to
// go on. The exit status.
int RunListActors(const ListActors& command, const Context& context);

}  // namespace atestore::cli
