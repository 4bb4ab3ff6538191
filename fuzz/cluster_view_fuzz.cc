// What nodes say about the cluster: CLUSTER NODES, CLUSTER SLOTS, redirects, INFO. Oracles: a view
// that is accepted says the same when written again; a topology counts what it covers.
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/listing/scan_cursor.h"
#include "core/listing/server_process.h"
#include "core/node_view.h"
#include "core/server_error.h"
#include "core/server_version.h"
#include "core/status.h"
#include "core/topology.h"
#include "fuzz/byte_source.h"
#include "fuzz/require.h"

namespace {

using atestore::Endpoint;
using atestore::NodeView;
using atestore::Slot;
using atestore::SlotSet;
using atestore::Topology;
using atestore::fuzz::ByteSource;
using atestore::fuzz::Require;

const Endpoint& Asked() {
  static const Endpoint asked{.host = "10.0.0.1", .port = 7000};
  return asked;
}

// The `myself` line of a node with this view, as a server writes it.
std::string Render(const NodeView& view) {
  std::string line = absl::StrCat("0123 10.0.0.1:7000@17000 myself,",
                                  view.primary ? "master" : "slave", " - 0 0 7 connected");
  for (size_t first = 0; first < atestore::kSlotCount; ++first) {
    if (!view.owned[first]) continue;
    size_t last = first;
    while (last + 1 < atestore::kSlotCount && view.owned[last + 1]) ++last;
    absl::StrAppend(&line, " ", first);
    if (last > first) absl::StrAppend(&line, "-", last);
    first = last;
  }
  for (size_t slot = 0; slot < atestore::kSlotCount; ++slot) {
    if (view.migrating[slot]) absl::StrAppend(&line, " [", slot, "->-ab]");
    if (view.importing[slot]) absl::StrAppend(&line, " [", slot, "-<-ab]");
  }
  return line + "\n";
}

bool Same(const NodeView& a, const NodeView& b) {
  return a.primary == b.primary && a.owned == b.owned && a.migrating == b.migrating &&
         a.importing == b.importing;
}

void CheckNodeViewText(std::string_view text) {
  absl::StatusOr<NodeView> view = NodeView::FromClusterNodes(text);
  if (!view.ok()) {
    Require(absl::IsDataLoss(view.status()), "an unreadable view is DATA_LOSS");
    return;
  }
  Require(text.find("myself") != std::string_view::npos, "the own line is marked");
  absl::StatusOr<NodeView> again = NodeView::FromClusterNodes(Render(*view));
  Require(again.ok() && Same(*again, *view), "a view written again reads the same");
}

// A view that is made up, between lines of other nodes.
void CheckNodeViewOf(ByteSource& source) {
  NodeView view{.primary = source.Flag()};
  while (!source.empty()) {
    Slot first = static_cast<Slot>(source.Number(atestore::kSlotCount - 1));
    switch (source.Number(2)) {
      case 0: {
        size_t last = std::min<size_t>(first + source.Byte(), atestore::kSlotCount - 1);
        for (size_t slot = first; slot <= last; ++slot) view.owned.set(slot);
        break;
      }
      case 1:
        view.migrating.set(first);
        break;
      default:
        view.importing.set(first);
    }
  }
  const std::string other = "4567 10.0.0.2:7000@17000 master - 0 0 8 connected 0-16383\n";
  absl::StatusOr<NodeView> read =
      NodeView::FromClusterNodes(absl::StrCat(other, Render(view), other));
  Require(read.ok() && Same(*read, view), "a server's view is read as it is");
}

void CheckTopology(std::string_view wire) {
  atestore::RespReader reader;
  reader.Feed(wire);
  for (;;) {
    absl::StatusOr<std::optional<atestore::ReplyView>> reply = reader.Next();
    if (!reply.ok() || !reply->has_value()) return;
    absl::StatusOr<Topology> topology = Topology::FromClusterSlots(**reply, Asked());
    if (!topology.ok()) {
      Require(absl::IsDataLoss(topology.status()), "an unreadable topology is DATA_LOSS");
      continue;
    }
    size_t covered = 0;
    std::set<const atestore::ClusterNode*> owners;
    for (size_t slot = 0; slot < atestore::kSlotCount; ++slot) {
      const atestore::ClusterNode* owner = topology->Owner(static_cast<Slot>(slot));
      if (owner == nullptr) continue;
      ++covered;
      owners.insert(owner);
      Require(owner->endpoint.port != 0, "a node has a port");
      Require(!owner->endpoint.host.empty(), "a node has a host");
    }
    Require(covered == topology->covered_slots(), "covered slots are counted");
    Require(owners.size() == topology->primaries().size(), "each primary owns slots, once");
    Require(topology->MayBeSameCluster(*topology), "a cluster is the same as itself");
  }
}

void CheckErrorText(std::string_view text) {
  using atestore::ServerErrorKind;
  atestore::ServerError error = atestore::ParseServerError(text, Asked());
  Require(error.text.size() <= atestore::kServerErrorTextMax, "an error's text is bounded");
  bool redirect = error.kind == ServerErrorKind::kMoved || error.kind == ServerErrorKind::kAsk;
  if (redirect) {
    Require(error.slot < atestore::kSlotCount, "a redirect's slot exists");
    Require(!error.endpoint.host.empty() && error.endpoint.port != 0, "a redirect leads somewhere");
    absl::StatusOr<Endpoint> again = atestore::ParseEndpoint(ToString(error.endpoint));
    Require(again.ok() && *again == error.endpoint, "an address written again reads the same");
  }
  absl::Status status = ToStatus(error, Asked());
  Require(!status.ok(), "an error is an error");
  Require(absl::IsUnavailable(status) == IsTransient(error.kind), "UNAVAILABLE when transient");
}

void CheckTexts(std::string_view text) {
  if (std::optional<uint64_t> cursor = atestore::ParseScanCursor(text)) {
    Require(atestore::ParseScanCursor(absl::StrCat(*cursor)) == cursor,
            "a cursor written again reads the same");
  }
  absl::StatusOr<Endpoint> endpoint = atestore::ParseEndpoint(text);
  if (endpoint.ok()) Require(endpoint->port != 0, "an address has a port");
  std::optional<atestore::MigrationFence> fence = atestore::MigrationFence::FromInfo(text);
  Require(!fence || fence->run == atestore::RunOfInfo(text), "a fence is of a process");
  if (atestore::HasPerSlotTables(text)) {
    Require(text.find("_version:") != std::string_view::npos, "a version tells the tables");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteSource source(data, size);
  switch (source.Byte() % 5) {
    case 0:
      CheckNodeViewText(source.Rest());
      break;
    case 1:
      CheckNodeViewOf(source);
      break;
    case 2:
      CheckTopology(source.Rest());
      break;
    case 3:
      CheckErrorText(source.Rest());
      break;
    default:
      CheckTexts(source.Rest());
  }
  return 0;
}
