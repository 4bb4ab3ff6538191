#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "apps/ateapi/metrics.h"
#include "store/actor_store.h"
#include "store/advanced.h"

namespace grpc {
class ByteBuffer;
}

namespace atestore {

// How expensive a method of `ateapi.Control` is; this determines which threads run it.
enum class MethodKind {
  kReadRecord,   // reads one key
  kWriteRecord,  // writes one or two keys
  kListing,      // walks the cluster
  kPageStream,   // walks the cluster for as long as its caller takes pages
  kRefused,      // needs a scheduler: refused at once
};

// What a call reports in addition to its response.
struct CallNotes {
  struct Listing {
    double progress = 0;
    PageCounts counts;
    std::string applied;  // see AppliedParts(); "page_size" of a page of atespaces or workers
  };
  std::optional<Listing> listing;
};

// A parsed request.
struct PreparedCall {
  std::string atespace;
  std::string name;
  // Blocks; returns the serialized response. Empty for kPageStream.
  std::function<absl::StatusOr<std::string>(ActorStore& store, const CallOptions& call,
                                            CallNotes& notes)>
      run;
  ateapi::ListActorsRequest pages;  // only for kPageStream
};

struct ControlMethod {
  std::string_view name;
  MethodKind kind;
  // INVALID_ARGUMENT when the bytes are not a request of this method.
  absl::StatusOr<PreparedCall> (*prepare)(grpc::ByteBuffer& request);
};

// All methods of the service.
std::span<const ControlMethod> ControlMethods();

// The method of the path "/ateapi.Control/NAME"; nullptr when there is none.
const ControlMethod* FindMethod(std::string_view path);

PageCounts CountsOf(const SerializedActorPage& page);

// The value of the metadata key "ate-list-applied": the fields of the request that were applied
// although an older service would ignore them: "filter", "read_mask", both with a comma, or empty.
std::string AppliedParts(const ateapi::ListActorsRequest& request);

}  // namespace atestore
