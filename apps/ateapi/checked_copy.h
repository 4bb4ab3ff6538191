#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "store/redis/files.h"

namespace atestore {

// Keeps the last good content of a file in memory, under a path that only this process can open. It
// protects readers that would accept a half-written or invalid file.
class CheckedCopy {
 public:
  // Decides whether content may be used. The file's name is added to the error that it returns.
  using Check = std::function<absl::Status(const std::string& content)>;

  // Errors of ReadFile() and of `check`. `on_reload` is called by Refresh().
  static absl::StatusOr<std::unique_ptr<CheckedCopy>> Open(const std::string& file, Check check,
                                                           OnReload on_reload);
  ~CheckedCopy();
  CheckedCopy(const CheckedCopy&) = delete;
  CheckedCopy& operator=(const CheckedCopy&) = delete;

  // The path never changes; the content behind it is replaced atomically.
  const std::string& path() const { return path_; }

  // Copies the file again if it has changed and may be used. Not thread-safe.
  void Refresh();

 private:
  CheckedCopy(const std::string& file, Check check, OnReload on_reload);
  absl::Status Load();
  absl::Status Publish(std::string_view content);

  const std::string file_;
  const Check check_;
  const OnReload on_reload_;
  FileWatch watch_;
  int fd_ = -1;
  std::string path_;
};

}  // namespace atestore
