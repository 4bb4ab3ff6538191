#include "core/check.h"

#include <cstdio>
#include <cstdlib>

namespace atestore::inline v0 {

void FailCheck(const char* what, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  std::abort();
}

}  // namespace atestore::inline v0
