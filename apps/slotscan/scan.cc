#include "apps/slotscan/scan.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "apps/slotscan/output.h"
#include "core/status.h"
#include "core/utf8.h"
#include "store/advanced.h"
#include "store/options.h"

namespace slotscan {
namespace {

using atestore::KeyPage;
using atestore::ToStd;
using atestore::WideKeyReader;

void Say(const std::string& line) {
  WriteAll(STDERR_FILENO, absl::StrCat("slotscan: ", line, "\n"));
}

}  // namespace

Scan::Scan(atestore::KeyListing& listing, const Flags& flags, const std::atomic<bool>& interrupted)
    : listing_(listing), flags_(flags), interrupted_(interrupted), left_(flags.resume) {}

int Scan::Run() {
  progress_ = atestore::SteadyNow();
  for (;;) {
    if (const std::optional<int> exit = ReadOn()) return *exit;
  }
}

// Reads until the end; nothing: it is worth another try.
std::optional<int> Scan::ReadOn() {
  const atestore::CallOptions call{.cancelled = [this] { return interrupted_.load(); }};
  absl::StatusOr<std::unique_ptr<WideKeyReader>> reader = listing_.ReadKeysWide(
      flags_.query,
      {.page_tokens = left_, .width = flags_.parallel, .records_per_second_max = flags_.rate},
      /*page_size=*/0, call);
  absl::Status status = reader.status();
  KeyPage page;
  while (status.ok() && !(*reader)->page_tokens().empty()) {
    absl::StatusOr<KeyPage> next = atestore::Recycling::Next(**reader, std::move(page));
    status = next.status();
    if (!status.ok()) break;
    page = *std::move(next);
    if (const std::optional<int> exit = Take(page)) return exit;
    left_ = (*reader)->page_tokens();
    if (interrupted_ && !left_.empty()) status = absl::CancelledError("interrupted");
  }
  if (status.ok()) return Conclude();
  const bool try_again = began_ && absl::IsUnavailable(status) && !interrupted_ &&
                         atestore::SteadyNow() - progress_ < kPatience;
  if (try_again) return std::nullopt;
  return OnFailure(status);
}

// Something else than nothing ends the run; the page is left then.
std::optional<int> Scan::Take(const KeyPage& page) {
  if (!flags_.count) {
    text_.clear();
    AppendPage(page, flags_.query.values, flags_.format, &text_);
    const WriteResult written = WriteAll(STDOUT_FILENO, text_);
    if (written == WriteResult::kReaderGone) return kExitComplete;
    if (written == WriteResult::kFailed) {
      Say(absl::StrCat("cannot write: ", std::strerror(errno)));
      SayHowToGoOn();
      return kExitFailed;
    }
  }
  began_ = true;
  progress_ = atestore::SteadyNow();
  keys_ += page.size();
  long_keys_ = long_keys_ || page.long_keys() > 0;
  return std::nullopt;
}

int Scan::OnFailure(const absl::Status& status) {
  Say(interrupted_ ? std::string("interrupted") : atestore::Printable(ToStd(status.message())));
  SayHowToGoOn();
  return interrupted_ ? kExitInterrupted : kExitFailed;
}

int Scan::Conclude() {
  if (flags_.count && WriteAll(STDOUT_FILENO, absl::StrCat(keys_, "\n")) == WriteResult::kFailed) {
    Say(absl::StrCat("cannot write: ", std::strerror(errno)));
    return kExitFailed;
  }
  if (!long_keys_) return kExitComplete;
  SayLongKeys();
  return kExitLongKeys;
}

void Scan::SayLongKeys() {
  Say(absl::StrCat("there are keys of more than ", atestore::kKeyBytesMax >> 10,
                   " KiB; they are not listed"));
}

void Scan::SayHowToGoOn() {
  if (left_.empty()) return;  // nothing was read: the same command does it
  // The next command does not meet them again.
  if (long_keys_) SayLongKeys();
  if (flags_.count) Say(absl::StrCat("counted so far: ", keys_, "; add the result of:"));
  if (!flags_.count) Say("to continue:");
  WriteAll(STDERR_FILENO, absl::StrCat("  ", ResumeCommand(flags_, left_), "\n"));
}

}  // namespace slotscan
