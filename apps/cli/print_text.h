#pragma once

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/status.h"
#include "core/utf8.h"

namespace atestore::cli {

// Messages may quote arguments, which may be any bytes: each line of `text`, Printable().
inline std::string PrintableLines(std::string_view text) {
  return absl::StrJoin(
      absl::StrSplit(ToAbsl(text), '\n'), "\n",
      [](std::string* out, absl::string_view line) { out->append(Printable(ToStd(line))); });
}

// Prints to standard output what a flag like --help asks for. Returns the exit status: 0, also when
// the reader of a pipe has gone; 1 after an error message.
inline int PrintText(const char* program, std::string_view text) {
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (written || errno == EPIPE) return 0;
  std::fprintf(stderr, "%s: cannot write the output: %s\n", program, std::strerror(errno));
  return 1;
}

// What CLI::App::exit() does, but with PrintText() and with PrintableLines().
inline int ExitAfter(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out;
  std::ostringstream messages;
  const int status = app.exit(error, out, messages);
  std::fputs(PrintableLines(messages.str()).c_str(), stderr);
  const int printed = PrintText(app.get_name().c_str(), out.str());
  return status != 0 ? status : printed;
}

}  // namespace atestore::cli
