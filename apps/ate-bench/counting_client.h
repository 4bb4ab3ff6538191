#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "apps/ate-bench/benchmarks.h"
#include "proto/ateapi.grpc.pb.h"

namespace atestore {

// A client of ateapi that does nothing with the actors but count them, on the wire. For one thread.
class CountingClient {
 public:
  // `endpoint`: host:port, without TLS. UNAVAILABLE when nobody answers there.
  static absl::StatusOr<std::unique_ptr<CountingClient>> Connect(const std::string& endpoint,
                                                                 const BenchOptions& options);

  // The page behind `token`, by a call of its own: adds the number of its actors, and sets the next
  // token unless it is the last.
  absl::Status ListPage(const std::string& token, int64_t* actors, std::string* next_token);

  // The same for the next page of a stream, which the first call begins.
  absl::Status ReadPage(int64_t* actors, std::string* next_token);

 private:
  CountingClient(const std::shared_ptr<grpc::Channel>& channel, const BenchOptions& options);
  bool Wait();

  grpc::TemplatedGenericStub<ateapi::ListActorsRequest, grpc::ByteBuffer> stub_;
  ateapi::ListActorsRequest request_;
  grpc::CompletionQueue done_;
  grpc::ClientContext context_;  // of the stream
  std::unique_ptr<grpc::ClientAsyncReaderWriter<ateapi::ListActorsRequest, grpc::ByteBuffer>>
      stream_;
};

}  // namespace atestore
