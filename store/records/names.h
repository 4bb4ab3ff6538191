#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "proto/ateapi.pb.h"

namespace atestore::inline v0 {

// What names may look like. All refusals are INVALID_ARGUMENT with an ErrorInfo (INVALID_NAME and
// the request field `field`) and quote the name, shortened.

// A DNS-1123 label (RFC 1123, as Kubernetes has it): 1 … 63 of a-z, 0-9 and '-', neither first nor
// last a '-'.
absl::Status CheckLabel(std::string_view name, std::string_view field);

// Labels joined by dots, at most 253 characters, as Kubernetes names its objects.
absl::Status CheckSubdomain(std::string_view name, std::string_view field);

// Both names of an ActorRef, the fields "actor_ref.atespace" and "actor_ref.name".
absl::Status CheckActorRef(const ateapi::ActorRef& ref);

}  // namespace atestore::inline v0
