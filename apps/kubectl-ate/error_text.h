#pragma once

#include <string>

#include "absl/status/status.h"
#include "apps/kubectl-ate/command.h"

namespace atestore::cli {

// One line for a person: what went wrong and, where something can be done, the next step.
std::string ErrorText(const absl::Status& status, const ConnectionOptions& connection);

}  // namespace atestore::cli
