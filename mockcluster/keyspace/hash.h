#pragma once

#include <cstdint>
#include <string_view>

namespace mockcluster::inline v0 {

// The hash that orders keys in a process with this seed. XXH3-64, as good as the servers' SipHash
// for the purpose: another seed is another order.
uint64_t HashKey(std::string_view key, uint64_t seed);

}  // namespace mockcluster::inline v0
