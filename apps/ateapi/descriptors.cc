#include "apps/ateapi/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace atestore {
namespace {

// What is taken for the limit where there is none.
constexpr rlim_t kDescriptorsMax = 1 << 20;

}  // namespace

int64_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kReservedDescriptorsMax;
  limit.rlim_cur = std::min(limit.rlim_max, kDescriptorsMax);
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto descriptors = static_cast<int64_t>(std::min(limit.rlim_cur, kDescriptorsMax));
  return std::max<int64_t>(1, descriptors - std::min(descriptors / 4, kReservedDescriptorsMax));
}

}  // namespace atestore
