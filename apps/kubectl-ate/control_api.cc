#include "apps/kubectl-ate/control_api.h"

#include "absl/strings/cord.h"

namespace atestore::cli {
namespace {

constexpr char kConnectionFailureUrl[] = "kubectl-ate/connection-failure";

}  // namespace

bool IsConnectionFailure(const absl::Status& status) {
  return status.GetPayload(kConnectionFailureUrl).has_value();
}

absl::Status MarkConnectionFailure(absl::Status status) {
  status.SetPayload(kConnectionFailureUrl, absl::Cord());
  return status;
}

}  // namespace atestore::cli
