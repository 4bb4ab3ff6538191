#pragma once

#include <functional>
#include <mutex>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/ateapi/periodic.h"

namespace atestore {

// Asks again and again, on a thread of its own, whether the port of this process still answers, and
// logs when that changes. Thread-safe.
class PortProbe {
 public:
  // `silence_max`: how long it may fail before it counts.
  PortProbe(std::function<absl::Status()> probe, absl::Duration interval,
            absl::Duration silence_max);

  // OK while the port has answered lately, else why it last did not.
  absl::Status status() const;

 private:
  void Ask();

  const std::function<absl::Status()> probe_;
  const absl::Duration silence_max_;
  bool answering_ = true;  // as it was logged; of the thread alone
  mutable std::mutex mutex_;
  absl::Time answered_;
  absl::Status last_;
  Periodic asking_;  // last: it uses all of the above
};

}  // namespace atestore
