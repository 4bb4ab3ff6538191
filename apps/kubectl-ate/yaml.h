#pragma once

#include <string>
#include <string_view>

namespace atestore::cli {

// `json`, an object, as an element of a YAML block sequence: "- key: value" and the rest indented
// by two, ending in a line feed. Any YAML 1.1 or 1.2 parser reads the same strings, numbers and
// order from it. Empty when `json` is not an object.
std::string YamlSequenceItem(std::string_view json);

}  // namespace atestore::cli
