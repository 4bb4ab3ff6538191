#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/slot.h"
#include "mockcluster/keyspace/keyspace.h"

namespace mockcluster {

// The `index`-th of a sequence of distinct keys spread over all slots.
inline std::string SpreadKey(int index) { return "actor:demo:" + std::to_string(index); }

// The `index`-th of a sequence of distinct keys in `slot`.
inline std::string KeyInSlot(Slot slot, int index) {
  return "{" + std::string(atestore::SlotTag(slot)) + "}:" + std::to_string(index);
}

inline void FillSpread(Keyspace& keyspace, int from, int to) {
  for (int index = from; index < to; ++index) keyspace.Upsert(SpreadKey(index));
}

inline void FillSlot(Keyspace& keyspace, Slot slot, int keys) {
  for (int index = 0; index < keys; ++index) keyspace.Upsert(KeyInSlot(slot, index));
}

struct ScanReply {
  uint64_t cursor;
  std::vector<std::string> keys;
};

inline ScanReply ScanOnce(Keyspace& keyspace, const ScanRequest& request) {
  ScanReply reply;
  reply.cursor =
      keyspace.Scan(request, [&](const Entry& entry) { reply.keys.push_back(entry.key()); });
  return reply;
}

// What a client learns that scans from `start` until the cursor is 0.
struct ScanSummary {
  std::map<std::string, int> times;  // each key was returned
  int calls = 0;
  int empty_replies = 0;  // with a cursor that is not 0
  size_t largest_reply = 0;

  size_t Duplicates() const {
    size_t duplicates = 0;
    for (const auto& [key, count] : times) duplicates += count - 1;
    return duplicates;
  }
};

inline void AddReply(const ScanReply& reply, ScanSummary& summary) {
  ++summary.calls;
  if (reply.keys.empty() && reply.cursor != 0) ++summary.empty_replies;
  summary.largest_reply = std::max(summary.largest_reply, reply.keys.size());
  for (const std::string& key : reply.keys) ++summary.times[key];
}

inline ScanSummary ScanAll(Keyspace& keyspace, uint64_t count, uint64_t start = 0,
                           std::optional<Slot> pinned_slot = std::nullopt) {
  ScanSummary summary;
  ScanRequest request{.cursor = start, .count = count, .pinned_slot = pinned_slot};
  do {
    ScanReply reply = ScanOnce(keyspace, request);
    AddReply(reply, summary);
    request.cursor = reply.cursor;
  } while (request.cursor != 0);
  return summary;
}

}  // namespace mockcluster
