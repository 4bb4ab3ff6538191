#pragma once

#include <string>
#include <string_view>

namespace atestore::cli {

// A script for `shell` (bash, zsh or fish) that asks "kubectl-ate __complete" for candidates.
// Empty for any other shell.
std::string CompletionScript(std::string_view shell);

}  // namespace atestore::cli
