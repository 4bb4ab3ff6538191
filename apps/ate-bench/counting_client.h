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

// A client of ateapi that only counts the actors in the serialized pages. Not thread-safe.
class CountingClient {
 public:
  // `endpoint`: host:port, without TLS. UNAVAILABLE when no service answers there.
  static absl::StatusOr<std::unique_ptr<CountingClient>> Connect(const std::string& endpoint,
                                                                 const BenchOptions& options);

  // Fetches the page at `token` with a separate call: adds the number of its actors, and sets the
  // next token (empty after the last page).
  absl::Status ListPage(const std::string& token, int64_t* actors, std::string* next_token);

  // The same for the next page of a stream. The first call begins the stream.
  absl::Status ReadPage(int64_t* actors, std::string* next_token);

 private:
  CountingClient(const std::shared_ptr<grpc::Channel>& channel, const BenchOptions& options);
  bool Wait();

  grpc::TemplatedGenericStub<ateapi::ListActorsRequest, grpc::ByteBuffer> stub_;
  ateapi::ListActorsRequest request_;
  grpc::CompletionQueue done_;
  grpc::ClientContext context_;  // for the stream
  std::unique_ptr<grpc::ClientAsyncReaderWriter<ateapi::ListActorsRequest, grpc::ByteBuffer>>
      stream_;
};

}  // namespace atestore
