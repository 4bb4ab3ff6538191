#pragma once

#include <string>
#include <string_view>

namespace atestore::cli {

// Converts `json`, an object, to an element of a YAML block sequence: "- key: value", the rest
// indented by two, and a line feed at the end. Any YAML 1.1 or 1.2 parser reads the same strings,
// numbers and order. Empty when `json` is not an object.
std::string YamlSequenceItem(std::string_view json);

}  // namespace atestore::cli
