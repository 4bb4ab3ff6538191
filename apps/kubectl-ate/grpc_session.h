#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apps/kubectl-ate/bearer_token.h"
#include "proto/ateapi.grpc.pb.h"

namespace atestore::cli {

// What the calls of one run share: the channel, the credentials, and the means to cancel them.
// Thread-safe.
class GrpcSession {
 public:
  GrpcSession(const std::shared_ptr<grpc::Channel>& channel, BearerToken token);
  GrpcSession(const GrpcSession&) = delete;
  GrpcSession& operator=(const GrpcSession&) = delete;

  ateapi::Control::Stub& stub() { return *stub_; }

  // Ends the running calls and every later one with CANCELLED.
  void Cancel();

  // A call that Cancel() can reach. The session must outlive it.
  class Call {
   public:
    Call(GrpcSession& session, absl::Time deadline);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    grpc::ClientContext& context() { return context_; }

   private:
    GrpcSession& session_;
    grpc::ClientContext context_;
  };

 private:
  void Reconnect(absl::Time deadline);

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<ateapi::Control::Stub> stub_;
  std::mutex mutex_;  // guards what follows
  BearerToken token_;
  std::set<grpc::ClientContext*> running_;
  bool cancelled_ = false;
};

// The service attaches details to each of its errors. gRPC does not: an error without details is a
// connection failure.
absl::Status FromGrpc(const grpc::Status& status);

// The value of a metadata key; nullopt when it is missing.
std::optional<absl::string_view> ValueOf(
    const std::multimap<grpc::string_ref, grpc::string_ref>& metadata, const char* key);

// The fields of a ListPage or a CountPage that are in the trailing metadata.
template <typename Page>
void ReadTrailers(const grpc::ClientContext& context, Page* page) {
  const auto& trailers = context.GetServerTrailingMetadata();
  double progress = 0;
  if (const auto text = ValueOf(trailers, "ate-list-progress");
      text && absl::SimpleAtod(*text, &progress)) {
    page->progress = progress;
  }
  if (const auto text = ValueOf(trailers, "ate-list-skipped");
      !text || !absl::SimpleAtoi(*text, &page->skipped_records)) {
    page->skipped_records = 0;
  }
}

}  // namespace atestore::cli
