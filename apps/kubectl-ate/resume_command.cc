#include "apps/kubectl-ate/resume_command.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "apps/kubectl-ate/grammar.h"
#include "apps/kubectl-ate/output_format.h"
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

// As a word of its own the parser would not take it for the value of the option before it: "++"
// ends a subcommand of CLI11's.
bool MustBeAttached(const std::string& value) {
  return value.empty() || value[0] == '-' || value == "++";
}

// " --flag value", or "--flag=value".
void AddOption(std::string* line, std::string_view flag, const std::string& value) {
  absl::StrAppend(line, " ", ToAbsl(flag), MustBeAttached(value) ? "=" : " ", ShellQuoted(value));
}

void AddOutput(std::string* line, const OutputOptions& output) {
  if (output.format != OutputOptions().format) AddOption(line, "-o", OutputText(output));
  if (output.no_headers) absl::StrAppend(line, " --no-headers");
}

void AddConnection(std::string* line, const ConnectionOptions& connection) {
  const ConnectionOptions usual;
  for (const ConnectionText& text : kConnectionTexts) {
    const std::string& value = connection.*text.value;
    if (value != usual.*text.value) AddOption(line, text.flag, value);
  }
  for (const ConnectionSwitch& flag : kConnectionSwitches) {
    if (connection.*flag.value) absl::StrAppend(line, " ", flag.flag);
  }
}

void AddAtespace(std::string* line, const std::string& atespace) {
  if (atespace.empty()) {
    absl::StrAppend(line, " -A");
  } else {
    AddOption(line, MustBeAttached(atespace) ? "--atespace" : "-a", atespace);
  }
}

// What every command ends with.
void AddEnd(std::string* line, const ConnectionOptions& connection, absl::Duration timeout,
            const std::vector<std::string>& page_tokens) {
  AddConnection(line, connection);
  if (timeout != absl::InfiniteDuration()) {
    // All 17 digits that a double may have.
    AddOption(line, "--timeout", absl::StrFormat("%.17g", absl::ToDoubleSeconds(timeout)));
  }
  if (!page_tokens.empty()) AddOption(line, "--page-token", absl::StrJoin(page_tokens, ","));
}

}  // namespace

std::string ResumeCommand(const ListActors& listing, const ConnectionOptions& connection,
                          absl::Duration timeout, const std::vector<std::string>& page_tokens) {
  std::string line = "kubectl-ate get actors";
  AddAtespace(&line, listing.atespace);
  if (!listing.filter.empty()) AddOption(&line, "--filter", listing.filter);
  if (listing.chunk_size > 0) AddOption(&line, "--chunk-size", absl::StrCat(listing.chunk_size));
  if (listing.parallel) AddOption(&line, "--parallel", absl::StrCat(*listing.parallel));
  if (listing.limit) AddOption(&line, "--limit", absl::StrCat(*listing.limit));
  if (listing.sort) absl::StrAppend(&line, " --sort");
  AddOutput(&line, listing.output);
  AddEnd(&line, connection, timeout, page_tokens);
  return line;
}

std::string ResumeCommand(const CountActors& count, const ConnectionOptions& connection,
                          absl::Duration timeout, const std::vector<std::string>& page_tokens) {
  std::string line = "kubectl-ate count actors";
  AddAtespace(&line, count.atespace);
  if (!count.by.empty()) AddOption(&line, "--by", absl::StrJoin(count.by, ","));
  if (!count.filter.empty()) AddOption(&line, "--filter", count.filter);
  if (count.parallel) AddOption(&line, "--parallel", absl::StrCat(*count.parallel));
  AddOutput(&line, count.output);
  AddEnd(&line, connection, timeout, page_tokens);
  return line;
}

}  // namespace atestore::cli
