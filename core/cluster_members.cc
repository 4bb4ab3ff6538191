#include "core/cluster_members.h"

#include "absl/strings/str_split.h"
#include "core/node_view.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

// Words of a line: id, address, flags, …
constexpr size_t kWordsMin = 8;

// "ip:port@bus-port[,hostname[,name=value…]]"
void AddAddresses(absl::string_view id, absl::string_view text, const Endpoint& asked,
                  std::vector<ClusterNode>& nodes) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ',');
  absl::StatusOr<Endpoint> address = ParseEndpoint(ToStd(parts[0].substr(0, parts[0].find('@'))));
  if (!address.ok()) return;
  if (address->host.empty()) address->host = asked.host;
  nodes.push_back({.id = std::string(id), .endpoint = *address});
  if (parts.size() < 2 || parts[1].empty() || parts[1].size() > kHostBytesMax) return;
  nodes.push_back(
      {.id = std::string(id), .endpoint = {.host = std::string(parts[1]), .port = address->port}});
}

}  // namespace

absl::StatusOr<ClusterMembers> ClusterMembers::FromClusterNodes(std::string_view text,
                                                                const Endpoint& asked) {
  ClusterMembers members;
  size_t lines = 0;
  for (const absl::string_view line : absl::StrSplit(ToAbsl(text), '\n', absl::SkipEmpty())) {
    if (++lines > kClusterNodesMax) return DataLossError("CLUSTER NODES: too many nodes");
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    if (words.size() < kWordsMin) continue;
    if (HasNodeFlag(ToStd(words[2]), "myself")) members.myself = std::string(words[0]);
    if (HasNodeFlag(ToStd(words[2]), "noaddr") || HasNodeFlag(ToStd(words[2]), "handshake"))
      continue;
    AddAddresses(words[0], words[1], asked, members.nodes);
  }
  if (members.myself.empty()) return DataLossError("CLUSTER NODES: no `myself` line");
  return members;
}

}  // namespace atestore::inline v0
