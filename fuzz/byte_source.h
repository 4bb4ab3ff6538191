#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace atestore::fuzz {

// Reads decisions off the front of a fuzzer's input. Past its end every decision is 0 and every
// text empty, so that each input means something and shorter ones mean simpler things.
class ByteSource {
 public:
  ByteSource(const uint8_t* data, size_t size) : left_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return left_.empty(); }

  uint8_t Byte() {
    if (left_.empty()) return 0;
    uint8_t byte = static_cast<uint8_t>(left_.front());
    left_.remove_prefix(1);
    return byte;
  }
  // 0 … `most`, from as many bytes as it takes.
  uint64_t Number(uint64_t most) {
    uint64_t number = 0;
    for (uint64_t span = most; span > 0; span >>= 8) number = number << 8 | Byte();
    return most == UINT64_MAX ? number : number % (most + 1);
  }
  bool Flag() { return (Byte() & 1) != 0; }
  // A byte that tells the length, then so many bytes, as far as there are any.
  std::string_view Text() { return Bytes(Byte()); }
  std::string_view Bytes(size_t count) {
    std::string_view bytes = left_.substr(0, std::min(count, left_.size()));
    left_.remove_prefix(bytes.size());
    return bytes;
  }
  std::string_view Rest() { return Bytes(left_.size()); }

 private:
  std::string_view left_;
};

}  // namespace atestore::fuzz
