#include "core/slot.h"

#include <array>

namespace atestore::inline v0 {
namespace {

// Bytes processed at once, so that a byte does not wait for the table look-up of the previous one.
constexpr size_t kSlices = 8;
using Crc16Tables = std::array<std::array<uint16_t, 256>, kSlices>;

// tables[k][byte]: the CRC of `byte` followed by k zero bytes.
constexpr Crc16Tables MakeCrc16Tables() {
  Crc16Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) ? (crc << 1) ^ 0x1021 : crc << 1;
    tables[0][byte] = static_cast<uint16_t>(crc);
  }
  for (size_t zeros = 1; zeros < kSlices; ++zeros) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint16_t crc = tables[zeros - 1][byte];
      tables[zeros][byte] = static_cast<uint16_t>((crc << 8) ^ tables[0][crc >> 8]);
    }
  }
  return tables;
}

constexpr Crc16Tables kCrc16Tables = MakeCrc16Tables();

constexpr std::string_view kTagAlphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

// The tags of all slots. Three characters are enough for every slot: there are 62³ candidates for
// 16384 slots; the unit test checks each slot.
class SlotTags {
 public:
  SlotTags() {
    std::array<char, kSlotTagLength> text;
    for (char first : kTagAlphabet) {
      for (char second : kTagAlphabet) {
        for (char third : kTagAlphabet) {
          text = {first, second, third};
          size_t slot = Crc16({text.data(), text.size()}) % kSlotCount;
          if (tags_[slot][0] == '\0') tags_[slot] = text;
        }
      }
    }
  }

  std::string_view operator[](Slot slot) const { return {tags_[slot].data(), tags_[slot].size()}; }

 private:
  std::array<std::array<char, kSlotTagLength>, kSlotCount> tags_{};
};

}  // namespace

uint16_t Crc16(std::string_view bytes) {
  const auto& tables = kCrc16Tables;
  const auto* next = reinterpret_cast<const unsigned char*>(bytes.data());
  size_t left = bytes.size();
  uint16_t crc = 0;
  for (; left >= kSlices; left -= kSlices, next += kSlices) {
    crc = tables[7][(crc >> 8) ^ next[0]] ^ tables[6][(crc & 0xFF) ^ next[1]] ^ tables[5][next[2]] ^
          tables[4][next[3]] ^ tables[3][next[4]] ^ tables[2][next[5]] ^ tables[1][next[6]] ^
          tables[0][next[7]];
  }
  if (left >= kSlices / 2) {
    crc = tables[3][(crc >> 8) ^ next[0]] ^ tables[2][(crc & 0xFF) ^ next[1]] ^ tables[1][next[2]] ^
          tables[0][next[3]];
    left -= kSlices / 2;
    next += kSlices / 2;
  }
  for (; left > 0; --left, ++next) {
    crc = static_cast<uint16_t>((crc << 8) ^ tables[0][(crc >> 8) ^ *next]);
  }
  return crc;
}

std::string_view HashTag(std::string_view key) {
  size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

Slot KeySlot(std::string_view key) { return Crc16(HashTag(key)) % kSlotCount; }

std::string_view SlotTag(Slot slot) {
  static const SlotTags tags;
  return tags[slot];
}

}  // namespace atestore::inline v0
