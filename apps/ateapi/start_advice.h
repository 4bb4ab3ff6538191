#pragma once

#include <string>

#include "absl/status/status.h"
#include "apps/ateapi/flags.h"

namespace atestore {

// What an operator can do about `status`, with which the store at `flags` did not answer at the
// start: the flags to look at. Empty when the status says it all.
std::string StartAdvice(const absl::Status& status, const Flags& flags);

}  // namespace atestore
