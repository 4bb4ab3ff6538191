#include "apps/ateapi/port_probe.h"

#include <utility>

#include "apps/ateapi/log.h"
#include "core/status.h"
#include "store/options.h"

namespace atestore {

PortProbe::PortProbe(std::function<absl::Status()> probe, absl::Duration interval,
                     absl::Duration silence_max)
    : probe_(std::move(probe)),
      silence_max_(silence_max),
      answered_(SteadyNow()),
      asking_([this] { Ask(); }, interval) {}

absl::Status PortProbe::status() const {
  const std::lock_guard lock(mutex_);
  if (SteadyNow() - answered_ <= silence_max_) return absl::OkStatus();
  return last_;
}

void PortProbe::Ask() {
  const absl::Status status = probe_();
  if (status.ok() != answering_) {
    LogLine(status.ok() ? LogLevel::kInfo : LogLevel::kWarning,
            status.ok() ? "port_answers" : "port_does_not_answer")
        .Add("message", ToStd(status.message()));
  }
  answering_ = status.ok();
  const std::lock_guard lock(mutex_);
  last_ = status;
  if (status.ok()) answered_ = SteadyNow();
}

}  // namespace atestore
