#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace atestore::cli {

enum class WriteResult { kWritten, kReaderGone, kFailed };

// Writes all of `text` to a file descriptor, and waits if it is non-blocking. kReaderGone: the
// reader of the pipe has exited (SIGPIPE must be ignored). kFailed: see errno. In both cases
// `*written` (may be null) is the number of bytes written.
WriteResult WriteAll(int fd, std::string_view text, size_t* written = nullptr);

// Whether the reader of a pipe has exited, without writing. False if it is not a pipe.
bool ReaderIsGone(int fd);

// The progress line at the bottom of a terminal while a listing runs.
class ProgressLine {
 public:
  // `fd` is standard error; if it is not a terminal, nothing is written. `start_fraction` is where
  // the listing began; the estimate of the time left needs it.
  explicit ProgressLine(int fd);
  // Erases the line before something else is printed.
  void Clear();
  // Redraws the line: at most ten times a second, but always after it was cleared.
  void Show(std::optional<double> fraction, int64_t actors, absl::Time now);

 private:
  const int fd_;
  const bool enabled_;
  const absl::Time start_;
  absl::Time drawn_ = absl::InfinitePast();
  bool visible_ = false;
  std::optional<double> first_fraction_;
};

// "37.2 %  1,234,567 actors  85,000/s  1m20s left"; without a fraction, the percentage and the time
// left are missing. `done_fraction`: the share of the whole that was done in `elapsed`.
std::string ProgressText(std::optional<double> fraction, double done_fraction, int64_t actors,
                         absl::Duration elapsed);

// "1234567" → "1,234,567".
std::string WithThousands(int64_t number);

}  // namespace atestore::cli
