#pragma once

#include "apps/kubectl-ate/context.h"

namespace atestore::cli {

// "count actors": adds up what call after call counts, and prints the sums; when it ends before the
// end, what was counted so far and how to count the rest. The exit status.
int RunCountActors(const CountActors& command, const Context& context);

}  // namespace atestore::cli
