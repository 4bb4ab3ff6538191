#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "apps/slotscan/flags.h"
#include "store/key_listing.h"

namespace slotscan {

// How long to retry when the cluster becomes unreadable after it was readable.
inline constexpr absl::Duration kPatience = absl::Minutes(1);

// One run of the program: reads the keys and writes them to standard output. If it ends early, it
// says on standard error why, and prints a command that continues. The output so far and the output
// of that command together have every key once.
class Scan {
 public:
  // The listing, the flags and `interrupted` must outlive the object.
  Scan(atestore::KeyListing& listing, const Flags& flags, const std::atomic<bool>& interrupted);

  // The exit code.
  int Run();

 private:
  std::optional<int> ReadOn();
  std::optional<int> Take(const atestore::KeyPage& page);
  int OnFailure(const absl::Status& status);
  int Conclude();
  void SayLongKeys();
  void SayHowToGoOn();

  atestore::KeyListing& listing_;
  const Flags& flags_;
  const std::atomic<bool>& interrupted_;
  std::vector<std::string> left_;  // tokens of what is left; empty: everything
  bool began_ = false;             // something has been read
  absl::Time progress_;            // when something was last read
  uint64_t keys_ = 0;
  bool long_keys_ = false;
  std::string text_;
};

}  // namespace slotscan
