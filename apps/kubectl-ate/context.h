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

// What every command works with. Data goes to `out`, everything else to `err`.
struct Context {
  ControlApi& api;
  Interruption& interruption;
  int out;
  int err;
  absl::Time deadline;
  const ConnectionOptions& connection;
  absl::Duration timeout;  // that leads to the deadline, for the command that goes on
};

// A line on standard error.
void Say(const Context& context, std::string_view line);
// "error: …" with the next step.
void SayError(const Context& context, const absl::Status& status);
// The exit status of a command that ended with `status`, not OK, after SayError().
int Fail(const Context& context, const absl::Status& status);

// The exit status of a command whose output ended like this: an error, which is said, only where
// the reader has not gone. errno is that of the write.
int Written(const Context& context, WriteResult result);

}  // namespace atestore::cli
