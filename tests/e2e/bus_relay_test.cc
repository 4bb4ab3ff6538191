// The relay against sockets that play nodes: what TCP promises to a bus, the relay keeps.
#include "tests/support/bus_relay.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/server_process.h"

namespace atestore {
namespace {

using ::testing::Optional;

constexpr size_t kPacketBytes = 100;
constexpr int kPatienceSeconds = 10;

const std::string& IdOf(size_t node) {
  static const std::string ids[] = {std::string(40, 'a'), std::string(40, 'b')};
  return ids[node];
}

std::string Packet(size_t sender, BusPacket type) {
  std::string packet(kPacketBytes, '\0');
  const uint32_t length = htonl(kPacketBytes);
  const uint16_t number = htons(static_cast<uint16_t>(type));
  std::memcpy(packet.data() + 4, &length, sizeof length);
  std::memcpy(packet.data() + 12, &number, sizeof number);
  packet.replace(40, 40, IdOf(sender));
  return packet;
}

class Socket {
 public:
  explicit Socket(int socket) : socket_(socket) {
    const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(socket_); }

  void Send(const std::string& bytes) const { send(socket_, bytes.data(), bytes.size(), 0); }
  // A packet; "" at the end of the connection; nullopt when neither comes.
  std::optional<std::string> Receive() const {
    std::string bytes(kPacketBytes, '\0');
    const ssize_t count = recv(socket_, bytes.data(), bytes.size(), MSG_WAITALL);
    if (count < 0) return std::nullopt;
    bytes.resize(static_cast<size_t>(count));
    return bytes;
  }

 private:
  int socket_;
};

// Node 0 has opened a connection to node 1, and both have heard of each other.
class BusRelayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<BusRelay>> relay = BusRelay::Start();
    ASSERT_TRUE(relay.ok()) << relay.status();
    relay_ = *std::move(relay);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    listener_.emplace(listener);
    ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(listen(listener, 1), 0);
    socklen_t size = sizeof address;
    ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
    ASSERT_TRUE(relay_->AddNode(1).ok());  // nobody opens a connection to it
    absl::StatusOr<uint16_t> announced = relay_->AddNode(ntohs(address.sin_port));
    ASSERT_TRUE(announced.ok()) << announced.status();
    for (const size_t node : {0, 1}) relay_->SetId(node, IdOf(node));
    address.sin_port = htons(*announced);
    const int opener = socket(AF_INET, SOCK_STREAM, 0);
    opener_.emplace(opener);
    ASSERT_EQ(connect(opener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    accepted_.emplace(accept(listener, nullptr, nullptr));
    Exchange();
  }

  void Exchange() {
    opener_->Send(Packet(0, BusPacket::kPing));
    EXPECT_THAT(accepted_->Receive(), Optional(Packet(0, BusPacket::kPing)));
    accepted_->Send(Packet(1, BusPacket::kPong));
    EXPECT_THAT(opener_->Receive(), Optional(Packet(1, BusPacket::kPong)));
  }

  void WaitForLoss() {
    EXPECT_TRUE(Poll(absl::Seconds(kPatienceSeconds), [&] { return relay_->lost() > 0; }));
  }

  std::unique_ptr<BusRelay> relay_;
  std::optional<Socket> listener_;
  std::optional<Socket> opener_;
  std::optional<Socket> accepted_;
};

TEST_F(BusRelayTest, ACutIsInOneDirection) {
  relay_->Cut(1, 0);
  accepted_->Send(Packet(1, BusPacket::kPing));
  WaitForLoss();
  opener_->Send(Packet(0, BusPacket::kPong));
  EXPECT_THAT(accepted_->Receive(), Optional(Packet(0, BusPacket::kPong)));
}

// A server sends no second PING while the first one is unanswered and the connection lives.
TEST_F(BusRelayTest, AConnectionThatLostAPacketEndsWhenTheCutIsMended) {
  relay_->Cut(0, 1);
  opener_->Send(Packet(0, BusPacket::kPing));
  WaitForLoss();
  relay_->Mend(0, 1);
  EXPECT_THAT(opener_->Receive(), Optional(std::string()));
  EXPECT_THAT(accepted_->Receive(), Optional(std::string()));
}

TEST_F(BusRelayTest, AConnectionThatLostAPacketOfATypeEndsWhenTheTypePassesAgain) {
  relay_->Drop(1, BusPacket::kUpdate);
  opener_->Send(Packet(0, BusPacket::kUpdate));
  WaitForLoss();
  Exchange();
  relay_->StopDropping(1, BusPacket::kUpdate);
  EXPECT_THAT(opener_->Receive(), Optional(std::string()));
}

TEST_F(BusRelayTest, AConnectionThatLostNothingLives) {
  relay_->Cut(0, 1);
  relay_->MendAll();
  Exchange();
}

TEST_F(BusRelayTest, EndsConnectionsOfANode) {
  relay_->EndConnections(0);
  EXPECT_THAT(opener_->Receive(), Optional(std::string()));
}

}  // namespace
}  // namespace atestore
