#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/kubectl-ate/command.h"

namespace atestore::cli {

// Parses the arguments (without the program's name). INVALID_ARGUMENT: one line that says what is
// wrong and what to do.
absl::StatusOr<Invocation> ParseCommandLine(const std::vector<std::string>& arguments);

}  // namespace atestore::cli
