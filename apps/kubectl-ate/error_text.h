#pragma once

#include <string>

#include "absl/status/status.h"
#include "apps/kubectl-ate/command.h"

namespace atestore::cli {

// One line for people: what went wrong and, if there is one, the next step.
std::string ErrorText(const absl::Status& status, const ConnectionOptions& connection);

}  // namespace atestore::cli
