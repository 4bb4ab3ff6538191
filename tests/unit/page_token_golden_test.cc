// Tokens as they are in the hands of clients: what is written here must be read, and made, for ever
// (docs/page-token.md).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/page_token.h"

namespace atestore {
namespace {

constexpr KeyMark kMark{.hash = 0x0123456789ABCDEF};
constexpr KeyMark kMarkInRun{.hash = 0x0123456789ABCDEF, .tie = 0xFEDCBA9876543210};
constexpr KeyMark kOtherMark{.hash = 0x1111222233334444};
constexpr uint64_t kCursor = 0x0000000700003FFF;
constexpr uint64_t kNextCursor = 0x0000000B00003FFF;
constexpr uint64_t kRun = 0xA5A5A5A55A5A5A5A;

struct Golden {
  const char* place;
  Position position;
  std::string checksum;  // the token without a key
  std::string hmac;      // the token signed by key 7
};

std::vector<Golden> Goldens() {
  return {
      {"SlotStart",
       {.slot = 0},
       "AQAJCcwwvEmI39P4t7GawY5TeLA",
       "AQcJCcwwvEmI39P4_uUKWwZMH8d225JYZ1hNzA"},
      {"LastSlot",
       {.slot = 16383},
       "AQAMCcwwvEmI39P4EP9_n9Qeim-IEy4",
       "AQcMCcwwvEmI39P4EP9_JEaX_teCUdfR7qTihobOHA"},
      {"PartOfTheSlots",
       {.slot = 4096, .end = 8192},
       "AQAPCcwwvEmI39P4EIAgKIBAl4cBoLLdvs4",
       "AQcPCcwwvEmI39P4EIAgKIBACml2r_rmi5CklBlpVwa7cw"},
      {"AfterNameInAPartOfTheSlots",
       {.slot = 1234, .place = AfterKey{kMark}, .end = 16383},
       "AQAaCcwwvEmI39P4ENIJGgkJ782riWdFIwEo_3_I7Zvr3iPB9Q",
       "AQcaCcwwvEmI39P4ENIJGgkJ782riWdFIwEo_38vvUqKAWKYJ7ROQRHOKMCK"},
      {"CursorInAPartOfOneSlot",
       {.slot = 7, .place = InSlotCursor{.cursor = kCursor, .run = kRun}, .end = 8},
       "AQAhCcwwvEmI39P4EAciEgn_PwAABwAAABFaWlpapaWlpSgI3YCHm5hKhr0",
       "AQchCcwwvEmI39P4EAciEgn_PwAABwAAABFaWlpapaWlpSgIK0JoteqCp6O0Vq6R0eT10Q"},
      {"AfterKey",
       {.slot = 1234, .place = AfterKey{kMark}},
       "AQAXCcwwvEmI39P4ENIJGgkJ782riWdFIwEfqrwJVHR1jg",
       "AQcXCcwwvEmI39P4ENIJGgkJ782riWdFIwGrZwWk3iZuBufnokBRvLnx"},
      {"AfterNameInARun",
       {.slot = 1234, .place = AfterKey{kMarkInRun}},
       "AQAgCcwwvEmI39P4ENIJGhIJ782riWdFIwEREDJUdpi63P4F7s3FBM6LQg",
       "AQcgCcwwvEmI39P4ENIJGhIJ782riWdFIwEREDJUdpi63P4Wqq3a-iED9jm9TdrM2jH7"},
      {"Cursor",
       {.slot = 16383, .place = InSlotCursor{.cursor = kCursor, .run = kRun}},
       "AQAgCcwwvEmI39P4EP9_IhIJ_z8AAAcAAAARWlpaWqWlpaUB1C1YYnchGg",
       "AQcgCcwwvEmI39P4EP9_IhIJ_z8AAAcAAAARWlpaWqWlpaXexCOV4lX5munnrxM6GkQT"},
      {"CursorWithFloor",
       {.slot = 16383, .place = InSlotCursor{.cursor = kCursor, .run = kRun, .floor = kMark}},
       "AQArCcwwvEmI39P4EP9_Ih0J_z8AAAcAAAARWlpaWqWlpaUaCQnvzauJZ0UjAa-735B8hpta",
       "AQcrCcwwvEmI39P4EP9_Ih0J_z8AAAcAAAARWlpaWqWlpaUaCQnvzauJZ0UjAf8g61Yiq09RO0QEl_Y_"
       "omU"},
      {"CursorWithSplit",
       {.slot = 16383,
        .place =
            InSlotCursor{
                .cursor = kCursor, .run = kRun, .split = SplitReply{kNextCursor, kOtherMark}}},
       "AQA2CcwwvEmI39P4EP9_IigJ_z8AAAcAAAARWlpaWqWlpaUiFAn_PwAACwAAABIJCUREMzMiIhERQumo"
       "zgPu2Hs",
       "AQc2CcwwvEmI39P4EP9_IigJ_z8AAAcAAAARWlpaWqWlpaUiFAn_PwAACwAAABIJCUREMzMiIhERnvJ5"
       "u8Zk7rY72roE_F-ifg"},
      {"CursorWithFloorAndSplit",
       {.slot = 16383,
        .place = InSlotCursor{.cursor = kCursor,
                              .run = kRun,
                              .floor = kMarkInRun,
                              .split = SplitReply{kNextCursor, kMarkInRun}}},
       "AQBTCcwwvEmI39P4EP9_IkUJ_z8AAAcAAAARWlpaWqWlpaUaEgnvzauJZ0UjAREQMlR2mLrc_iIdCf8_"
       "AAALAAAAEhIJ782riWdFIwEREDJUdpi63P5OOOYlaEtAnQ",
       "AQdTCcwwvEmI39P4EP9_IkUJ_z8AAAcAAAARWlpaWqWlpaUaEgnvzauJZ0UjAREQMlR2mLrc_iIdCf8_"
       "AAALAAAAEhIJ782riWdFIwEREDJUdpi63P4iXRKrb0WbjZFAnLR3-W77"},
  };
}

class PageTokenGolden : public testing::TestWithParam<Golden> {};

void ExpectBothWays(const PageTokenCodec& codec, const Position& position,
                    const std::string& token) {
  const uint64_t request = HashRequest("ListActors", "team-a");
  EXPECT_EQ(codec.Encode(position, request), token);
  const auto decoded = codec.Decode(token, request);
  ASSERT_TRUE(std::holds_alternative<Position>(decoded));
  EXPECT_EQ(std::get<Position>(decoded), position);
}

TEST_P(PageTokenGolden, WithAChecksum) {
  ExpectBothWays(PageTokenCodec(), GetParam().position, GetParam().checksum);
}

TEST_P(PageTokenGolden, WithAnHmac) {
  const absl::StatusOr<PageTokenCodec> codec =
      PageTokenCodec::Create({{.id = 7, .secret = "0123456789abcdef"}});
  ASSERT_TRUE(codec.ok());
  ExpectBothWays(*codec, GetParam().position, GetParam().hmac);
}

INSTANTIATE_TEST_SUITE_P(Places, PageTokenGolden, testing::ValuesIn(Goldens()),
                         [](const auto& golden) { return std::string(golden.param.place); });

}  // namespace
}  // namespace atestore
