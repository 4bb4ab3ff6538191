#include "tests/property/checked_listing.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "core/page_token.h"

namespace atestore {

std::optional<std::string> CheckedListing::RunParts(std::vector<Position> parts,
                                                    size_t pages_with_faults) {
  // P7, generously: every call but a bounded number passes a slot or lists a record.
  const size_t calls_when_steady = kSlotCount + 8 * (world_.options().actors + 100) + 1000;
  bool repaired = false;
  for (size_t pages = 0; !parts.empty(); ++pages) {
    CutParts(&parts, pages);
    const size_t part = pages % parts.size();
    const Position position = parts[part];
    if (pages == pages_with_faults) world_.EndFaults();
    if (pages > pages_with_faults + calls_when_steady) return "the listing does not end";
    WorldPage page = world_.ListPage(position);
    if (auto violation = CheckPage(page)) return violation;
    slot_restarts_ += page.counters.slot_restarts;
    redirects_ += page.counters.redirects;
    segments_ahead_ += page.counters.segments_ahead;
    segments_ahead_dropped_ += page.counters.segments_ahead_dropped;
    segments_prefetched_ += page.counters.segments_prefetched;
    segments_prefetched_stale_ += page.counters.segments_prefetched_stale;
    not_wanted_ += page.counters.examined - page.counters.matched;
    if (page.unavailable) {
      ++unavailable_;
      if (pages >= pages_with_faults) {
        if (repaired && !world_.IsHealthy()) {
          cluster_broken_ = true;
          return std::nullopt;
        }
        if (repaired) {
          return absl::StrCat("unavailable although no fault is left: ", page.why.ToString());
        }
        world_.Repair();
        repaired = true;
      }
      world_.RestSometimes();
      continue;
    }
    page_starts_.push_back({position, listed_.size()});
    for (const auto& [key, value] : page.records) listed_.push_back(key);
    unreadable_.insert(unreadable_.end(), page.unreadable.begin(), page.unreadable.end());
    if (!page.next) {
      parts.erase(parts.begin() + static_cast<ptrdiff_t>(part));
      continue;
    }
    parts[part] = *page.next;
    if (auto violation = PassThroughToken(parts[part])) return violation;
    if (tamper_ != nullptr) tamper_(parts[part]);
  }
  world_.EndFaults();
  return std::nullopt;
}

void CheckedListing::CutParts(std::vector<Position>* parts, size_t pages) const {
  if (cut_.count == 1 || (pages != cut_.pages && pages != 3 * cut_.pages)) return;
  std::vector<Position> cut;
  for (const Position& part : *parts) {
    for (const Position& partition : PartitionsOf(part, cut_.count)) cut.push_back(partition);
  }
  *parts = std::move(cut);
}

std::optional<std::string> CheckedListing::CheckPage(const WorldPage& page) const {
  if (page.unavailable && !page.records.empty()) return "records on a page that got nowhere";
  if (page.records.size() > world_.options().page_size) return "more records than page_size";
  size_t bytes = 0;
  for (const auto& [key, value] : page.records) {
    bytes += value.size();
    if (!world_.IsListed(key)) return absl::StrCat("not asked for: ", key);
    if (!IsWanted(world_.options(), key)) return absl::StrCat("not wanted: ", key);
    if (!WasTrue(page, key, value)) {
      return absl::StrCat("never true during the call: ", key, " = ", value);
    }
  }
  if (bytes > world_.options().page_bytes) return "more bytes than page_bytes";
  // The walks of negative controls count nothing.
  if (page.counters.examined > 0 && page.counters.matched != page.records.size()) {
    return "the page counts other records";
  }
  return CheckUnreadable(page);
}

bool CheckedListing::WasTrue(const WorldPage& page, const std::string& key,
                             const std::string& value) const {
  const auto was_true = [&](const std::string& given) {
    return page.window->Includes(key, given) || world_.MayHaveComeBack(key, given) ||
           world_.MayBeOfFormerOwner(key, given, *page.window);
  };
  if (!world_.options().keys_only) return was_true(value);
  // A name alone tells of no value: with any it may have been there.
  if (world_.poison().contains(key)) return true;
  const std::set<std::string>& values = world_.ValuesOf(key);
  return std::any_of(values.begin(), values.end(), was_true);
}

std::optional<std::string> CheckedListing::CheckUnreadable(const WorldPage& page) const {
  if (page.unavailable && !page.unreadable.empty()) return "unreadable on a page that got nowhere";
  for (const std::string& key : page.unreadable) {
    if (!world_.poison().contains(key)) return absl::StrCat("readable, but passed over: ", key);
  }
  return std::nullopt;
}

// Inside a large slot the page goes on by a cursor, which may begin anew.
bool CheckedListing::MayRepeat(const std::string& key) const {
  return world_.options().flavor != mockcluster::Flavor::kRedis70 &&
         world_.MostKeysOf(KeySlot(key)) > world_.options().whole_slot_keys;
}

// Every page is served by a new process: only the token goes from one to the next.
std::optional<std::string> CheckedListing::PassThroughToken(Position& position) const {
  constexpr uint64_t kRequest = 42;
  const PageTokenCodec codec;
  std::string token = codec.Encode(position, kRequest);
  if (token.size() > kPageTokenLengthMax) return "the token is too long";
  auto decoded = codec.Decode(token, kRequest);
  if (!std::holds_alternative<Position>(decoded)) return "the token is refused";
  if (std::get<Position>(decoded) != position) return "the token stands for another position";
  position = std::get<Position>(decoded);
  return std::nullopt;
}

std::optional<std::string> CheckedListing::CheckComplete(bool quiet) const {
  if (cluster_broken_) return std::nullopt;
  std::map<std::string_view, size_t> count;
  for (const std::string& key : listed_) ++count[key];
  for (const std::string& key : world_.survivors()) {
    if (!IsWanted(world_.options(), key)) continue;
    auto found = count.find(key);
    if (found == count.end()) return absl::StrCat("missing: ", key);
    if (found->second > 1 && (quiet || !MayRepeat(key))) {
      return absl::StrCat("listed twice: ", key);
    }
  }
  if (!quiet || world_.options().keys_only) return std::nullopt;
  for (const std::string& key : world_.poison()) {
    // A record that is not wanted need not be looked at.
    if (!IsWanted(world_.options(), key)) continue;
    auto times = std::count(unreadable_.begin(), unreadable_.end(), key);
    if (times != 1) return absl::StrCat("unreadable, but told ", times, " times: ", key);
  }
  return std::nullopt;
}

}  // namespace atestore
