#pragma once

#include <string>

#include "absl/status/status.h"
#include "apps/ateapi/flags.h"

namespace atestore {

// What an operator can do when the store at `flags` fails with `status` at the start: the flags to
// check. Empty when the status is clear enough.
std::string StartAdvice(const absl::Status& status, const Flags& flags);

}  // namespace atestore
