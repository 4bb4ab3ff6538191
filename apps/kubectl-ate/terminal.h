#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace atestore::cli {

enum class WriteResult { kWritten, kReaderGone, kFailed };

// Writes all of `text` to a file descriptor, and waits for one that is non-blocking. kReaderGone
// when nobody reads the pipe any more (SIGPIPE must be ignored); errno tells about kFailed. Then
// `*written` (may be null) is how many bytes got out.
WriteResult WriteAll(int fd, std::string_view text, size_t* written = nullptr);

// Whether the reader of a pipe has gone, without writing. False for anything that is no pipe.
bool ReaderIsGone(int fd);

// The line that a person sees while a listing runs, at the bottom of a terminal.
class ProgressLine {
 public:
  // `fd` is standard error; not a terminal: nothing is ever written. `start_fraction` is where the
  // listing began, for the time left.
  explicit ProgressLine(int fd);
  // Erases the line before something else is printed.
  void Clear();
  // Redraws it, at most ten times a second, or always when it was cleared.
  void Show(std::optional<double> fraction, int64_t actors, absl::Time now);

 private:
  const int fd_;
  const bool enabled_;
  const absl::Time start_;
  absl::Time drawn_ = absl::InfinitePast();
  bool visible_ = false;
  std::optional<double> first_fraction_;
};

// "37.2 %  1,234,567 actors  85,000/s  1m20s left"; without a fraction the percent and the time
// left are missing. `done_fraction`: how much of the whole was done in `elapsed`.
std::string ProgressText(std::optional<double> fraction, double done_fraction, int64_t actors,
                         absl::Duration elapsed);

// "1234567" → "1,234,567".
std::string WithThousands(int64_t number);

}  // namespace atestore::cli
