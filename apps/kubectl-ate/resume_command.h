#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace atestore::cli {

// The command line that goes on where this one stopped: `arguments` without a --page-token, and
// with this one unless it is empty (the start), quoted for a POSIX shell.
std::string ResumeCommand(const std::vector<std::string>& arguments, std::string_view page_token);

}  // namespace atestore::cli
