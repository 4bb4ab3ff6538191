#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "apps/kubectl-ate/command.h"

namespace atestore::cli {

// A longer token is refused.
inline constexpr size_t kTokenFileBytesMax = size_t{16} << 10;

// The token in --token-file. It is read again when the file changes, because tokens are short-lived
// and are replaced by overwriting the file. Not thread-safe.
class BearerToken {
 public:
  // INVALID_ARGUMENT when the token would be sent in plaintext to another machine, or when the file
  // does not hold a token. NOT_FOUND or PERMISSION_DENIED when the file cannot be read.
  static absl::StatusOr<BearerToken> Open(const ConnectionOptions& options);

  // "Bearer TOKEN" with the current token of the file; the previous one while the file cannot be
  // read or holds none. Empty without --token-file.
  const std::string& Authorization();

 private:
  explicit BearerToken(std::string path) : path_(std::move(path)) {}
  absl::Status Read();

  std::string path_;
  std::string authorization_;
};

}  // namespace atestore::cli
