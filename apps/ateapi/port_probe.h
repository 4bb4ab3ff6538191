#pragma once

#include <functional>
#include <mutex>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/ateapi/periodic.h"

namespace atestore {

// Checks periodically, on its own thread, whether the port of this process still answers, and logs
// when that changes. Thread-safe.
class PortProbe {
 public:
  // `silence_max`: how long checks may fail before the port counts as not answering.
  PortProbe(std::function<absl::Status()> probe, absl::Duration interval,
            absl::Duration silence_max);

  // OK if the port has answered within `silence_max`, else why the last check failed.
  absl::Status status() const;

 private:
  void Ask();

  const std::function<absl::Status()> probe_;
  const absl::Duration silence_max_;
  bool answering_ = true;  // as last logged; used only by the thread
  mutable std::mutex mutex_;
  absl::Time answered_;
  absl::Status last_;
  Periodic asking_;  // last: it uses all of the above
};

}  // namespace atestore
