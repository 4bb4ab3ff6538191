#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <optional>

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
bool ReadPage(grpc::ByteBuffer* bytes, int64_t* actors, std::string* next_token) {
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

// A client that does nothing with the actors but count them.
absl::Status ListThroughGrpc(const std::string& endpoint, const BenchOptions& options,
                             ListRun* run) {
  auto channel = grpc::CreateChannel(endpoint, grpc::InsecureChannelCredentials());
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + kConnectMax)) {
    return UnavailableError("no ateapi answers at " + endpoint);
  }
  grpc::TemplatedGenericStub<ateapi::ListActorsRequest, grpc::ByteBuffer> stub(channel);
  ateapi::ListActorsRequest request;
  request.set_page_size(options.page_size);
  request.set_atespace(options.atespace);
  auto fetch = [&](const std::string& token, int64_t* actors, std::string* next_token) {
    request.set_page_token(token);
    grpc::ClientContext context;
    grpc::CompletionQueue done;
    grpc::ByteBuffer page;
    grpc::Status status;
    auto call = stub.PrepareUnaryCall(&context, "/ateapi.Control/ListActors", request, &done);
    call->StartCall();
    call->Finish(&page, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    done.Next(&tag, &ok);
    if (!status.ok()) {
      return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                          status.error_message());
    }
    if (!ReadPage(&page, actors, next_token)) return DataLossError("not a ListActorsResponse");
    return absl::OkStatus();
  };
  return RunListing(fetch, run);
}

}  // namespace

absl::StatusOr<Report> BenchGrpc(const BenchOptions& options, const std::string& endpoint) {
  std::optional<AteapiProcess> own;
  std::string where = endpoint;
  if (endpoint.empty()) {
    absl::StatusOr<AteapiProcess> started = AteapiProcess::Start(options.addresses);
    if (!started.ok()) return started.status();
    own.emplace(*std::move(started));
    where = own->endpoint();
  }
  ListRun run;
  if (absl::Status status = ListThroughGrpc(where, options, &run); !status.ok()) return status;
  Report report;
  run.AddTo(&report);
  return report;
}

absl::StatusOr<Report> BenchMemory(const BenchOptions& options) {
  absl::StatusOr<AteapiProcess> ateapi = AteapiProcess::Start(options.addresses);
  if (!ateapi.ok()) return ateapi.status();
  ListRun run;
  absl::Status status = ListThroughGrpc(ateapi->endpoint(), options, &run);
  if (!status.ok()) return status;
  Report report;
  run.AddTo(&report);
  report.Add("ateapi_peak_rss_mib", PeakRssMib(absl::StrCat(ateapi->pid())));
  return report;
}

}  // namespace atestore
