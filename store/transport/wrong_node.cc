#include "store/transport/wrong_node.h"

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::inline v0 {

absl::Status WrongNodeError(const ShardRequest& request, std::string_view found) {
  return UnavailableError(absl::StrCat(ToString(request.endpoint), ": node ", ToAbsl(found),
                                       " answers here now, not node ", request.node_id));
}

}  // namespace atestore::inline v0
