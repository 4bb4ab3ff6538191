#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/kubectl-ate/command.h"
#include "apps/kubectl-ate/control_api.h"
#include "apps/kubectl-ate/interruption.h"
#include "apps/kubectl-ate/terminal.h"

namespace atestore::cli {

// Exit statuses.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;

// The environment of every command. Data goes to `out`, everything else to `err`.
struct Context {
  ControlApi& api;
  Interruption& interruption;
  int out;
  int err;
  absl::Time deadline;
  const ConnectionOptions& connection;
  absl::Duration timeout;  // from --timeout, for the command that continues
};

// Prints a line on standard error.
void Say(const Context& context, std::string_view line);
// Prints "error: …" with the next step.
void SayError(const Context& context, const absl::Status& status);
// Prints the error with SayError() and returns the exit status for `status`, not OK.
int Fail(const Context& context, const absl::Status& status);

// The exit status for this result of writing the output. If the write failed, prints an error, with
// the errno of the write; if the reader has exited, that is not an error.
int Written(const Context& context, WriteResult result);

}  // namespace atestore::cli
