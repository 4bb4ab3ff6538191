#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace atestore::inline v0 {

// A key for the tags of page tokens.
struct PageTokenKey {
  uint8_t id = 0;      // 1 … 255; part of the token
  std::string secret;  // at least kPageTokenSecretBytesMin bytes
};
inline constexpr size_t kPageTokenSecretBytesMin = 16;

}  // namespace atestore::inline v0
