#pragma once

#include "absl/time/time.h"

namespace atestore {

// Does nothing for a while: for a timetable of faults and for callers that take their time. Whoever
// waits for something to happen uses Poll().
void Idle(absl::Duration duration);

}  // namespace atestore
