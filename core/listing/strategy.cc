#include "core/listing/strategy.h"

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

using Then = Transition::Then;

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
// clang 14 does not deduce it from an aggregate.
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

Transition AfterError(const Strategy& strategy, const ReadError& error, const ServerFacts& facts,
                      int probe_variant) {
  if (error.kind == ServerErrorKind::kOutOfMemory) {
    // Redis 7.0 at maxmemory refuses every command inside MULTI, but accepts reads outside it. A
    // slot in migration cannot be read without MULTI: wait for memory or the end of the migration.
    return {ReadBatch(), facts.without_multi ? Then::kWait : Then::kRead};
  }
  if (!error.transient) return {strategy, Then::kFail};
  switch (error.kind) {
    case ServerErrorKind::kMoved:
      return {ReadBatch(), Then::kRefresh};
    case ServerErrorKind::kAsk:
      // The error names both nodes; the topology would not add anything.
      return {ReadMigratingSlot{{.slot = error.slot,
                                 .source = error.asked,
                                 .destination = error.redirect,
                                 .probe_variant = probe_variant}},
              Then::kReread};
    default:
      return {strategy, error.at_once ? Then::kReread : Then::kWait};
  }
}

}  // namespace

Transition NextStrategy(const Strategy& strategy, const ReadObstacle& met, const ServerFacts& facts,
                        int probe_variant) {
  const bool in_batch = std::holds_alternative<ReadBatch>(strategy);
  return std::visit(Overloaded{[&](const TooManyKeys& keys) -> Transition {
                                 if (!keys.for_any_whole_read)
                                   return {ReadSlotUpToLimit(), Then::kRead};
                                 if (facts.per_slot_tables) return {ReadLargeSlot(), Then::kRead};
                                 return {ReadSlotUnlimited(), Then::kRead};
                               },
                               [&](const NotCovered&) -> Transition {
                                 if (in_batch) return {ReadSlotUpToLimit(), Then::kRead};
                                 return {strategy, Then::kReread};
                               },
                               [&](const ProbeExists&) -> Transition {
                                 return {strategy, Then::kReread};
                               },
                               [&](const NoPerSlotTables&) -> Transition {
                                 if (in_batch) return {ReadBatch(), Then::kRead};
                                 return {ReadSlotUnlimited(), Then::kReread};
                               },
                               [&](const OtherProcess&) -> Transition {
                                 return {ReadLargeSlot(), Then::kReread};
                               },
                               [&](const UnknownNode&) -> Transition {
                                 return {ReadSlotUpToLimit(), Then::kRefresh};
                               },
                               [&](const ReadError& error) {
                                 return AfterError(strategy, error, facts, probe_variant);
                               }},
                    met);
}

absl::Status StatusOf(const ReadObstacle& met, Slot slot) {
  if (const auto* error = std::get_if<ReadError>(&met)) return error->status;
  if (const auto* unknown = std::get_if<UnknownNode>(&met)) {
    return UnavailableError(absl::StrCat("slot ", slot, " migrates to ", ToString(unknown->node),
                                         ", which the cluster does not know (CLUSTER NODES)"));
  }
  return UnavailableError(absl::StrCat("slot ", slot, " could not be read"));
}

}  // namespace atestore::inline v0
