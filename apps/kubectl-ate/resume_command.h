#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "apps/kubectl-ate/command.h"

namespace atestore::cli {

// The command line that continues this listing at `page_tokens` (empty: from the start), quoted for
// a POSIX shell.
std::string ResumeCommand(const ListActors& listing, const ConnectionOptions& connection,
                          absl::Duration timeout, const std::vector<std::string>& page_tokens);

// The same for a count.
std::string ResumeCommand(const CountActors& count, const ConnectionOptions& connection,
                          absl::Duration timeout, const std::vector<std::string>& page_tokens);

}  // namespace atestore::cli
