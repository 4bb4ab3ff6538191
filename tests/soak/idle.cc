#include "tests/soak/idle.h"

#include "absl/time/clock.h"

namespace atestore {

void Idle(absl::Duration duration) { absl::SleepFor(duration); }

}  // namespace atestore
