#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/node_view.h"
#include "tests/property/listing_world.h"

namespace atestore {

// A way to list actors that is in wide use and loses some. Only names: that is enough to be caught.
class NaiveWalk {
 public:
  virtual ~NaiveWalk() = default;
  // The names of the next page; nothing when the listing is over. A node that does not answer
  // gives an empty page.
  virtual std::optional<std::vector<std::string>> NextPage(ListingWorld& world) = 0;
};

struct NodeCursorOptions {
  bool zero_is_not_begun = false;  // a token (shard, 0) is read as "this shard is done"
  bool count_is_a_cap = false;     // a reply is cut to what is left of the page
};

// Token = (number of the node, SCAN cursor), node after node.
std::unique_ptr<NaiveWalk> MakeNodeCursorWalk(NodeCursorOptions options);

// What the best of the client libraries do: a node's slots are done when its cursor came back to 0
// and its config epoch is what it was at the beginning; next is the owner of the lowest slot that
// is not done.
std::unique_ptr<NaiveWalk> MakeMarkSlotsDoneWalk();

}  // namespace atestore
