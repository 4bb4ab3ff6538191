#pragma once

#include <fcntl.h>

namespace atestore::cli {

// Occupies those of the descriptors 0 to 2 that are closed, so that no socket gets their number and
// with it the output that was meant for a terminal. Writing to them, or reading from them, fails.
// Call it first in main().
inline void OccupyStandardDescriptors() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) >= 0) continue;
    // The lowest free number is this one.
    if (open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) != descriptor) return;
  }
}

}  // namespace atestore::cli
