#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace grpc {
class AuthContext;
class string_ref;
}  // namespace grpc

namespace atestore {

// Who calls what. Valid during the call of CallGuard that it is passed to.
struct CallFacts {
  std::string_view method;    // "ListActors"
  std::string_view atespace;  // of the request; empty when it names none (ListActors: all of them)
  std::string_view name;      // of the actor or atespace; empty when the request names none
  std::string_view peer;      // the caller's identity for limits: see PeerOf()
  const grpc::AuthContext& auth;
  const std::multimap<grpc::string_ref, grpc::string_ref>& metadata;
};

// Decides about calls. Every call of the service `ateapi.Control` passes Admit() once, after its
// request was parsed and before anything is done for it, and Ended() once, if it passed. Called
// from any thread, on threads of gRPC: must be thread-safe and must not block.
class CallGuard {
 public:
  virtual ~CallGuard() = default;

  // OK, or what the caller is told; with an ErrorInfo (store/error_info.h).
  virtual absl::Status Admit(const CallFacts& facts) = 0;
  virtual void Ended(const CallFacts& facts, const absl::Status& outcome) {
    (void)facts;
    (void)outcome;
  }
};

}  // namespace atestore
