// The command line of kubectl-ate. Oracles: it is understood, or refused in one line; the command
// that resumes a listing, read as a shell reads it, means the same listing from the token on.
#include <algorithm>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "apps/kubectl-ate/command_line.h"
#include "apps/kubectl-ate/resume_command.h"
#include "fuzz/arguments.h"
#include "fuzz/require.h"

namespace {

using atestore::cli::Invocation;
using atestore::cli::ListActors;
using atestore::fuzz::Require;

// A line in words, as a POSIX shell does it for words that are plain or in single quotes.
std::vector<std::string> SplitLikeAShell(std::string_view line) {
  std::vector<std::string> words;
  bool in_word = false;
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (!quoted && c == ' ') {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == '\'') {
      quoted = !quoted;
    } else if (!quoted && c == '\\' && i + 1 < line.size()) {
      words.back() += line[++i];
    } else {
      Require(
          quoted || std::string_view("$`\"\n&|;<>()*?[]#~!{}").find(c) == std::string_view::npos,
          "a shell takes nothing of the command for its own");
      words.back() += c;
    }
  }
  Require(!quoted, "quotes are closed");
  return words;
}

bool SameOutput(const ListActors& a, const ListActors& b) {
  return a.output.format == b.output.format && a.output.no_headers == b.output.no_headers &&
         a.output.spec == b.output.spec;
}

bool SameListing(const ListActors& a, const ListActors& b) {
  return a.atespace == b.atespace && a.chunk_size == b.chunk_size && a.limit == b.limit &&
         a.parallel == b.parallel && a.sort == b.sort && a.filter == b.filter && SameOutput(a, b);
}

// As far as a number of seconds in decimals can say it.
bool SameTime(absl::Duration a, absl::Duration b) {
  return a == b || absl::AbsDuration(a - b) <= absl::Nanoseconds(1) + absl::AbsDuration(a) * 1e-15;
}

bool SameConnection(const Invocation& a, const Invocation& b) {
  return a.connection.endpoint == b.connection.endpoint &&
         a.connection.ca_cert == b.connection.ca_cert &&
         a.connection.client_cert == b.connection.client_cert &&
         a.connection.client_key == b.connection.client_key &&
         a.connection.server_name == b.connection.server_name &&
         a.connection.plaintext == b.connection.plaintext &&
         a.connection.insecure_skip_tls_verify == b.connection.insecure_skip_tls_verify &&
         SameTime(a.timeout, b.timeout);
}

void CheckResume(const Invocation& invocation) {
  const std::vector<std::string> tokens = {"AQAL-_x0", "AQAM"};
  const ListActors& list = std::get<ListActors>(invocation.command);
  std::vector<std::string> words = SplitLikeAShell(
      atestore::cli::ResumeCommand(list, invocation.connection, invocation.timeout, tokens));
  Require(!words.empty() && words[0] == "kubectl-ate", "the command names the program");
  words.erase(words.begin());
  absl::StatusOr<Invocation> again = atestore::cli::ParseCommandLine(words);
  Require(again.ok() && std::holds_alternative<ListActors>(again->command),
          "the command that resumes a listing is understood");
  const ListActors& resumed = std::get<ListActors>(again->command);
  Require(resumed.page_tokens == tokens, "… goes on from the tokens");
  Require(SameListing(list, resumed), "… lists the same");
  Require(SameConnection(invocation, *again), "… from the same service");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::string> arguments = atestore::fuzz::ArgumentsOf(data, size);
  absl::StatusOr<Invocation> invocation = atestore::cli::ParseCommandLine(arguments);
  if (!invocation.ok()) {
    Require(absl::IsInvalidArgument(invocation.status()), "a mistake is INVALID_ARGUMENT");
    Require(!invocation.status().message().empty(), "a mistake is named");
    return 0;
  }
  Require(invocation->timeout >= absl::ZeroDuration(), "time runs forward");
  const auto* list = std::get_if<ListActors>(&invocation->command);
  if (list != nullptr) CheckResume(*invocation);
  return 0;
}
