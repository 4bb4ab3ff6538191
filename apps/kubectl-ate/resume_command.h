#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "apps/kubectl-ate/command.h"

namespace atestore::cli {

// The command line of this listing, of what is left in `page_tokens` (empty: of everything), quoted
// for a POSIX shell.
std::string ResumeCommand(const ListActors& listing, const ConnectionOptions& connection,
                          absl::Duration timeout, const std::vector<std::string>& page_tokens);

// The same of a count.
std::string ResumeCommand(const CountActors& count, const ConnectionOptions& connection,
                          absl::Duration timeout, const std::vector<std::string>& page_tokens);

}  // namespace atestore::cli
