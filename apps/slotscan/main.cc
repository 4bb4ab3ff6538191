// slotscan: the keys of a whole cluster. docs/slotscan.md is the manual.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "apps/cli/standard_descriptors.h"
#include "apps/slotscan/flags.h"
#include "apps/slotscan/output.h"
#include "apps/slotscan/scan.h"
#include "core/status.h"
#include "core/utf8.h"
#include "store/redis/redis_transport.h"

namespace slotscan {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

// The first signal ends the scan, the second one the process.
void WatchSignals() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);  // `| head` ends it quietly: writing says so
}

uint64_t JitterSeed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

int Fail(const absl::Status& why) {
  WriteAll(STDERR_FILENO,
           absl::StrCat("slotscan: ", atestore::Printable(atestore::ToStd(why.message())), "\n"));
  return kExitFailed;
}

int Run(Flags flags) {
  if (flags.ask_password) {
    const char* password = getpass("Please input password: ");
    if (password != nullptr) flags.password = password;
  }
  WatchSignals();
  atestore::RedisOptions redis{.jitter_seed = JitterSeed()};
  if (!flags.user.empty() || !flags.password.empty()) {
    redis.credentials = {.username = flags.user, .password = flags.password};
  }
  if (flags.tls) redis.tls = flags.tls_options;
  absl::StatusOr<std::unique_ptr<atestore::RedisTransport>> transport =
      atestore::RedisTransport::Create(redis);
  if (!transport.ok()) return Fail(transport.status());
  const absl::StatusOr<std::unique_ptr<atestore::KeyListing>> listing = atestore::KeyListing::Open(
      *std::move(transport), {.seeds = {flags.server}, .jitter_seed = JitterSeed()});
  if (!listing.ok()) return Fail(listing.status());
  return Scan(**listing, flags, interrupted).Run();
}

}  // namespace
}  // namespace slotscan

int main(int argc, char** argv) {
  atestore::cli::OccupyStandardDescriptors();
  std::variant<slotscan::Flags, int> flags = slotscan::ParseFlags(argc, argv);
  if (const int* exit_code = std::get_if<int>(&flags)) return *exit_code;
  return slotscan::Run(std::get<slotscan::Flags>(std::move(flags)));
}
