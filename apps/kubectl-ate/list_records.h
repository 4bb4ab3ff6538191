#pragma once

#include "apps/kubectl-ate/context.h"

namespace atestore::cli {

// "get atespaces" and "get workers": prints each page as it arrives. Returns the exit status.
int RunListAtespaces(const ListAtespaces& command, const Context& context);
int RunListWorkers(const ListWorkers& command, const Context& context);

}  // namespace atestore::cli
