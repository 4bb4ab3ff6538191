#include "apps/ateapi/self_probe.h"

#include <fcntl.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"

namespace atestore {
namespace {

constexpr char kCheckPath[] = "/grpc.health.v1.Health/Check";

absl::Status Failed(const char* what, const std::string& why) {
  return absl::UnavailableError(absl::StrCat("a call to this process itself: ", what, ": ", why));
}

absl::Status FailedByErrno(const char* what) { return Failed(what, std::strerror(errno)); }

// An address of the same host with a port that the system chooses.
SocketAddress SameHost(SocketAddress address) {
  if (address.storage.ss_family == AF_INET) {
    reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = 0;
  } else {
    reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port = 0;
  }
  return address;
}

absl::Status Connect(int descriptor, const SocketAddress& address, absl::Duration patience) {
  if (connect(descriptor, address.get(), address.length) == 0) return absl::OkStatus();
  if (errno != EINPROGRESS) return FailedByErrno("cannot connect");
  pollfd waiting{.fd = descriptor, .events = POLLOUT, .revents = 0};
  const int ready = poll(&waiting, 1, static_cast<int>(absl::ToInt64Milliseconds(patience)));
  if (ready == 0) return Failed("cannot connect", "the port does not accept");
  int error = 0;
  socklen_t length = sizeof(error);
  getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
  if (ready > 0 && error == 0) return absl::OkStatus();
  return Failed("cannot connect", std::strerror(error != 0 ? error : errno));
}

absl::Status Call(int descriptor, absl::Duration patience) {
  const std::shared_ptr<grpc::Channel> channel =
      grpc::CreateInsecureChannelFromFd("ateapi", descriptor);
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoNanoseconds(patience));
  grpc::CompletionQueue queue;
  const grpc::ByteBuffer request(nullptr, 0);
  grpc::ByteBuffer response;
  grpc::Status status;
  const auto call = stub.PrepareUnaryCall(&context, kCheckPath, request, &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);  // ends with the deadline
  queue.Shutdown();
  if (status.ok()) return absl::OkStatus();
  return Failed("no answer", status.error_message());
}

}  // namespace

absl::Status ProbeSelf(const ListenSocket& listening, Acceptor& acceptor, absl::Duration patience) {
  const SocketAddress& there = listening.own_address();
  const int family = there.storage.ss_family;
  const int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return FailedByErrno("no socket");
  std::string own;
  if (family != AF_UNIX) {
    SocketAddress here = SameHost(there);
    if (bind(descriptor, here.get(), here.length) != 0 ||
        getsockname(descriptor, here.get(), &here.length) != 0) {
      const absl::Status status = FailedByErrno("no address");
      close(descriptor);
      return status;
    }
    own = PeerText(here);
    acceptor.ExpectOwn(own);
  }
  absl::Status status = Connect(descriptor, there, patience);
  if (status.ok()) {
    status = Call(descriptor, patience);  // takes the descriptor over
  } else {
    close(descriptor);
  }
  if (!own.empty()) acceptor.ForgetOwn(own);
  return status;
}

}  // namespace atestore
