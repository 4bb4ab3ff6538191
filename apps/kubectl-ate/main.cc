#include <google/protobuf/stubs/logging.h>

#include <cerrno>
#include <clocale>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apps/cli/standard_descriptors.h"
#include "apps/kubectl-ate/command_line.h"
#include "apps/kubectl-ate/control_api.h"
#include "apps/kubectl-ate/interruption.h"
#include "apps/kubectl-ate/run.h"
#include "apps/kubectl-ate/terminal.h"
#include "apps/kubectl-ate/text.h"
#include "core/status.h"

namespace atestore::cli {
namespace {

int SayAndFail(const absl::Status& status) {
  WriteAll(STDERR_FILENO, absl::StrCat("error: ", Printable(ToStd(status.message())), "\n"));
  return kExitFailure;
}

// Standard output; a reader that has gone is no failure.
int PrintAll(std::string_view text) {
  if (WriteAll(STDOUT_FILENO, text) != WriteResult::kFailed) return kExitOk;
  return SayAndFail(absl::ErrnoToStatus(errno, "cannot write the output"));
}

int Main(const std::vector<std::string>& arguments) {
  const absl::StatusOr<Invocation> invocation = ParseCommandLine(arguments);
  if (!invocation.ok()) return SayAndFail(invocation.status());
  if (const auto* print = std::get_if<PrintText>(&invocation->command))
    return PrintAll(print->text);
  if (const auto* complete = std::get_if<CompleteWords>(&invocation->command)) {
    return RunComplete(*complete, STDOUT_FILENO);
  }
  Interruption interruption;
  const SignalWatch watch(interruption);
  absl::StatusOr<std::unique_ptr<ControlApi>> api = ConnectControlApi(invocation->connection);
  if (!api.ok()) return SayAndFail(api.status());
  interruption.OnInterrupt([&api] { (*api)->Cancel(); });
  const Context context{.api = **api,
                        .interruption = interruption,
                        .out = STDOUT_FILENO,
                        .err = STDERR_FILENO,
                        .deadline = absl::Now() + invocation->timeout,
                        .connection = invocation->connection,
                        .timeout = invocation->timeout};
  return RunCommand(invocation->command, context);
}

}  // namespace
}  // namespace atestore::cli

int main(int argc, char** argv) {
  atestore::cli::OccupyStandardDescriptors();
  // Only the width of characters is wanted from the locale.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is no other thread yet
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) std::setlocale(LC_CTYPE, "");
  google::protobuf::SetLogHandler(nullptr);  // what cannot be parsed is an error of the command
  std::signal(SIGPIPE, SIG_IGN);             // `| head` ends a listing quietly: writing says so
  return atestore::cli::Main(std::vector<std::string>(argv + 1, argv + argc));
}
