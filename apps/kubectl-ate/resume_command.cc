#include "apps/kubectl-ate/resume_command.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::cli {
namespace {

std::string ShellQuoted(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("-_./:=,@%+").find(c) != std::string_view::npos;
  });
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace

std::string ResumeCommand(const std::vector<std::string>& arguments, std::string_view page_token) {
  std::string line = "kubectl-ate";
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--page-token") {
      ++i;
      continue;
    }
    // Behind a "--" the token would be the name of an actor; in a listing nothing follows it.
    if (arguments[i].starts_with("--page-token=") || arguments[i] == "--") continue;
    absl::StrAppend(&line, " ", ShellQuoted(arguments[i]));
  }
  if (page_token.empty()) return line;
  return absl::StrCat(line, " --page-token ", ToAbsl(page_token));
}

}  // namespace atestore::cli
