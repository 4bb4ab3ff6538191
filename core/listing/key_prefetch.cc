#include "core/listing/key_prefetch.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace atestore::inline v0 {
namespace {

// Added to the COUNT of a call for a few slots, which may hold a little more than estimated.
constexpr size_t kCountReserve = 10;

void Add(const KeysBatch::Density& seen, KeysBatch::Density* sum) {
  sum->keys += seen.keys;
  sum->slots += seen.slots;
  sum->wanted += seen.wanted;
}

}  // namespace

std::vector<ShardRequest> KeyPrefetch::More(const Topology& topology, size_t from,
                                            const WalkHints& hints, const KeysReading& reading,
                                            bool far) {
  std::vector<ShardRequest> requests;
  const bool full = keys_count_ > kPrefetchKeysMax || keys_bytes_ > kPrefetchBytesMax;
  if (full || hints.keys_per_slot > static_cast<double>(reading.whole_slot_keys)) return requests;
  // Prefetch only if that reaches beyond one node's slots: the walk keeps one node busy itself.
  const double keys_fit = static_cast<double>(kPrefetchKeys) / hints.wanted_per_slot() + 1;
  const size_t slots_ahead = static_cast<size_t>(std::min<double>(keys_fit, kSlotCount));
  const size_t nodes = topology.primaries().size();
  if (!far && (nodes < 2 || slots_ahead < kSlotCount / nodes)) return requests;
  const size_t horizon = std::min(from + slots_ahead, end_);
  if (nodes_.empty()) FindNodes(topology);
  const KeysPlan plan =
      KeysPlan::For({.keys = kPrefetchKeys, .segment_keys = kPrefetchKeys}, hints, reading);
  slots_worth_taking_ = plan.slots_max;
  const double unit_keys = static_cast<double>(plan.slots_per_unit) * hints.keys_per_slot;
  const size_t units_max =
      far ? std::max(kPrefetchUnits, static_cast<size_t>(kPrefetchKeys / unit_keys))
          : kPrefetchUnits;
  for (size_t index = 0; index < nodes_.size(); ++index) {
    Node& node = nodes_[index];
    while (node.units < units_max && !node.suspended) {
      std::vector<Slot> slots = NextSlots(node, from, horizon, plan.slots_per_unit);
      if (slots.empty()) break;
      KeysUnit unit{.kind = plan.kind, .endpoint = node.endpoint, .keys_max = plan.keys_max};
      if (plan.kind == KeysUnit::Kind::kScan) {
        unit.slots = {slots.front()};
        size_t share = plan.keys_max * slots.size() / plan.slots_per_unit + kCountReserve;
        unit.keys_max = std::min(plan.keys_max, share);
      } else {
        unit.slots = slots;
      }
      Ask(index, std::move(slots), std::move(unit), &requests);
    }
  }
  for (ShardRequest& request : requests) DemandMember(topology, request);
  return requests;
}

void KeyPrefetch::FindNodes(const Topology& topology) {
  for (const ClusterNode& primary : topology.primaries()) {
    nodes_.push_back({.endpoint = primary.endpoint});
  }
  for (size_t slot = 0; slot < kSlotCount; ++slot) {
    const ClusterNode* owner = topology.Owner(static_cast<Slot>(slot));
    if (owner == nullptr) continue;
    nodes_[static_cast<size_t>(owner - topology.primaries().data())].slots.push_back(
        static_cast<Slot>(slot));
  }
  // Drop the keys of slots that have moved: their old node would refuse the requests for values.
  for (auto slot = keys_.begin(); slot != keys_.end();) {
    const auto kept = slot++;
    const ClusterNode* owner = topology.Owner(kept->first);
    if (owner != nullptr && owner->endpoint != kept->second.node) Forget(kept->first);
  }
}

// The next slots of the node to request, at most `most`.
std::vector<Slot> KeyPrefetch::NextSlots(Node& node, size_t from, size_t horizon, size_t most) {
  if (from < node.from) node.next = 0;
  node.from = from;
  size_t& next = node.next;
  while (next < node.slots.size() && (node.slots[next] < from || Has(node.slots[next]))) ++next;
  std::vector<Slot> slots;
  for (size_t index = next; index < node.slots.size() && slots.size() < most; ++index) {
    const Slot slot = node.slots[index];
    if (slot >= horizon || Has(slot)) break;
    slots.push_back(slot);
  }
  return slots;
}

void KeyPrefetch::Ask(size_t node, std::vector<Slot> slots, KeysUnit unit,
                      std::vector<ShardRequest>* requests) {
  KeysBatch::Options options{.filter = filter_, .hash = hash_, .first_slot = slots.front()};
  auto batch = std::make_unique<KeysBatch>(options, std::vector<KeysUnit>{std::move(unit)});
  requests->push_back(std::move(batch->NextRound().front()));
  for (Slot slot : slots) asked_.set(slot);
  ++nodes_[node].units;
  reads_.push_back({.node = node,
                    .slots = std::move(slots),
                    .replies_left = requests->back().pipeline.size(),
                    .batch = std::move(batch)});
}

void KeyPrefetch::OnReply(size_t request, size_t command, const ReplyView& reply) {
  Read& read = reads_[request];
  read.batch->OnReply(0, command, reply);
  if (--read.replies_left == 0) Conclude(read);
}

void KeyPrefetch::OnFailure(size_t request, const absl::Status& status) {
  Read& read = reads_[request];
  read.batch->OnFailure(0, status);
  Conclude(read);
}

void KeyPrefetch::Conclude(Read& read) {
  Node& node = nodes_[read.node];
  --node.units;
  for (Slot slot : read.slots) asked_.reset(slot);
  if (read.batch->error(0) || !read.batch->covered()[read.slots.front()]) {
    node.suspended = true;
  } else {
    Keep(read);
    // A call that stopped early is continued from the first missing slot.
    auto missing = std::find_if(read.slots.begin(), read.slots.end(),
                                [this](Slot slot) { return !kept_[slot]; });
    if (missing != read.slots.end()) {
      auto slot = std::lower_bound(node.slots.begin(), node.slots.end(), *missing);
      node.next = std::min(node.next, static_cast<size_t>(slot - node.slots.begin()));
    }
  }
  read.batch.reset();
}

void KeyPrefetch::Keep(const Read& read) {
  Add(read.batch->density(), &density_);
  const SlotSet fresh =
      read.batch->covered() & ~kept_ & SlotRange(forgotten_, kSlotCount - forgotten_);
  kept_ |= fresh;
  const KeyList& keys = read.batch->keys();
  long_keys_ += keys.long_keys();
  for (size_t index = 0; index < keys.size(); ++index) {
    const KeyList::Key key = keys[index];
    if (!fresh[key.slot]) continue;
    SlotKeys& slot = keys_[key.slot];
    slot.node = nodes_[read.node].endpoint;
    slot.keys.emplace_back(key.hash, key.text);
    ++keys_count_;
    keys_bytes_ += key.text.size();
  }
}

// The first slot from `first` on whose keys are not kept.
size_t KeyPrefetch::EndOfKept(size_t first) const {
  while (first < end_ && kept_[first]) ++first;
  return first;
}

// The node from which the keys of `slot` are in flight. Null: they are not.
const Endpoint* KeyPrefetch::NodeAskedFor(Slot slot) const {
  auto read = std::find_if(reads_.begin(), reads_.end(), [slot](const Read& in_flight) {
    return in_flight.batch != nullptr &&
           std::binary_search(in_flight.slots.begin(), in_flight.slots.end(), slot);
  });
  return read == reads_.end() ? nullptr : &nodes_[read->node].endpoint;
}

bool KeyPrefetch::Awaits(size_t first, size_t usual, size_t keys) const {
  const size_t end = EndOfKept(first);
  if (end == end_ || !asked_[end] || end - first >= slots_worth_taking_) return false;
  const auto found_begin = keys_.lower_bound(static_cast<Slot>(first));
  const auto found_end = keys_.lower_bound(static_cast<Slot>(end));
  size_t found = 0;
  for (auto slot = found_begin; slot != found_end; ++slot) found += slot->second.keys.size();
  if (found < usual || found >= keys) return found < std::min(usual, keys);
  const Endpoint* asked = NodeAskedFor(static_cast<Slot>(end));
  return asked != nullptr && std::any_of(found_begin, found_end, [asked](const auto& slot) {
           return slot.second.node == *asked;
         });
}

std::unique_ptr<KeyPrefetch::Prefetched> KeyPrefetch::Take(size_t first,
                                                           const std::optional<KeyMark>& after,
                                                           size_t keys) {
  const size_t end = EndOfKept(first);
  if (end == first) return nullptr;
  auto taken = std::make_unique<Prefetched>();
  taken->end = end;
  taken->density = std::exchange(density_, {});
  taken->keys.CountLong(std::exchange(long_keys_, 0));
  for (auto slot = keys_.lower_bound(static_cast<Slot>(first));
       slot != keys_.end() && slot->first < end; ++slot) {
    if (taken->keys.size() >= keys) {
      taken->end = slot->first;
      break;
    }
    auto node = std::find(taken->nodes.begin(), taken->nodes.end(), slot->second.node);
    const auto node_index = static_cast<uint16_t>(node - taken->nodes.begin());
    if (node == taken->nodes.end()) taken->nodes.push_back(slot->second.node);
    for (const auto& [hash, text] : slot->second.keys) {
      if (slot->first == first && after && !after->IsBefore(hash, text)) continue;
      taken->keys.Add(slot->first, node_index, hash, text);
    }
  }
  CHECK_COMPLETENESS(!taken->keys.overflowed());
  return taken;
}

void KeyPrefetch::ForgetBefore(size_t slot) {
  if (slot <= forgotten_) return;
  kept_ &= SlotRange(slot, kSlotCount - slot);
  forgotten_ = slot;
  while (!keys_.empty() && keys_.begin()->first < slot) Erase(keys_.begin());
}

void KeyPrefetch::Forget(size_t slot) {
  kept_.reset(slot);
  auto keys = keys_.find(static_cast<Slot>(slot));
  if (keys != keys_.end()) Erase(keys);
}

void KeyPrefetch::Erase(std::map<Slot, SlotKeys>::iterator slot) {
  for (const auto& [hash, text] : slot->second.keys) keys_bytes_ -= text.size();
  keys_count_ -= slot->second.keys.size();
  keys_.erase(slot);
}

}  // namespace atestore::inline v0
