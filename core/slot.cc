#include "core/slot.h"

#include <array>

namespace atestore {
namespace {

constexpr std::array<uint16_t, 256> MakeCrc16Table() {
  std::array<uint16_t, 256> table{};
  for (uint32_t byte = 0; byte < table.size(); ++byte) {
    uint32_t crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) ? (crc << 1) ^ 0x1021 : crc << 1;
    table[byte] = static_cast<uint16_t>(crc);
  }
  return table;
}

constexpr std::array<uint16_t, 256> kCrc16Table = MakeCrc16Table();

constexpr std::string_view kTagAlphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

// The tags of all slots. Every slot is reached by some text of three characters: 62³ candidates
// for 16384 slots; the unit test checks each one.
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
  uint16_t crc = 0;
  for (unsigned char byte : bytes) {
    crc = static_cast<uint16_t>((crc << 8) ^ kCrc16Table[(crc >> 8) ^ byte]);
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

}  // namespace atestore
