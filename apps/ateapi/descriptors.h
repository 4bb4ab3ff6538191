#pragma once

#include <cstdint>

namespace atestore {

// Descriptors reserved for everything but client connections: Redis, files, probes, metrics. If the
// limit is low, a quarter of it is reserved instead.
inline constexpr int64_t kReservedDescriptorsMax = 1024;

// Raises this process's limit of open descriptors to the maximum allowed, and returns how many of
// them client connections may use.
int64_t RaiseDescriptorLimit();

}  // namespace atestore
