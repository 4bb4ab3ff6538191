#pragma once

#include <cstdint>
#include <string>

namespace mockcluster::inline v0 {

// The only source of randomness: SplitMix64 (Steele, Lea, Flood 2014). A value; the same seed gives
// the same numbers on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // Uniform over all 64-bit numbers.
  uint64_t Next() {
    uint64_t mixed = state_ += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
  }

  // Uniform (up to a bias below 2⁻³²) over 0 … bound − 1; bound ≥ 1.
  uint64_t Below(uint64_t bound) { return Next() % bound; }

  // A random node id or run id: 40 hexadecimal digits.
  std::string HexId() {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string id(40, '0');
    for (char& digit : id) digit = kDigits[Next() >> 60];
    return id;
  }

 private:
  uint64_t state_;
};

}  // namespace mockcluster::inline v0
