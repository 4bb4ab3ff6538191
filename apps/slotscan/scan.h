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

// A cluster that cannot be read is tried for so long, once it could be read.
inline constexpr absl::Duration kPatience = absl::Minutes(1);

// One run of the program: reads, writes to standard output, says on standard error why it ended
// early and how to go on. What was written then and what the command prints that it names are
// together every key once.
class Scan {
 public:
  // The listing, the flags and `interrupted` must outlive it.
  Scan(atestore::KeyListing& listing, const Flags& flags, const std::atomic<bool>& interrupted);

  // The exit code.
  int Run();

 private:
  std::optional<int> ReadOn();
  std::optional<int> Take(const atestore::KeyPage& page);
  int OnFailure(const absl::Status& status);
  int Conclude();
  void SayHowToGoOn();

  atestore::KeyListing& listing_;
  const Flags& flags_;
  const std::atomic<bool>& interrupted_;
  std::vector<std::string> left_;  // empty: everything, before anything was read
  bool began_ = false;             // something was read
  absl::Time progress_;            // when
  uint64_t keys_ = 0;
  bool long_keys_ = false;
  std::string text_;
};

}  // namespace slotscan
