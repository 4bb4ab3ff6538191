// Nodes that hang: connections are accepted, and nothing is ever answered.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/time/clock.h"
#include "tests/e2e/real_listing.h"

namespace atestore {
namespace {

constexpr size_t kActors = 900;
constexpr absl::Duration kRetryBudget = absl::Seconds(5);
constexpr absl::Duration kRecoveryLimit = absl::Seconds(90);
// A call that uses up its retry budget has asked the seeds; one more for what comes in between.
constexpr size_t kCallsToRecover = 2;
// The budget is a quarter of a second; machines that build beside the test are slow.
constexpr absl::Duration kPageLimit = absl::Milliseconds(1500);

// Listens, and that is all: the kernel accepts.
class MuteListener {
 public:
  explicit MuteListener(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    int yes = 1;
    setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(socket_, SOMAXCONN), 0);
  }
  ~MuteListener() { close(socket_); }
  MuteListener(const MuteListener&) = delete;
  MuteListener& operator=(const MuteListener&) = delete;

 private:
  int socket_;
};

class HungNodes : public RealListing {};

INSTANTIATE_TEST_SUITE_P(Servers, HungNodes, ::testing::ValuesIn(AllServerKinds()),
                         NameOfServerTest);

// Every node has got a new address, where the old ones were hangs everything, and only a seed leads
// to the cluster.
TEST_P(HungNodes, AreLeftForASeedThatAnswers) {
  ASSERT_NO_FATAL_FAILURE(
      Start({.primaries = 3, .node_timeout = absl::Seconds(3), .persistent = true},
            ActorRecords(kActors, 3)));
  if (!cluster_) return;
  std::vector<PortLease> leases;
  for (size_t node = 0; node < 3; ++node) {
    absl::StatusOr<PortLease> lease = PortLease::Take();
    ASSERT_TRUE(lease.ok());
    leases.push_back(*std::move(lease));
  }
  const std::vector<Endpoint> old = cluster_->endpoints();
  std::unique_ptr<ActorStore> store =
      NewStore({old[0], {"127.0.0.1", leases[0].port()}}, kRetryBudget);
  ExpectComplete(*store);
  for (size_t node = 0; node < 3; ++node) {
    ASSERT_TRUE(cluster_->Stop(node, StopMode::kKill).ok());
  }
  std::vector<std::unique_ptr<MuteListener>> mute;
  for (const Endpoint& endpoint : old) {
    mute.push_back(std::make_unique<MuteListener>(endpoint.port));
  }
  for (size_t node = 0; node < 3; ++node) {
    absl::Status launched = cluster_->LaunchAt(node, leases[node].port());
    ASSERT_TRUE(launched.ok()) << launched;
  }
  absl::Status settled = cluster_->WaitUntilSettled(absl::Seconds(60));
  ASSERT_TRUE(settled.ok()) << settled;

  const absl::Time begin = absl::Now();
  absl::Status status;
  size_t tries = 0;
  EXPECT_TRUE(Poll(kRecoveryLimit, [&] {
    ++tries;
    status = store->ListActors({}).status();
    return status.ok();
  })) << status;
  std::printf("%zu calls, %s\n", tries, absl::FormatDuration(absl::Now() - begin).c_str());
  EXPECT_LE(tries, kCallsToRecover);
  if (status.ok()) ExpectComplete(*store);
}

// A page that has got somewhere ends when its work budget is used up, whatever its deadline.
TEST_P(HungNodes, EndAPageThatHasProgressed) {
  ASSERT_NO_FATAL_FAILURE(
      Start({.primaries = 3, .node_timeout = absl::Seconds(60)}, ActorRecords(kActors, 3)));
  if (!cluster_) return;
  std::unique_ptr<ActorStore> store = NewStore(cluster_->endpoints(), kRetryBudget);
  ExpectComplete(*store);
  cluster_->Pause(2);  // of slot order the last
  for (const absl::Duration deadline : {absl::Seconds(20), absl::Seconds(1)}) {
    ateapi::ListActorsRequest request;  // everything fits into one page
    request.set_page_size(1000);
    const absl::Time begin = absl::Now();
    absl::StatusOr<ActorPage> page =
        store->ListActors(request, {.deadline = absl::Now() + deadline});
    const absl::Duration took = absl::Now() - begin;
    std::printf("deadline %s: %s after %s, %d actors\n", absl::FormatDuration(deadline).c_str(),
                page.status().ToString().c_str(), absl::FormatDuration(took).c_str(),
                page.ok() ? page->response.actors_size() : 0);
    EXPECT_LT(took, kPageLimit);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_GT(page->response.actors_size(), static_cast<int>(kActors / 3));
    EXPECT_FALSE(page->response.next_page_token().empty());
  }
  cluster_->Resume(2);
  ExpectComplete(*store);
}

}  // namespace
}  // namespace atestore
