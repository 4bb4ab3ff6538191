#pragma once

#include "apps/kubectl-ate/context.h"

namespace atestore::cli {

// "get atespaces" and "get workers": prints page after page as they come. The exit status.
int RunListAtespaces(const ListAtespaces& command, const Context& context);
int RunListWorkers(const ListWorkers& command, const Context& context);

}  // namespace atestore::cli
