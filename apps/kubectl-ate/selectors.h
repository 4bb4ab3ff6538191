#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace atestore::cli {

// The filter of a command line: --filter verbatim, and --field-selector (FIELD=VALUE,FIELD!=VALUE)
// and -l (KEY=VALUE, KEY!=VALUE, KEY, !KEY, separated by commas) translated into the filter
// language, all joined with AND. Empty: no filter. INVALID_ARGUMENT names the flag and the problem;
// the service checks whether the filter is valid.
absl::StatusOr<std::string> FilterOf(std::string_view filter, std::string_view field_selector,
                                     std::string_view label_selector);

}  // namespace atestore::cli
