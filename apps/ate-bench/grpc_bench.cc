#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "apps/ate-bench/ateapi_process.h"
#include "apps/ate-bench/benchmarks.h"
#include "apps/ate-bench/list_run.h"
#include "apps/ate-bench/target.h"
#include "core/status.h"
#include "proto/ateapi.grpc.pb.h"

namespace atestore {
namespace {

constexpr std::chrono::seconds kConnectMax{20};

// Counts the actors of a ListActorsResponse on the wire, without a message for any of them. Both of
// its fields are length-delimited.
bool CountActors(grpc::ByteBuffer* bytes, int64_t* actors, std::string* next_token) {
  using Response = ateapi::ListActorsResponse;
  constexpr uint32_t kFieldShift = 3;
  grpc::ProtoBufferReader buffers(bytes);
  if (!buffers.status().ok()) return false;
  google::protobuf::io::CodedInputStream input(&buffers);
  while (const uint32_t tag = input.ReadTag()) {
    int length = 0;
    if (!input.ReadVarintSizeAsInt(&length)) return false;
    if (tag >> kFieldShift == Response::kNextPageTokenFieldNumber) {
      if (!input.ReadString(next_token, length)) return false;
    } else {
      ++*actors;
      if (!input.Skip(length)) return false;
    }
  }
  return input.ConsumedEntireMessage();
}

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

// A client that does nothing with the actors but count them.
class CountingClient {
 public:
  CountingClient(const std::shared_ptr<grpc::Channel>& channel, const BenchOptions& options)
      : stub_(channel) {
    request_.set_page_size(options.page_size);
    request_.set_atespace(options.atespace);
  }

  // The page behind `token`, by a call of its own.
  absl::Status ListPage(const std::string& token, int64_t* actors, std::string* next_token) {
    request_.set_page_token(token);
    grpc::ClientContext context;
    auto call = stub_.PrepareUnaryCall(&context, "/ateapi.Control/ListActors", request_, &done_);
    grpc::ByteBuffer page;
    grpc::Status status;
    call->StartCall();
    call->Finish(&page, &status, this);
    Wait();
    if (!status.ok()) return FromGrpc(status);
    return Count(&page, actors, next_token);
  }

  // The next page of a stream, which the first call begins.
  absl::Status ReadPage(int64_t* actors, std::string* next_token) {
    if (!stream_) {
      stream_ = stub_.PrepareCall(&context_, "/ateapi.Control/ReadActors", &done_);
      stream_->StartCall(this);
      Wait();
      stream_->WriteLast(request_, {}, this);
      Wait();
    }
    grpc::ByteBuffer page;
    stream_->Read(&page, this);
    if (Wait()) return Count(&page, actors, next_token);
    grpc::Status status;
    stream_->Finish(&status, this);
    Wait();
    return status.ok() ? DataLossError("the stream ended before its last page") : FromGrpc(status);
  }

 private:
  bool Wait() {
    void* tag = nullptr;
    bool ok = false;
    return done_.Next(&tag, &ok) && ok;
  }
  static absl::Status Count(grpc::ByteBuffer* page, int64_t* actors, std::string* next_token) {
    if (!CountActors(page, actors, next_token)) return DataLossError("not a ListActorsResponse");
    return absl::OkStatus();
  }

  grpc::TemplatedGenericStub<ateapi::ListActorsRequest, grpc::ByteBuffer> stub_;
  ateapi::ListActorsRequest request_;
  grpc::CompletionQueue done_;
  grpc::ClientContext context_;  // of the stream
  std::unique_ptr<grpc::ClientAsyncReaderWriter<ateapi::ListActorsRequest, grpc::ByteBuffer>>
      stream_;
};

absl::Status ListThroughGrpc(const std::string& endpoint, const BenchOptions& options,
                             bool page_by_page, ListRun* run) {
  auto channel = grpc::CreateChannel(endpoint, grpc::InsecureChannelCredentials());
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + kConnectMax)) {
    return UnavailableError("no ateapi answers at " + endpoint);
  }
  CountingClient client(channel, options);
  auto fetch = [&](const std::string& token, int64_t* actors, std::string* next_token) {
    return page_by_page ? client.ListPage(token, actors, next_token)
                        : client.ReadPage(actors, next_token);
  };
  return RunListing(fetch, run);
}

}  // namespace

absl::StatusOr<Report> BenchGrpc(const BenchOptions& options, bool page_by_page,
                                 const std::string& endpoint) {
  std::optional<AteapiProcess> own;
  std::string where = endpoint;
  if (endpoint.empty()) {
    absl::StatusOr<AteapiProcess> started = AteapiProcess::Start(options.addresses);
    if (!started.ok()) return started.status();
    own.emplace(*std::move(started));
    where = own->endpoint();
  }
  ListRun run;
  absl::Status status = ListThroughGrpc(where, options, page_by_page, &run);
  if (!status.ok()) return status;
  Report report;
  run.AddTo(&report);
  return report;
}

absl::StatusOr<Report> BenchMemory(const BenchOptions& options, int64_t times) {
  absl::StatusOr<AteapiProcess> ateapi = AteapiProcess::Start(options.addresses);
  if (!ateapi.ok()) return ateapi.status();
  ListRun run;
  for (int64_t listing = 0; listing < times; ++listing) {
    absl::Status status = ListThroughGrpc(ateapi->endpoint(), options, /*page_by_page=*/true, &run);
    if (!status.ok()) return status;
  }
  Report report;
  report.Add("listings", times);
  run.AddTo(&report);
  report.Add("ateapi_peak_rss_mib", PeakRssMib(absl::StrCat(ateapi->pid())));
  return report;
}

}  // namespace atestore
