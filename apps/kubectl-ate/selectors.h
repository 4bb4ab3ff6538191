#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace atestore::cli {

// The filter that a command line asks for: --filter as it is, --field-selector
// (FIELD=VALUE,FIELD!=VALUE) and -l (KEY=VALUE, KEY!=VALUE, KEY, !KEY, with commas between) in the
// filter language, with AND between them. Empty: none. INVALID_ARGUMENT that names the flag and
// what is wrong; whether a filter is right the service says.
absl::StatusOr<std::string> FilterOf(std::string_view filter, std::string_view field_selector,
                                     std::string_view label_selector);

}  // namespace atestore::cli
