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

// What a method of `ateapi.Control` costs, which decides where it is run.
enum class MethodKind {
  kReadRecord,   // of one key
  kWriteRecord,  // of one or two keys
  kListing,      // walks the cluster
  kPageStream,   // walks it for as long as its caller takes pages
  kRefused,      // needs a scheduler: answered at once
};

// What a call found out beside its answer.
struct CallNotes {
  struct Listing {
    double progress = 0;
    PageCounts counts;
    std::string applied;  // see AppliedParts(); "page_size" of a page of atespaces or workers
  };
  std::optional<Listing> listing;
};

// A request that was understood.
struct PreparedCall {
  std::string atespace;
  std::string name;
  // Blocks; returns the serialized response. Empty for kPageStream.
  std::function<absl::StatusOr<std::string>(ActorStore& store, const CallOptions& call,
                                            CallNotes& notes)>
      run;
  ateapi::ListActorsRequest pages;  // of kPageStream
};

struct ControlMethod {
  std::string_view name;
  MethodKind kind;
  // INVALID_ARGUMENT when the bytes are no request of this method.
  absl::StatusOr<PreparedCall> (*prepare)(grpc::ByteBuffer& request);
};

// All methods of the service.
std::span<const ControlMethod> ControlMethods();

// The method of the path "/ateapi.Control/NAME"; nullptr when there is none.
const ControlMethod* FindMethod(std::string_view path);

PageCounts CountsOf(const SerializedActorPage& page);

// What of a request was taken into account that an older service does not know, for the metadata
// "ate-list-applied": "filter", "read_mask", both with a comma, or nothing.
std::string AppliedParts(const ateapi::ListActorsRequest& request);

}  // namespace atestore
