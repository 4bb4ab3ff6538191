#include "store/redis/back_off.h"

#include <algorithm>

#include "absl/time/time.h"
#include "store/redis/limits.h"

namespace atestore::inline v0 {

void BackOff::OnFailure(SteadyTime now, double spread) {
  constexpr int kDoublingsMax = 16;
  absl::Duration delay = kBackOffMin * (1 << std::min(failures_, kDoublingsMax));
  delay = std::min(delay, kBackOffMax) * (0.5 + spread / 2);
  until_ = now + absl::ToChronoMicroseconds(delay);
  ++failures_;
}

}  // namespace atestore::inline v0
