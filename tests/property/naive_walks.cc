#include "tests/property/naive_walks.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/listing/scan_cursor.h"
#include "core/status.h"
#include "store/cluster/execute_at.h"

namespace atestore {
namespace {

std::optional<Reply> Ask(ListingWorld& world, const Endpoint& node,
                         std::initializer_list<std::string_view> command) {
  ShardRequest request{.endpoint = node};
  request.pipeline.Add(command);
  absl::StatusOr<std::vector<Reply>> replies =
      ExecuteAt(world.transport(), request, absl::InfiniteFuture());
  if (!replies.ok() || replies->front().view().is_error()) return std::nullopt;
  return std::move(replies->front());
}

struct Scanned {
  uint64_t cursor;
  std::vector<std::string> names;
};

std::optional<Scanned> Scan(ListingWorld& world, const Endpoint& node, uint64_t cursor) {
  std::optional<Reply> reply = Ask(world, node,
                                   {"SCAN", absl::StrCat(cursor), "MATCH", world.filter().Pattern(),
                                    "COUNT", absl::StrCat(world.options().page_size)});
  if (!reply) return std::nullopt;
  Scanned scanned{.cursor = *ParseScanCursor(reply->view()[0].text())};
  for (ReplyView name : reply->view()[1]) {
    if (world.filter().Matches(name.text())) scanned.names.emplace_back(name.text());
  }
  return scanned;
}

class NodeCursorWalk final : public NaiveWalk {
 public:
  explicit NodeCursorWalk(NodeCursorOptions options) : options_(options) {}

  std::optional<std::vector<std::string>> NextPage(ListingWorld& world) override {
    std::vector<ClusterNode> nodes = world.FindTopology()->primaries();
    std::sort(nodes.begin(), nodes.end(),
              [](const auto& a, const auto& b) { return a.endpoint < b.endpoint; });
    const size_t page_size = world.options().page_size;
    if (options_.zero_is_not_begun && begun_ && cursor_ == 0) ++node_;
    begun_ = true;
    std::vector<std::string> page;
    while (node_ < nodes.size() && page.size() < page_size) {
      std::optional<Scanned> scanned = Scan(world, nodes[node_].endpoint, cursor_);
      if (!scanned) return page;
      size_t room = page_size - page.size();
      if (options_.count_is_a_cap && scanned->names.size() > room) scanned->names.resize(room);
      page.insert(page.end(), scanned->names.begin(), scanned->names.end());
      cursor_ = scanned->cursor;
      if (cursor_ == 0) ++node_;
    }
    if (page.empty() && node_ >= nodes.size()) return std::nullopt;
    return page;
  }

 private:
  const NodeCursorOptions options_;
  bool begun_ = false;
  size_t node_ = 0;
  uint64_t cursor_ = 0;
};

class MarkSlotsDoneWalk final : public NaiveWalk {
 public:
  std::optional<std::vector<std::string>> NextPage(ListingWorld& world) override {
    if (done_.all()) return std::nullopt;
    std::vector<std::string> page;
    if (!node_) {
      Choose(world);
      return page;
    }
    std::optional<Scanned> scanned = Scan(world, *node_, cursor_);
    if (!scanned) {
      Choose(world);
      return page;
    }
    page = std::move(scanned->names);
    cursor_ = scanned->cursor;
    if (cursor_ == 0) {
      std::shared_ptr<const Topology> topology = world.FindTopology();
      bool same_epoch = Epoch(world, *node_) == epoch_;
      for (size_t slot = 0; slot < kSlotCount && same_epoch; ++slot) {
        const ClusterNode* owner = topology->Owner(static_cast<Slot>(slot));
        if (owner != nullptr && owner->endpoint == *node_) done_.set(slot);
      }
      Choose(world);
    }
    return page;
  }

 private:
  static std::string Epoch(ListingWorld& world, const Endpoint& node) {
    std::optional<Reply> info = Ask(world, node, {"CLUSTER", "INFO"});
    if (!info) return "0";
    std::string_view text = info->view().text();
    size_t at = text.find("cluster_my_epoch:");
    return at == std::string_view::npos ? "0"
                                        : std::string(text.substr(at, text.find('\r', at) - at));
  }

  void Choose(ListingWorld& world) {
    node_.reset();
    cursor_ = 0;
    std::shared_ptr<const Topology> topology = world.FindTopology();
    for (size_t slot = 0; slot < kSlotCount; ++slot) {
      if (done_[slot]) continue;
      if (const ClusterNode* owner = topology->Owner(static_cast<Slot>(slot))) {
        node_ = owner->endpoint;
        epoch_ = Epoch(world, *node_);
      } else {
        world.RestSometimes();
      }
      return;
    }
  }

  SlotSet done_;
  std::optional<Endpoint> node_;
  uint64_t cursor_ = 0;
  std::string epoch_;
};

}  // namespace

std::unique_ptr<NaiveWalk> MakeNodeCursorWalk(NodeCursorOptions options) {
  return std::make_unique<NodeCursorWalk>(options);
}

std::unique_ptr<NaiveWalk> MakeMarkSlotsDoneWalk() { return std::make_unique<MarkSlotsDoneWalk>(); }

}  // namespace atestore
