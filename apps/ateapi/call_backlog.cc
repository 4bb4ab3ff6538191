#include "apps/ateapi/call_backlog.h"

#include <grpc/grpc.h>
#include <grpc/support/alloc.h>
#include <simdjson.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/numbers.h"
#include "store/options.h"

namespace atestore {
namespace {

constexpr int64_t kArrivalsPerExamination = 64;
// Examinations take at most half of one processor.
constexpr int kPausePerExamination = 1;
constexpr intptr_t kSocketsPerQuery = 500;

// Channelz answers in the JSON notation of protobuf, where 64-bit numbers are strings.
std::string TakeText(char* text) {
  if (text == nullptr) return "";
  std::string copy = text;
  gpr_free(text);
  return copy;
}

// 0 when the field is missing: protobuf omits zeros.
int64_t Number(const simdjson::dom::element& object, std::string_view field) {
  std::string_view text;
  int64_t number = 0;
  if (object[field].get(text) != simdjson::SUCCESS) return 0;
  return absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &number) ? number : 0;
}

// The process has one server.
intptr_t ServerId() {
  simdjson::dom::parser parser;
  simdjson::dom::element reference;
  const std::string servers = TakeText(grpc_channelz_get_servers(0));
  if (parser.parse(servers).at_pointer("/server/0/ref").get(reference) != simdjson::SUCCESS) {
    return 0;
  }
  return Number(reference, "serverId");
}

void ExamineSocket(intptr_t id, ConnectionTable& connections) {
  simdjson::dom::parser parser;
  simdjson::dom::element socket;
  simdjson::dom::element data;
  std::string_view name;  // "chttp2 ipv4:127.0.0.1:46798"
  const std::string text = TakeText(grpc_channelz_get_socket(id));
  if (parser.parse(text)["socket"].get(socket) != simdjson::SUCCESS ||
      socket.at_pointer("/ref/name").get(name) != simdjson::SUCCESS ||
      socket["data"].get(data) != simdjson::SUCCESS) {
    return;
  }
  connections.CheckArrivals(std::string(name.substr(name.rfind(' ') + 1)),
                            {.arrived = Number(data, "streamsStarted"),
                             .answered = Number(data, "streamsSucceeded"),
                             .cancelled = Number(data, "streamsFailed")});
}

void ExamineSockets(ConnectionTable& connections) {
  const intptr_t server = ServerId();
  simdjson::dom::parser parser;
  bool is_end = false;
  for (intptr_t start = 0; !is_end;) {
    simdjson::dom::element page;
    simdjson::dom::array sockets;
    const std::string text =
        TakeText(grpc_channelz_get_server_sockets(server, start, kSocketsPerQuery));
    if (parser.parse(text).get(page) != simdjson::SUCCESS) return;
    if (page["socketRef"].get(sockets) != simdjson::SUCCESS) return;
    if (page["end"].get(is_end) != simdjson::SUCCESS) is_end = false;
    for (const simdjson::dom::element socket : sockets) {
      const intptr_t id = Number(socket, "socketId");
      ExamineSocket(id, connections);
      start = id + 1;
    }
  }
}

}  // namespace

class CallBacklog::ArrivalCounter final : public grpc::ContextAllocator {
 public:
  explicit ArrivalCounter(CallBacklog& backlog) : backlog_(backlog) {}

  // gRPC calls this as soon as it has read the headers of a call. Null: it allocates the context
  // itself.
  grpc::GenericCallbackServerContext* NewGenericCallbackServerContext() override {
    backlog_.CallArrived();
    return nullptr;
  }

 private:
  CallBacklog& backlog_;
};

std::unique_ptr<grpc::ContextAllocator> CallBacklog::MakeArrivalCounter() {
  return std::make_unique<ArrivalCounter>(*this);
}

void CallBacklog::CallArrived() {
  const int64_t waiting = waiting_.fetch_add(1, std::memory_order_relaxed);
  if (waiting >= kBacklogMax && waiting % kArrivalsPerExamination == 0) Examine();
}

void CallBacklog::CallBegan(int64_t live) {
  waiting_.fetch_sub(1, std::memory_order_relaxed);
  if (live >= kOpenStreamsMax) Examine();
}

void CallBacklog::Examine() {
  const std::unique_lock lock(examining_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  const absl::Time start = SteadyNow();
  if (start < next_examination_) return;
  ExamineSockets(connections_);
  const absl::Time end = SteadyNow();
  next_examination_ = end + kPausePerExamination * (end - start);
}

}  // namespace atestore
