#include "core/listing/names_ahead.h"

#include <algorithm>
#include <utility>

namespace atestore {
namespace {

// Added to the COUNT of a call for a few slots, which may hold a little more than estimated.
constexpr size_t kCountReserve = 10;

void Add(const NamesBatch::Density& seen, NamesBatch::Density* sum) {
  sum->keys += seen.keys;
  sum->slots += seen.slots;
  sum->wanted += seen.wanted;
}

}  // namespace

std::vector<ShardRequest> NamesAhead::More(const Topology& topology, size_t from,
                                           const WalkHints& hints, const NamesReading& reading) {
  std::vector<ShardRequest> requests;
  const bool full = names_count_ > kNamesAheadMax || names_bytes_ > kNamesAheadBytesMax;
  if (full || hints.keys_per_slot > static_cast<double>(reading.whole_slot_keys)) return requests;
  // Only where that is further than the slots of one node, which the walk keeps busy itself.
  const double names_fit = static_cast<double>(kNamesAhead) / hints.wanted_per_slot() + 1;
  const size_t slots_ahead = static_cast<size_t>(std::min<double>(names_fit, kSlotCount));
  const size_t nodes = topology.primaries().size();
  if (nodes < 2 || slots_ahead < kSlotCount / nodes) return requests;
  const size_t horizon = std::min(from + slots_ahead, end_);
  if (nodes_.empty()) FindNodes(topology);
  const NamesPlan plan =
      NamesPlan::For({.names = kNamesAhead, .segment_names = kNamesAhead}, hints, reading);
  slots_worth_taking_ = plan.slots_max;
  for (size_t index = 0; index < nodes_.size(); ++index) {
    Node& node = nodes_[index];
    while (node.units < kNamesAheadUnits && !node.left_alone) {
      std::vector<Slot> slots = NextSlots(node, from, horizon, plan.slots_per_unit);
      if (slots.empty()) break;
      NamesUnit unit{.kind = plan.kind, .endpoint = node.endpoint, .keys_max = plan.keys_max};
      if (plan.kind == NamesUnit::Kind::kScan) {
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

void NamesAhead::FindNodes(const Topology& topology) {
  for (const ClusterNode& primary : topology.primaries()) {
    nodes_.push_back({.endpoint = primary.endpoint});
  }
  for (size_t slot = 0; slot < kSlotCount; ++slot) {
    const ClusterNode* owner = topology.Owner(static_cast<Slot>(slot));
    if (owner == nullptr) continue;
    nodes_[static_cast<size_t>(owner - topology.primaries().data())].slots.push_back(
        static_cast<Slot>(slot));
  }
  // What has moved is asked for anew, rather than having every slot refused by the node it left.
  for (auto slot = names_.begin(); slot != names_.end();) {
    const auto kept = slot++;
    const ClusterNode* owner = topology.Owner(kept->first);
    if (owner != nullptr && owner->endpoint != kept->second.node) Forget(kept->first);
  }
}

// The next slots of the node that somebody should ask for, `most` at most.
std::vector<Slot> NamesAhead::NextSlots(Node& node, size_t from, size_t horizon, size_t most) {
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

void NamesAhead::Ask(size_t node, std::vector<Slot> slots, NamesUnit unit,
                     std::vector<ShardRequest>* requests) {
  NamesBatch::Options options{.filter = filter_, .hash = hash_, .first_slot = slots.front()};
  auto batch = std::make_unique<NamesBatch>(options, std::vector<NamesUnit>{std::move(unit)});
  requests->push_back(std::move(batch->NextRound().front()));
  for (Slot slot : slots) asked_.set(slot);
  ++nodes_[node].units;
  reads_.push_back({.node = node,
                    .slots = std::move(slots),
                    .replies_left = requests->back().pipeline.size(),
                    .batch = std::move(batch)});
}

void NamesAhead::OnReply(size_t request, size_t command, const ReplyView& reply) {
  Read& read = reads_[request];
  read.batch->OnReply(0, command, reply);
  if (--read.replies_left == 0) Conclude(read);
}

void NamesAhead::OnFailure(size_t request, const absl::Status& status) {
  Read& read = reads_[request];
  read.batch->OnFailure(0, status);
  Conclude(read);
}

void NamesAhead::Conclude(Read& read) {
  Node& node = nodes_[read.node];
  --node.units;
  for (Slot slot : read.slots) asked_.reset(slot);
  if (read.batch->error(0) || !read.batch->covered()[read.slots.front()]) {
    node.left_alone = true;
  } else {
    Keep(read);
    // A call that stopped early is repeated from there.
    auto missing = std::find_if(read.slots.begin(), read.slots.end(),
                                [this](Slot slot) { return !kept_[slot]; });
    if (missing != read.slots.end()) {
      auto slot = std::lower_bound(node.slots.begin(), node.slots.end(), *missing);
      node.next = std::min(node.next, static_cast<size_t>(slot - node.slots.begin()));
    }
  }
  read.batch.reset();
}

void NamesAhead::Keep(const Read& read) {
  Add(read.batch->density(), &density_);
  const SlotSet fresh =
      read.batch->covered() & ~kept_ & SlotRange(forgotten_, kSlotCount - forgotten_);
  kept_ |= fresh;
  const NameList& names = read.batch->names();
  long_names_ += names.long_names();
  for (size_t index = 0; index < names.size(); ++index) {
    const NameList::Name name = names[index];
    if (!fresh[name.slot]) continue;
    SlotNames& slot = names_[name.slot];
    slot.node = nodes_[read.node].endpoint;
    slot.names.emplace_back(name.hash, name.text);
    ++names_count_;
    names_bytes_ += name.text.size();
  }
}

// The first slot from `first` on whose names are not kept.
size_t NamesAhead::EndOfKept(size_t first) const {
  while (first < end_ && kept_[first]) ++first;
  return first;
}

bool NamesAhead::Awaits(size_t first, size_t names) const {
  const size_t end = EndOfKept(first);
  if (end == end_ || !asked_[end] || end - first >= slots_worth_taking_) return false;
  size_t found = 0;
  for (auto slot = names_.lower_bound(static_cast<Slot>(first));
       slot != names_.end() && slot->first < end; ++slot) {
    found += slot->second.names.size();
  }
  return found < names;
}

std::unique_ptr<NamesAhead::Found> NamesAhead::Take(size_t first,
                                                    const std::optional<NameMark>& after,
                                                    size_t names) {
  const size_t end = EndOfKept(first);
  if (end == first) return nullptr;
  auto found = std::make_unique<Found>();
  found->end = end;
  found->density = std::exchange(density_, {});
  found->names.CountLong(std::exchange(long_names_, 0));
  for (auto slot = names_.lower_bound(static_cast<Slot>(first));
       slot != names_.end() && slot->first < end; ++slot) {
    if (found->names.size() >= names) {
      found->end = slot->first;
      break;
    }
    auto node = std::find(found->nodes.begin(), found->nodes.end(), slot->second.node);
    const auto node_index = static_cast<uint16_t>(node - found->nodes.begin());
    if (node == found->nodes.end()) found->nodes.push_back(slot->second.node);
    for (const auto& [hash, text] : slot->second.names) {
      if (slot->first == first && after && !after->IsPassedBy(hash, text)) continue;
      found->names.Add(slot->first, node_index, hash, text);
    }
  }
  return found;
}

void NamesAhead::ForgetBefore(size_t slot) {
  if (slot <= forgotten_) return;
  kept_ &= SlotRange(slot, kSlotCount - slot);
  forgotten_ = slot;
  while (!names_.empty() && names_.begin()->first < slot) Erase(names_.begin());
}

void NamesAhead::Forget(size_t slot) {
  kept_.reset(slot);
  auto names = names_.find(static_cast<Slot>(slot));
  if (names != names_.end()) Erase(names);
}

void NamesAhead::Erase(std::map<Slot, SlotNames>::iterator slot) {
  for (const auto& [hash, text] : slot->second.names) names_bytes_ -= text.size();
  names_count_ -= slot->second.names.size();
  names_.erase(slot);
}

}  // namespace atestore
