#include "apps/ate-bench/counting_client.h"

#include <google/protobuf/io/coded_stream.h>

#include <chrono>

#include "core/status.h"

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

absl::Status Count(grpc::ByteBuffer* page, int64_t* actors, std::string* next_token) {
  if (!CountActors(page, actors, next_token)) return DataLossError("not a ListActorsResponse");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<CountingClient>> CountingClient::Connect(
    const std::string& endpoint, const BenchOptions& options) {
  auto channel = grpc::CreateChannel(endpoint, grpc::InsecureChannelCredentials());
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + kConnectMax)) {
    return UnavailableError("no ateapi answers at " + endpoint);
  }
  return std::unique_ptr<CountingClient>(new CountingClient(channel, options));
}

CountingClient::CountingClient(const std::shared_ptr<grpc::Channel>& channel,
                               const BenchOptions& options)
    : stub_(channel) {
  request_.set_page_size(options.page_size);
  request_.set_atespace(options.atespace);
}

absl::Status CountingClient::ListPage(const std::string& token, int64_t* actors,
                                      std::string* next_token) {
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

absl::Status CountingClient::ReadPage(int64_t* actors, std::string* next_token) {
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

bool CountingClient::Wait() {
  void* tag = nullptr;
  bool ok = false;
  return done_.Next(&tag, &ok) && ok;
}

}  // namespace atestore
