#include "apps/kubectl-ate/context.h"

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "apps/kubectl-ate/error_text.h"
#include "core/status.h"

namespace atestore::cli {

void Say(const Context& context, std::string_view line) {
  WriteAll(context.err, absl::StrCat(ToAbsl(line), "\n"));
}

void SayError(const Context& context, const absl::Status& status) {
  Say(context, absl::StrCat("error: ", ErrorText(status, context.connection)));
}

int Fail(const Context& context, const absl::Status& status) {
  if (context.interruption.interrupted()) {
    Say(context, "interrupted");
    return kExitInterrupted;
  }
  SayError(context, status);
  return kExitFailure;
}

int Written(const Context& context, WriteResult result) {
  if (result != WriteResult::kFailed) return kExitOk;
  Say(context,
      absl::StrCat("error: ", absl::ErrnoToStatus(errno, "cannot write the output").message()));
  return kExitFailure;
}

}  // namespace atestore::cli
