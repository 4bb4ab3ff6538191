#include "tests/soak/nemesis_judge.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "tests/soak/plain_cluster_client.h"

namespace atestore {
namespace {

enum class Match { kNever, kSometimes, kThroughout };

// Of a key, during a listing.
Match MatchOf(const NemesisListing& listing, const std::string& key, const KeyHistory& history) {
  if (!listing.filter) return Match::kThroughout;
  const NemesisFilter& filter = *listing.filter;
  if (filter.field == NemesisFilter::Field::kGroup) {
    return NemesisGroupOf(key) == filter.value ? Match::kThroughout : Match::kNever;
  }
  const std::set<std::string> statuses = history.StatusesUntil(key, listing.when.end);
  if (!statuses.contains(filter.value)) return Match::kNever;
  return statuses.size() == 1 ? Match::kThroughout : Match::kSometimes;
}

void JudgeKeys(const NemesisListing& listing, const std::vector<std::string>& keys,
               const KeyHistory& history, const SlotWriters& writers, NemesisVerdict& verdict) {
  for (const std::string& key : keys) {
    const auto found = listing.seen.find(key);
    const size_t times = found == listing.seen.end() ? 0 : found->second;
    const Match match = MatchOf(listing, key, history);
    if (times > 0 && match == Match::kNever) {
      ++verdict.wrong;
      verdict.faults.push_back(
          absl::StrCat(key, " is listed and did not match \"", listing.filter->value, "\""));
    }
    if (match == Match::kNever || !history.WasThereThroughout(key, listing.when)) continue;
    verdict.demanded += match == Match::kThroughout;
    if (times == 1 || (times == 0 && match == Match::kSometimes)) continue;
    if (times == 0 && writers.WereTwo(PlainSlotOf(key), listing.when)) {
      ++verdict.two_writers;
      continue;
    }
    times == 0 ? ++verdict.missing : ++verdict.duplicates;
    verdict.faults.push_back(
        absl::StrCat(key, " of slot ", PlainSlotOf(key), " listed ", times, " times"));
  }
}

void JudgeValues(const NemesisListing& listing, const KeyHistory& history,
                 NemesisVerdict& verdict) {
  verdict.wrong += listing.wrong.size();
  for (const std::string& wrong : listing.wrong) verdict.faults.push_back(wrong);
  for (const auto& [key, version] : listing.versions) {
    if (history.WasWritten(key, version)) continue;
    ++verdict.wrong;
    verdict.faults.push_back(absl::StrCat(key, " with version ", version));
  }
}

// At least those that were there throughout, at most those that were there at some time.
void JudgeCounts(const NemesisListing& listing, const std::vector<std::string>& keys,
                 const KeyHistory& history, const SlotWriters& writers, NemesisVerdict& verdict) {
  struct Bounds {
    int64_t low = 0;
    int64_t high = 0;
    std::vector<uint16_t> slots;  // of the actors in `low`
  };
  std::map<std::string, Bounds> groups;
  for (const std::string& key : keys) {
    Bounds& bounds = groups[listing.is_grouped ? NemesisGroupOf(key) : ""];
    if (history.WasThereThroughout(key, listing.when)) {
      ++bounds.low;
      bounds.slots.push_back(PlainSlotOf(key));
    }
    bounds.high += !history.StatusesUntil(key, listing.when.end).empty();
  }
  for (const auto& [group, bounds] : groups) {
    const auto found = listing.counts.find(group);
    const int64_t count = found == listing.counts.end() ? 0 : found->second;
    verdict.demanded += static_cast<size_t>(bounds.low);
    if (count < bounds.low) {
      const int64_t excused =
          std::count_if(bounds.slots.begin(), bounds.slots.end(),
                        [&](uint16_t slot) { return writers.WereTwo(slot, listing.when); });
      const int64_t missing = bounds.low - count;
      verdict.two_writers += static_cast<size_t>(std::min(missing, excused));
      if (missing <= excused) continue;
      verdict.missing += static_cast<size_t>(missing - excused);
    }
    if (count > bounds.high) verdict.duplicates += static_cast<size_t>(count - bounds.high);
    if (count >= bounds.low && count <= bounds.high) continue;
    verdict.faults.push_back(absl::StrCat(count, " actors counted in group \"", group, "\", of ",
                                          bounds.low, " to ", bounds.high));
  }
  for (const auto& [group, count] : listing.counts) {
    if (groups.contains(group)) continue;
    ++verdict.wrong;
    verdict.faults.push_back(absl::StrCat(count, " actors in a group \"", group, "\""));
  }
}

}  // namespace

NemesisVerdict JudgeListing(const NemesisListing& listing, const std::vector<std::string>& keys,
                            const KeyHistory& history, const SlotWriters& writers) {
  NemesisVerdict verdict;
  if (listing.kind == NemesisKind::kCount) {
    JudgeCounts(listing, keys, history, writers, verdict);
  } else {
    JudgeKeys(listing, keys, history, writers, verdict);
    JudgeValues(listing, history, verdict);
  }
  return verdict;
}

}  // namespace atestore
