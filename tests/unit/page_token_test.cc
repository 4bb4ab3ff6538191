#include "core/page_token.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"

namespace atestore {
namespace {

constexpr uint64_t kRequest = 0x1122334455667788;

rc::Gen<KeyMark> AnyMark() {
  return rc::gen::build<KeyMark>(
      rc::gen::set(&KeyMark::hash, rc::gen::arbitrary<uint64_t>()),
      rc::gen::set(&KeyMark::tie, rc::gen::map(rc::gen::maybe(rc::gen::arbitrary<uint64_t>()),
                                               [](rc::Maybe<uint64_t> tie) {
                                                 return tie ? std::optional<uint64_t>(*tie)
                                                            : std::nullopt;
                                               })));
}

rc::Gen<Position> AnyPosition() {
  return rc::gen::exec([] {
    Position position{.slot = *rc::gen::inRange<Slot>(0, kSlotCount)};
    if (*rc::gen::arbitrary<bool>()) {
      position.end = *rc::gen::inRange<size_t>(position.slot + 1, kSlotCount + 1);
    }
    int place = *rc::gen::inRange(0, 3);
    if (place == 1) position.place = AfterKey{*AnyMark()};
    if (place == 2) {
      InSlotCursor cursor{.cursor = *rc::gen::arbitrary<uint64_t>(),
                          .run = *rc::gen::arbitrary<uint64_t>()};
      if (*rc::gen::arbitrary<bool>()) cursor.floor = *AnyMark();
      if (*rc::gen::arbitrary<bool>()) {
        cursor.split = SplitReply{*rc::gen::arbitrary<uint64_t>(), *AnyMark()};
      }
      position.place = cursor;
    }
    return position;
  });
}

PageTokenFlaw FlawOf(const PageTokenCodec& codec, std::string_view token) {
  auto result = codec.Decode(token, kRequest);
  auto* error = std::get_if<PageTokenError>(&result);
  EXPECT_NE(error, nullptr) << token;
  return error == nullptr ? PageTokenFlaw::kMalformed : error->flaw;
}

PageTokenCodec CodecOf(std::vector<PageTokenKey> keys) {
  absl::StatusOr<PageTokenCodec> codec = PageTokenCodec::Create(std::move(keys));
  EXPECT_TRUE(codec.ok()) << codec.status();
  return *std::move(codec);
}

std::vector<PageTokenCodec> Codecs() {
  return {PageTokenCodec(), CodecOf({{.id = 7, .secret = std::string(32, 's')}})};
}

RC_GTEST_PROP(PageTokenTest, DecodesWhatItEncodes, ()) {
  Position position = *AnyPosition();
  for (const PageTokenCodec& codec : Codecs()) {
    std::string token = codec.Encode(position, kRequest);
    RC_ASSERT(token.size() <= kPageTokenLengthMax);
    auto decoded = codec.Decode(token, kRequest);
    RC_ASSERT(std::holds_alternative<Position>(decoded));
    RC_ASSERT(std::get<Position>(decoded) == position);
  }
}

RC_GTEST_PROP(PageTokenTest, EveryMutationIsRefused, ()) {
  Position position = *AnyPosition();
  for (const PageTokenCodec& codec : Codecs()) {
    const std::string token = codec.Encode(position, kRequest);
    std::string changed = token;
    size_t at = *rc::gen::inRange<size_t>(0, token.size());
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        changed[at] = static_cast<char>(changed[at] ^ (1 << *rc::gen::inRange(0, 8)));
        break;
      case 1:
        changed.resize(at);
        break;
      case 2:
        changed.insert(at, 1, *rc::gen::elementOf(std::string("AZaz09-_=+/ \n")));
        break;
      default:
        changed += "==";
    }
    RC_ASSERT(std::holds_alternative<PageTokenError>(codec.Decode(changed, kRequest)));
  }
}

// Where a mutation by chance seldom falls: the first and last byte of each part.
TEST(PageTokenTest, EveryBitCounts) {
  const Position position{.slot = 5, .place = AfterKey{{.hash = 42, .tie = 43}}};
  for (const PageTokenCodec& codec : Codecs()) {
    std::string bytes;
    ASSERT_TRUE(absl::WebSafeBase64Unescape(codec.Encode(position, kRequest), &bytes));
    for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      std::string changed = bytes;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      EXPECT_TRUE(std::holds_alternative<PageTokenError>(
          codec.Decode(absl::WebSafeBase64Escape(changed), kRequest)))
          << "byte " << bit / 8 << " of " << bytes.size();
    }
  }
}

TEST(PageTokenTest, TypicalTokensAreShort) {
  Position position{.slot = 16383, .place = AfterKey{{.hash = ~uint64_t{0}}}};
  EXPECT_LE(PageTokenCodec().Encode(position, kRequest).size(), 100u);
  KeyMark mark{.hash = ~uint64_t{0}, .tie = ~uint64_t{0}};
  position.place = InSlotCursor{.cursor = ~uint64_t{0},
                                .run = ~uint64_t{0},
                                .floor = mark,
                                .split = SplitReply{~uint64_t{0}, mark}};
  EXPECT_LE(Codecs()[1].Encode(position, kRequest).size(), kPageTokenLengthMax);
}

TEST(PageTokenTest, ErrorsSayWhich) {
  PageTokenCodec codec;
  Position position{.slot = 5, .place = AfterKey{{.hash = 42}}};
  std::string token = codec.Encode(position, kRequest);
  for (size_t length = 0; length < token.size(); ++length) {
    EXPECT_EQ(FlawOf(codec, token.substr(0, length)), PageTokenFlaw::kTruncated) << length;
  }
  EXPECT_EQ(FlawOf(codec, "not base64!"), PageTokenFlaw::kMalformed);
  EXPECT_EQ(FlawOf(codec, std::string(kPageTokenLengthMax + 1, 'A')), PageTokenFlaw::kMalformed);
  EXPECT_EQ(FlawOf(codec, "/" + token.substr(1)), PageTokenFlaw::kMalformed);
  EXPECT_EQ(FlawOf(codec, "_" + token.substr(1)), PageTokenFlaw::kUnknownVersion);
  EXPECT_EQ(FlawOf(codec, Codecs()[1].Encode(position, kRequest)), PageTokenFlaw::kUnknownKey);
  std::string bytes;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(token, &bytes));
  bytes[10] ^= 1;
  EXPECT_EQ(FlawOf(codec, absl::WebSafeBase64Escape(bytes)), PageTokenFlaw::kAltered);
  EXPECT_EQ(FlawOf(codec, absl::WebSafeBase64Escape(bytes + "x")), PageTokenFlaw::kMalformed);
  auto other = codec.Decode(token, HashRequest("ListActors", "b"));
  ASSERT_TRUE(std::holds_alternative<PageTokenError>(other));
  EXPECT_EQ(std::get<PageTokenError>(other).flaw, PageTokenFlaw::kOtherRequest);
}

TEST(PageTokenTest, KeysRotate) {
  PageTokenKey old_key{.id = 1, .secret = std::string(16, 'o')};
  PageTokenKey new_key{.id = 2, .secret = std::string(16, 'n')};
  Position position{.slot = 9};
  std::string token = CodecOf({old_key}).Encode(position, kRequest);
  const PageTokenCodec both = CodecOf({new_key, old_key});
  EXPECT_TRUE(std::holds_alternative<Position>(both.Decode(token, kRequest)));
  EXPECT_NE(both.Encode(position, kRequest), token);
  EXPECT_EQ(FlawOf(CodecOf({new_key}), token), PageTokenFlaw::kUnknownKey);
  PageTokenKey forged{.id = 1, .secret = std::string(16, 'f')};
  EXPECT_EQ(FlawOf(CodecOf({forged}), token), PageTokenFlaw::kAltered);
}

TEST(PageTokenTest, KeysThatProtectNothingAreRefused) {
  const std::string secret(kPageTokenSecretBytesMin, 's');
  EXPECT_TRUE(PageTokenCodec::Create({}).ok());
  EXPECT_TRUE(PageTokenCodec::Create({{.id = 255, .secret = secret}}).ok());
  const std::vector<std::pair<std::vector<PageTokenKey>, std::string>> refused = {
      {{{.id = 0, .secret = secret}}, "page token key 0: id: 0, must be 1 to 255"},
      {{{.id = 1, .secret = secret}, {.id = 1, .secret = secret}},
       "page token key 1: id: 1 is used twice"},
      {{{.id = 2, .secret = ""}}, "page token key 0: secret: 0 bytes, must have at least 16"},
      {{{.id = 1, .secret = secret}, {.id = 2, .secret = secret.substr(1)}},
       "page token key 1: secret: 15 bytes, must have at least 16"},
  };
  for (const auto& [keys, message] : refused) {
    const absl::Status status = PageTokenCodec::Create(keys).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), message);
  }
}

TEST(PageTokenTest, PayloadOutOfRangeIsRefused) {
  auto decoded = DecodePageTokenPayload(
      EncodePageTokenPayload({.slot = static_cast<Slot>(kSlotCount)}, kRequest), kRequest);
  ASSERT_TRUE(std::holds_alternative<PageTokenError>(decoded));
  EXPECT_EQ(std::get<PageTokenError>(decoded).flaw, PageTokenFlaw::kOutOfRange);
}

TEST(NameMarkTest, TheTieStandsInsideARunOfEqualHashes) {
  uint64_t a = BreakTie("a");
  uint64_t b = BreakTie("b");
  ASSERT_NE(a, b);
  KeyMark behind_run{.hash = 5};
  EXPECT_FALSE(behind_run.IsBefore(5, "a"));
  EXPECT_TRUE(behind_run.IsBefore(6, "a"));
  KeyMark at_a{.hash = 5, .tie = a};
  EXPECT_FALSE(at_a.IsBefore(5, "a"));
  EXPECT_EQ(at_a.IsBefore(5, "b"), b > a);
  EXPECT_FALSE(at_a.IsBefore(4, "b"));
}

RC_GTEST_PROP(PartitionsTest, AreDisjointAndTogetherWhatIsLeft, ()) {
  const Position whole = *AnyPosition();
  const size_t count = *rc::gen::inRange<size_t>(1, 40);
  const std::vector<Position> parts = PartitionsOf(whole, count);
  RC_ASSERT(!parts.empty() && parts.size() <= count);
  RC_ASSERT(parts.front().slot == whole.slot);
  RC_ASSERT(parts.front().place == whole.place);
  RC_ASSERT(parts.back().end == whole.end);
  for (size_t part = 0; part < parts.size(); ++part) {
    RC_ASSERT(parts[part].slot < parts[part].end);
    if (part == 0) continue;
    RC_ASSERT(parts[part].slot == parts[part - 1].end);
    RC_ASSERT(std::holds_alternative<SlotStart>(parts[part].place));
  }
}

}  // namespace
}  // namespace atestore
