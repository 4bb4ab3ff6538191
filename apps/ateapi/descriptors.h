#pragma once

#include <cstdint>

namespace atestore {

// Descriptors that connections of clients may not use: those to Redis, files, probes, metrics.
// A quarter of all where there are few.
inline constexpr int64_t kReservedDescriptorsMax = 1024;

// Raises this process's limit of open descriptors to the highest that it may have, and returns how
// many of them connections of clients may use.
int64_t RaiseDescriptorLimit();

}  // namespace atestore
