#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "apps/kubectl-ate/command.h"

namespace grpc {
class Channel;
}

namespace atestore::cli {

// A channel to the endpoint that `options` names; nothing is connected yet. INVALID_ARGUMENT,
// NOT_FOUND or PERMISSION_DENIED when a PEM file cannot be read.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ConnectionOptions& options);

}  // namespace atestore::cli
