#include "core/slot.h"

#include <gtest/gtest.h>

#include <string>

namespace atestore {
namespace {

TEST(Crc16Test, KnownAnswerOfTheSpecification) { EXPECT_EQ(Crc16("123456789"), 0x31C3); }

TEST(Crc16Test, EveryLengthAgreesWithTheDefinition) {
  std::string bytes;
  for (int length = 0; length < 70; ++length) {
    uint32_t expected = 0;
    for (unsigned char byte : bytes) {
      expected ^= static_cast<uint32_t>(byte) << 8;
      for (int bit = 0; bit < 8; ++bit) {
        expected = (expected & 0x8000) ? (expected << 1) ^ 0x1021 : expected << 1;
      }
    }
    ASSERT_EQ(Crc16(bytes), expected & 0xFFFF) << length;
    bytes.push_back(static_cast<char>(length * 151 + 7));
  }
}

TEST(KeySlotTest, ValuesMeasuredOnRealServers) {
  EXPECT_EQ(KeySlot(""), 0);
  EXPECT_EQ(KeySlot("123456789"), 12739);
  EXPECT_EQ(KeySlot("{}"), 15257);
  EXPECT_EQ(KeySlot("foo{}{bar}"), 8363);
  EXPECT_EQ(KeySlot("foo{{bar}}zap"), 4015);
  EXPECT_EQ(KeySlot("foo{bar}{zap}"), 5061);
  EXPECT_EQ(KeySlot("{user1000}.following"), 3443);
  EXPECT_EQ(KeySlot("x"), 16287);
  EXPECT_EQ(KeySlot("0"), 13907);
}

TEST(SlotTagTest, EverySlotHasATagThatHashesToIt) {
  for (size_t slot = 0; slot < kSlotCount; ++slot) {
    std::string_view tag = SlotTag(static_cast<Slot>(slot));
    ASSERT_EQ(tag.size(), kSlotTagLength);
    ASSERT_EQ(KeySlot("actor:{" + std::string(tag) + "}"), slot);
  }
}

}  // namespace
}  // namespace atestore
