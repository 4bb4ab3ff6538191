#include "apps/ateapi/checked_copy.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace atestore {
namespace {

absl::Status SystemError(const char* what) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot keep a file in memory: ", what));
}

}  // namespace

absl::StatusOr<std::unique_ptr<CheckedCopy>> CheckedCopy::Open(const std::string& file, Check check,
                                                               OnReload on_reload) {
  std::unique_ptr<CheckedCopy> copy(new CheckedCopy(file, std::move(check), std::move(on_reload)));
  if (absl::Status status = copy->Load(); !status.ok()) return status;
  return copy;
}

CheckedCopy::CheckedCopy(const std::string& file, Check check, OnReload on_reload)
    : file_(file), check_(std::move(check)), on_reload_(std::move(on_reload)), watch_(file) {}

CheckedCopy::~CheckedCopy() {
  if (fd_ >= 0) close(fd_);
}

void CheckedCopy::Refresh() {
  if (!watch_.Changed()) return;
  const absl::Status status = Load();
  if (on_reload_) on_reload_(status);
}

absl::Status CheckedCopy::Load() {
  const absl::StatusOr<std::string> content = ReadFile(file_);
  if (!content.ok()) return content.status();
  if (const absl::Status status = check_(*content); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat(file_, ": ", status.message()));
  }
  return Publish(*content);
}

absl::Status CheckedCopy::Publish(std::string_view content) {
  const int fresh = memfd_create("checked-copy", MFD_CLOEXEC);
  if (fresh < 0) return SystemError("memfd_create");
  while (!content.empty()) {
    const ssize_t written = write(fresh, content.data(), content.size());
    if (written < 0) {
      absl::Status status = SystemError("write");
      close(fresh);
      return status;
    }
    content.remove_prefix(static_cast<size_t>(written));
  }
  if (fd_ < 0) {
    fd_ = fresh;
    path_ = absl::StrCat("/proc/self/fd/", fd_);
    return absl::OkStatus();
  }
  // A reader of the path gets the old content or the new one.
  const int replaced = dup3(fresh, fd_, O_CLOEXEC);
  absl::Status status = replaced < 0 ? SystemError("dup3") : absl::OkStatus();
  close(fresh);
  return status;
}

}  // namespace atestore
