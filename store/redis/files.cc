#include "store/redis/files.h"

#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <ios>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace atestore::inline v0 {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kFileBytesMax + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || !file.is_open()) {
    const int error = errno != 0 ? errno : EIO;
    return absl::ErrnoToStatus(error, absl::StrCat("cannot read ", path));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kFileBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " has more than ", kFileBytesMax, " bytes"));
  }
  text.shrink_to_fit();
  return text;
}

FileWatch::FileWatch(std::string path) : path_(std::move(path)), last_(Look()) {}

bool FileWatch::Changed() {
  const Stamp now = Look();
  return std::exchange(last_, now) != now;
}

FileWatch::Stamp FileWatch::Look() const {
  struct stat file {};
  if (stat(path_.c_str(), &file) != 0) return {};
  return {.device = file.st_dev,
          .inode = file.st_ino,
          .bytes = file.st_size,
          .seconds = file.st_mtim.tv_sec,
          .nanoseconds = file.st_mtim.tv_nsec};
}

absl::StatusOr<std::unique_ptr<PasswordFile>> PasswordFile::Open(const std::string& path,
                                                                 OnReload on_reload) {
  std::unique_ptr<PasswordFile> file(new PasswordFile(path, std::move(on_reload)));
  if (absl::Status status = file->Load(); !status.ok()) return status;
  return file;
}

PasswordFile::PasswordFile(const std::string& path, OnReload on_reload)
    : path_(path), on_reload_(std::move(on_reload)), watch_(path) {}

const std::string& PasswordFile::Password() {
  if (watch_.Changed()) {
    const absl::Status status = Load();
    if (on_reload_) on_reload_(status);
  }
  return password_;
}

absl::Status PasswordFile::Load() {
  absl::StatusOr<std::string> text = ReadFile(path_);
  if (!text.ok()) return text.status();
  absl::StripTrailingAsciiWhitespace(&*text);
  // Also what a file looks like that is just being written.
  if (text->empty()) return absl::InvalidArgumentError(absl::StrCat(path_, " holds no password"));
  password_ = *std::move(text);
  return absl::OkStatus();
}

}  // namespace atestore::inline v0
