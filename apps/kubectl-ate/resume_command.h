#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "apps/kubectl-ate/command.h"

namespace atestore::cli {

// The command line of this listing from `page_token` on (empty: from the start), quoted for a POSIX
// shell.
std::string ResumeCommand(const ListActors& listing, const ConnectionOptions& connection,
                          absl::Duration timeout, std::string_view page_token);

// The same of a count.
std::string ResumeCommand(const CountActors& count, const ConnectionOptions& connection,
                          absl::Duration timeout, std::string_view page_token);

}  // namespace atestore::cli
