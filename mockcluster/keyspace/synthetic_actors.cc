#include "mockcluster/keyspace/synthetic_actors.h"

#include <array>
#include <charconv>
#include <vector>

#include "absl/strings/str_cat.h"

namespace mockcluster::inline v0 {
namespace {

using atestore::Crc16;
using atestore::kSlotCount;

constexpr size_t kSuffixLength = 4;
constexpr size_t kIndexDigits = 8;
constexpr std::string_view kNameAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kKeyPrefix = "actor:";

// For every slot four characters of a DNS label that hash to it.
class Suffixes {
 public:
  Suffixes() {
    struct Pair {
      std::array<char, 2> text;
      uint16_t crc_ahead;   // of the pair and two zero bytes
      uint16_t crc_behind;  // of the pair alone, the same as behind zero bytes
    };
    std::vector<Pair> pairs;
    for (char first : kNameAlphabet) {
      for (char second : kNameAlphabet) {
        std::array<char, kSuffixLength> ahead{first, second, '\0', '\0'};
        pairs.push_back({.text = {first, second},
                         .crc_ahead = Crc16({ahead.data(), ahead.size()}),
                         .crc_behind = Crc16({ahead.data(), 2})});
      }
    }
    // CRC-16 with initial value 0 is linear, so the check sum of four bytes is the exclusive or of
    // the check sums of its halves.
    size_t missing = kSlotCount;
    for (const Pair& ahead : pairs) {
      for (const Pair& behind : pairs) {
        auto& text = texts_[(ahead.crc_ahead ^ behind.crc_behind) % kSlotCount];
        if (text[0] != '\0') continue;
        text = {ahead.text[0], ahead.text[1], behind.text[0], behind.text[1]};
        if (--missing == 0) return;
      }
    }
  }

  // The characters that make a key in `slot` of `key` without its last kSuffixLength bytes, which
  // must be zero bytes.
  std::string_view Leading(std::string_view key, Slot slot) const {
    const auto& text = texts_[(Crc16(key) ^ slot) % kSlotCount];
    return {text.data(), text.size()};
  }

 private:
  std::array<std::array<char, kSuffixLength>, kSlotCount> texts_{};
};

// A well-mixed number for an actor, from which its other properties are taken (SplitMix64).
uint64_t Mix(Slot slot, uint64_t index) {
  uint64_t mixed = (index * kSlotCount + slot) * 0x9E3779B97F4A7C15;
  mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
  return mixed ^ mixed >> 31;
}

}  // namespace

uint64_t SyntheticActorNames::CountInSlot(Slot slot) const {
  // The slots that hold one more lie evenly among the others, so that a few actors too are spread
  // over all nodes: multiples of an odd number near kSlotCount / golden ratio.
  constexpr size_t kStride = 10127;
  bool one_more = slot * kStride % kSlotCount < options_.actors % kSlotCount;
  return options_.actors / kSlotCount + (one_more ? 1 : 0);
}

uint64_t SyntheticActorNames::CountInSlotMax() const {
  return (options_.actors + kSlotCount - 1) / kSlotCount;
}

std::string SyntheticActorNames::Key(Slot slot, uint64_t index) const {
  static const Suffixes suffixes;
  std::string key = absl::StrCat("actor:space-", Mix(slot, index) % options_.atespaces, ":a",
                                 absl::Hex(index, absl::kZeroPad8), "-");
  key.append(kSuffixLength, '\0');
  std::string_view suffix = suffixes.Leading(key, slot);
  key.replace(key.size() - kSuffixLength, kSuffixLength, suffix);
  return key;
}

std::string SyntheticActorNames::Value(Slot slot, uint64_t index) const {
  uint64_t mix = Mix(slot, index);
  std::string key = Key(slot, index);
  size_t colon = key.rfind(':');
  absl::string_view atespace(key.data() + kKeyPrefix.size(), colon - kKeyPrefix.size());
  absl::string_view id(key.data() + colon + 1, key.size() - colon - 1);
  return absl::StrCat(
      R"({"actorId":")", id, R"(","version":")", 1 + mix % 9,
      R"(","actorTemplateNamespace":"default","actorTemplateName":"template-)", mix % 8,
      R"(","status":"STATUS_RUNNING","ateomPodNamespace":"ate-system","ateomPodName":"ateom-)",
      absl::Hex(mix >> 44), R"(","ateomPodIp":"10.)", mix >> 16 & 255, ".", mix >> 24 & 255, ".",
      mix >> 32 & 255, R"(","ateomPodUid":"uid-)", absl::Hex(mix, absl::kZeroPad16),
      R"(","workerPoolName":"pool-)", mix % 4, R"(","atespace":")", atespace, R"("})");
}

std::optional<uint64_t> SyntheticActorNames::IndexOf(const KeyRef& key) const {
  constexpr size_t kIdLength = 1 + kIndexDigits + 1 + kSuffixLength;
  if (key.text.size() < kKeyPrefix.size() + kIdLength) return std::nullopt;
  std::string_view id = key.text.substr(key.text.size() - kIdLength);
  uint64_t index = 0;
  const char* end = id.data() + 1 + kIndexDigits;
  std::from_chars_result parsed = std::from_chars(id.data() + 1, end, index, 16);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  // Whatever else is wrong with the key, it is not the one that belongs to this place.
  if (index >= CountInSlot(key.slot) || Key(key.slot, index) != key.text) return std::nullopt;
  return index;
}

}  // namespace mockcluster::inline v0
