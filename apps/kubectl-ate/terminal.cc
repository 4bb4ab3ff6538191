#include "apps/kubectl-ate/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace atestore::cli {
namespace {

constexpr absl::Duration kRedrawInterval = absl::Milliseconds(100);
constexpr char kEraseLine[] = "\r\x1b[K";
constexpr size_t kColumnsDefault = 80;
// Less than this is noise, and so would the time left be.
constexpr double kFractionForEstimate = 0.001;

size_t ColumnsOf(int fd) {
  winsize size{};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kColumnsDefault;
}

std::string ShortDuration(absl::Duration duration) {
  const int64_t seconds = absl::ToInt64Seconds(duration);
  if (seconds >= 3600) return absl::StrFormat("%dh%02dm", seconds / 3600, seconds / 60 % 60);
  if (seconds >= 60) return absl::StrFormat("%dm%02ds", seconds / 60, seconds % 60);
  return absl::StrFormat("%ds", seconds);
}

}  // namespace

WriteResult WriteAll(int fd, std::string_view text, size_t* written) {
  size_t done = 0;
  WriteResult result = WriteResult::kWritten;
  while (done < text.size()) {
    const ssize_t count = write(fd, text.data() + done, text.size() - done);
    if (count >= 0) {
      done += static_cast<size_t>(count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd waiting{.fd = fd, .events = POLLOUT, .revents = 0};
      poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      result = errno == EPIPE ? WriteResult::kReaderGone : WriteResult::kFailed;
      break;
    }
  }
  if (written != nullptr) *written = done;
  return result;
}

bool ReaderIsGone(int fd) {
  struct stat file {};
  if (fstat(fd, &file) != 0 || !(S_ISFIFO(file.st_mode) || S_ISSOCK(file.st_mode))) return false;
  pollfd poller{.fd = fd, .events = 0, .revents = 0};
  return poll(&poller, 1, 0) == 1 && (poller.revents & (POLLERR | POLLHUP)) != 0;
}

ProgressLine::ProgressLine(int fd) : fd_(fd), enabled_(isatty(fd) == 1), start_(absl::Now()) {}

void ProgressLine::Clear() {
  if (!visible_) return;
  WriteAll(fd_, kEraseLine);
  visible_ = false;
}

void ProgressLine::Show(std::optional<double> fraction, int64_t actors, absl::Time now) {
  if (!enabled_) return;
  if (!first_fraction_) first_fraction_ = fraction;
  if (visible_ && now - drawn_ < kRedrawInterval) return;
  const double done = fraction ? *fraction - first_fraction_.value_or(0) : 0;
  std::string text = ProgressText(fraction, done, actors, now - start_);
  const size_t columns = ColumnsOf(fd_);
  if (text.size() >= columns) text.resize(columns - 1);
  WriteAll(fd_, absl::StrCat(kEraseLine, text));
  visible_ = true;
  drawn_ = now;
}

std::string ProgressText(std::optional<double> fraction, double done_fraction, int64_t actors,
                         absl::Duration elapsed) {
  std::string text;
  if (fraction) absl::StrAppendFormat(&text, "%.1f %%  ", *fraction * 100);
  absl::StrAppend(&text, WithThousands(actors), actors == 1 ? " actor" : " actors");
  const double seconds = absl::ToDoubleSeconds(elapsed);
  if (seconds > 0) {
    const auto rate = static_cast<int64_t>(static_cast<double>(actors) / seconds);
    absl::StrAppend(&text, "  ", WithThousands(rate), "/s");
  }
  if (fraction && done_fraction > kFractionForEstimate) {
    const absl::Duration left = elapsed * ((1 - *fraction) / done_fraction);
    absl::StrAppend(&text, "  ", ShortDuration(left), " left");
  }
  return text;
}

std::string WithThousands(int64_t number) {
  std::string digits = absl::StrCat(number);
  const size_t first = number < 0 ? 1 : 0;
  for (size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

}  // namespace atestore::cli
