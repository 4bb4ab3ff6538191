#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace atestore::inline v0 {

// A larger file is refused, so that a wrong path such as /dev/zero costs no memory.
inline constexpr size_t kFileBytesMax = size_t{2} << 20;

// The whole content of a file. NOT_FOUND, PERMISSION_DENIED or what else the system says, with the
// path; INVALID_ARGUMENT when it has more than kFileBytesMax.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Tells when a file was replaced or written to. Not thread-safe.
class FileWatch {
 public:
  explicit FileWatch(std::string path);

  // Whether the file is another one, or was written to, since the last call (since construction,
  // for the first one). A file that is missing is a change too.
  bool Changed();

 private:
  struct Stamp {
    uint64_t device = 0;
    uint64_t inode = 0;
    int64_t bytes = 0;
    int64_t seconds = 0;
    int64_t nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
  };
  Stamp Look() const;

  const std::string path_;
  Stamp last_;
};

// Told after files changed: OK, or why those that were read before stay in use. May be empty.
using OnReload = std::function<void(const absl::Status&)>;

// A password that is kept in a file, and follows it. Not thread-safe.
class PasswordFile {
 public:
  // Errors of ReadFile(); INVALID_ARGUMENT when the file is empty.
  static absl::StatusOr<std::unique_ptr<PasswordFile>> Open(const std::string& path,
                                                            OnReload on_reload);

  // The content without white space at its end; the last one that could be read.
  const std::string& Password();

 private:
  PasswordFile(const std::string& path, OnReload on_reload);
  absl::Status Load();

  const std::string path_;
  const OnReload on_reload_;
  FileWatch watch_;
  std::string password_;
};

}  // namespace atestore::inline v0
