// The Redis transport over real sockets against peers that are no Redis servers, or bad ones.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/redis/redis_transport.h"
#include "tests/support/reply_recorder.h"

namespace atestore {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Far above what any of these calls takes, far below what a hang would.
constexpr absl::Duration kPromptly = absl::Seconds(4);

// Accepts one connection after the other and hands each to `serve`, which must return when it is
// shut down.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::function<void(int)> serve)
      : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, generic, length), 0);
    EXPECT_EQ(listen(listener_, 16), 0);
    getsockname(listener_, generic, &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve = std::move(serve)] {
      for (int peer; (peer = accept(listener_, nullptr, nullptr)) >= 0;) {
        ++accepted_;
        Serving(peer);
        serve(peer);
        Serving(std::nullopt);
        close(peer);
      }
    });
  }
  ~ScriptedServer() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      shutdown(listener_, SHUT_RDWR);
      if (peer_) shutdown(*peer_, SHUT_RDWR);
    }
    thread_.join();
    close(listener_);
  }
  Endpoint endpoint() const { return {"127.0.0.1", port_}; }
  int accepted() const { return accepted_; }

 private:
  void Serving(std::optional<int> peer) {
    std::lock_guard lock(mutex_);
    peer_ = peer;
    if (peer && stopping_) shutdown(*peer, SHUT_RDWR);
  }

  int listener_;
  uint16_t port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::mutex mutex_;
  std::optional<int> peer_;  // being served
  bool stopping_ = false;
  std::thread thread_;
};

// Waits for bytes; false when the peer is gone.
bool AwaitBytes(int peer) {
  char buffer[4096];
  return recv(peer, buffer, sizeof buffer, 0) > 0;
}

void SendText(int peer, std::string_view text) {
  [[maybe_unused]] ssize_t sent = send(peer, text.data(), text.size(), MSG_NOSIGNAL);
}

// As a server of a cluster does it.
void AnswerHandshake(int peer) {
  AwaitBytes(peer);
  SendText(peer, "$40\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
}

void UntilPeerGoes(int peer) {
  while (AwaitBytes(peer)) {
  }
}

class RedisHostileServerTest : public ::testing::Test {
 protected:
  void Connect() { transport_ = std::move(*RedisTransport::Create(options_)); }

  absl::Status Ping(const Endpoint& endpoint, absl::Duration limit = absl::InfiniteDuration()) {
    if (!transport_) Connect();
    ShardRequest request{.endpoint = endpoint};
    request.pipeline.Add({"PING"});
    ReplyRecorder recorder;
    absl::Time begin = absl::Now();
    transport_->Execute({&request, 1}, begin + limit, recorder);
    EXPECT_LT(absl::Now() - begin, kPromptly);
    replies_ = recorder.replies(0);
    return recorder.failure(0);
  }

  RedisOptions options_;
  std::unique_ptr<RedisTransport> transport_;
  std::vector<std::string> replies_;
};

TEST_F(RedisHostileServerTest, OneThatSpeaksAnotherProtocol) {
  ScriptedServer server([](int peer) {
    AwaitBytes(peer);
    SendText(peer, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    UntilPeerGoes(peer);
  });
  EXPECT_EQ(Ping(server.endpoint()).code(), absl::StatusCode::kDataLoss);
}

TEST_F(RedisHostileServerTest, OneThatSpeaksFirst) {
  ScriptedServer server([](int peer) {
    SendText(peer, "+OK\r\n+OK\r\n");
    UntilPeerGoes(peer);
  });
  // What it sent ahead may be taken for the reply; its surplus ends the connection.
  for (int i = 0; i < 5; ++i) {
    absl::Status status = Ping(server.endpoint());
    EXPECT_TRUE(status.ok() || absl::IsDataLoss(status) || absl::IsUnavailable(status)) << status;
  }
}

TEST_F(RedisHostileServerTest, OneThatAcceptsAndClosesIsNotStormed) {
  ScriptedServer server([](int peer) { AwaitBytes(peer); });
  absl::Time end = absl::Now() + absl::Milliseconds(300);
  size_t calls = 0;
  for (; absl::Now() < end; ++calls) {
    EXPECT_EQ(Ping(server.endpoint()).code(), absl::StatusCode::kUnavailable);
  }
  // Delays of at least 10, 20, 40, 80, 160 … ms.
  EXPECT_LE(server.accepted(), 6);
  EXPECT_GT(calls, 20);
}

TEST_F(RedisHostileServerTest, OneThatStaysSilent) {
  options_.request_timeout = absl::Milliseconds(500);
  ScriptedServer server(UntilPeerGoes);
  EXPECT_EQ(Ping(server.endpoint(), absl::Milliseconds(50)).code(),
            absl::StatusCode::kDeadlineExceeded);
  absl::Status silent = Ping(server.endpoint());
  EXPECT_EQ(silent.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(silent.message()), HasSubstr("request timeout"));
}

// A page that has got somewhere need not wait for the deadline of its attempt.
TEST_F(RedisHostileServerTest, OneThatHangsIsGivenUpWhenTheCallerWaitsNoLonger) {
  class Impatient final : public ReplyObserver {
   public:
    void OnReply(size_t, size_t, const ReplyView&) override { answered = true; }
    void OnFailure(size_t request, const absl::Status& status) override {
      recorder.OnFailure(request, status);
    }
    bool Abandon() override { return answered && absl::Now() > until; }
    bool answered = false;
    absl::Time until = absl::Now() + absl::Milliseconds(100);
    ReplyRecorder recorder;
  };
  ScriptedServer healthy([](int peer) {
    AnswerHandshake(peer);
    AwaitBytes(peer);
    SendText(peer, "+PONG\r\n");
    UntilPeerGoes(peer);
  });
  std::atomic<bool> awake = false;
  ScriptedServer hung([&](int peer) {
    AnswerHandshake(peer);
    AwaitBytes(peer);
    while (!awake) absl::SleepFor(absl::Milliseconds(1));
    SendText(peer, "+LATE\r\n");
    AwaitBytes(peer);
    SendText(peer, "+PONG\r\n");
    UntilPeerGoes(peer);
  });
  Connect();
  std::vector<ShardRequest> requests = {{.endpoint = healthy.endpoint()},
                                        {.endpoint = hung.endpoint()}};
  for (ShardRequest& request : requests) request.pipeline.Add({"PING"});
  Impatient observer;
  absl::Time begin = absl::Now();
  transport_->Execute(requests, begin + absl::Hours(1), observer);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(2));
  EXPECT_TRUE(observer.answered);
  EXPECT_EQ(observer.recorder.failure(1).code(), absl::StatusCode::kDeadlineExceeded);
  // The connection is not lost by it, and the late reply is nobody's.
  awake = true;
  EXPECT_TRUE(Ping(hung.endpoint()).ok());
  EXPECT_THAT(replies_, ElementsAre("+PONG"));
  EXPECT_EQ(hung.accepted(), 1);
}

TEST_F(RedisHostileServerTest, OneThatTricklesForEver) {
  options_.request_timeout = absl::Milliseconds(500);
  std::atomic<bool> stop = false;
  ScriptedServer server([&](int peer) {
    AwaitBytes(peer);
    SendText(peer, "$1000000\r\n");
    // Bytes come faster than the request timeout passes, so only the deadline helps.
    while (!stop) {
      SendText(peer, "x");
      absl::SleepFor(absl::Milliseconds(20));
    }
  });
  EXPECT_EQ(Ping(server.endpoint(), absl::Milliseconds(900)).code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Ping(server.endpoint(), absl::Milliseconds(50)).code(),
            absl::StatusCode::kDeadlineExceeded);
  stop = true;
}

TEST_F(RedisHostileServerTest, OneThatAnnouncesMoreThanTheLimits) {
  for (std::string_view reply : {"*99999999\r\n", "$99999999999999999999\r\n", "*-2\r\n"}) {
    ScriptedServer server([&](int peer) {
      AnswerHandshake(peer);
      AwaitBytes(peer);
      SendText(peer, reply);
      UntilPeerGoes(peer);
    });
    EXPECT_EQ(Ping(server.endpoint()).code(), absl::StatusCode::kDataLoss) << reply;
  }
}

TEST_F(RedisHostileServerTest, OneThatNestsWithoutEnd) {
  ScriptedServer server([](int peer) {
    AwaitBytes(peer);
    for (int depth = 0; depth < 1000; ++depth) SendText(peer, "*1\r\n");
    UntilPeerGoes(peer);
  });
  EXPECT_EQ(Ping(server.endpoint()).code(), absl::StatusCode::kDataLoss);
}

TEST_F(RedisHostileServerTest, OneThatDiesBetweenTwoReplies) {
  ScriptedServer server([](int peer) {
    AnswerHandshake(peer);
    AwaitBytes(peer);
    SendText(peer, "+PONG\r\n");
    AwaitBytes(peer);
    SendText(peer, "+PO");
  });
  EXPECT_TRUE(Ping(server.endpoint()).ok());
  EXPECT_THAT(replies_, ElementsAre("+PONG"));
  EXPECT_EQ(Ping(server.endpoint()).code(), absl::StatusCode::kUnavailable);
  // It was useful once, so the next connection is tried at once.
  EXPECT_TRUE(Ping(server.endpoint()).ok());
}

TEST_F(RedisHostileServerTest, OneThatKnowsNoTls) {
  ScriptedServer server([](int peer) {
    AwaitBytes(peer);
    SendText(peer, "-ERR Protocol error\r\n");
    UntilPeerGoes(peer);
  });
  options_.tls.emplace();
  EXPECT_EQ(Ping(server.endpoint()).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RedisHostileServerTest, NothingToDoNeedsNoServer) {
  Connect();
  ReplyRecorder recorder;
  transport_->Execute({}, absl::InfiniteFuture(), recorder);
  ShardRequest without_commands{.endpoint = {"127.0.0.1", 1}};
  transport_->Execute({&without_commands, 1}, absl::InfiniteFuture(), recorder);
  EXPECT_TRUE(recorder.failure(0).ok());
  EXPECT_EQ(Ping({"127.0.0.1", 1}, -absl::Seconds(1)).code(), absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace atestore
