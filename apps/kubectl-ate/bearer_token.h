#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "apps/kubectl-ate/command.h"

namespace atestore::cli {

// A longer token is refused.
inline constexpr size_t kTokenFileBytesMax = size_t{16} << 10;

// The token in --token-file, which follows the file: issuers give short-lived ones and whatever
// mounts them writes the next one over the last. Not thread-safe.
class BearerToken {
 public:
  // INVALID_ARGUMENT when the token would travel in plaintext to another machine; that and
  // NOT_FOUND or PERMISSION_DENIED when the file holds no token or cannot be read.
  static absl::StatusOr<BearerToken> Open(const ConnectionOptions& options);

  // "Bearer TOKEN", as the file has it now; as it was, while it cannot be read or holds none.
  // Empty: without --token-file.
  const std::string& Authorization();

 private:
  explicit BearerToken(std::string path) : path_(std::move(path)) {}
  absl::Status Read();

  std::string path_;
  std::string authorization_;
};

}  // namespace atestore::cli
