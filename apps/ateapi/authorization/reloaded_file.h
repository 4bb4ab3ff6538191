#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "store/redis/files.h"

namespace atestore {

// The parsed content of a file that may change: the last version that could be read and parsed.
// Get() is thread-safe; Refresh() may be called by one thread at a time.
template <typename T>
class ReloadedFile {
 public:
  using Parse = std::function<absl::StatusOr<T>(const std::string& content)>;

  // Errors of ReadFile() and of `parse`, with the file's name. `on_reload` gets the outcome of
  // reloading a file that has changed.
  static absl::StatusOr<std::unique_ptr<ReloadedFile>> Open(const std::string& path, Parse parse,
                                                            OnReload on_reload) {
    std::unique_ptr<ReloadedFile> file(
        new ReloadedFile(path, std::move(parse), std::move(on_reload)));
    if (absl::Status status = file->Load(); !status.ok()) return status;
    return file;
  }

  std::shared_ptr<const T> Get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

  // Reads the file again if it has changed. If it cannot be used, the previous content stays.
  void Refresh() {
    if (!watch_.Changed()) return;
    const absl::Status status = Load();
    if (on_reload_) on_reload_(status);
  }

 private:
  ReloadedFile(const std::string& path, Parse parse, OnReload on_reload)
      : path_(path), parse_(std::move(parse)), on_reload_(std::move(on_reload)), watch_(path) {}

  absl::Status Load() {
    const absl::StatusOr<std::string> content = ReadFile(path_);
    if (!content.ok()) return content.status();
    absl::StatusOr<T> value = parse_(*content);
    if (!value.ok()) {
      return absl::Status(value.status().code(),
                          absl::StrCat(path_, ": ", value.status().message()));
    }
    auto fresh = std::make_shared<const T>(*std::move(value));
    const std::lock_guard lock(mutex_);
    value_ = std::move(fresh);
    return absl::OkStatus();
  }

  const std::string path_;
  const Parse parse_;
  const OnReload on_reload_;
  FileWatch watch_;
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace atestore
