#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mockcluster/random.h"
#include "store/shard_transport.h"
#include "tests/property/turns.h"

namespace atestore {

// A mistake that the code of records could make, made for it on its way to the servers.
enum class WriteMistake {
  kNone,
  kRetryBlindly,       // a transaction whose reply was lost is sent again, without its WATCH
  kIgnoreInnerErrors,  // an error inside EXEC's array is taken for success
  kRewriteRecord,      // a record is written without the members that this build does not know
  kNoWatch,            // a write does not notice what others changed since it read
  kNoSecondLook,       // a creation looks at its atespace only before it writes the actor
};

// What may befall requests, beside the faults of the cluster itself.
struct RequestFaults {
  uint32_t late_per_1000 = 0;      // a write arrives later than its caller waits
  uint32_t refused_per_1000 = 0;   // EXEC's array holds an error
  uint32_t not_sent_per_1000 = 0;  // the connection is refused
  uint32_t crash_per_1000 = 0;     // the program ends here
};

// What the transports of one history share.
struct RequestWorld {
  RequestWorld(uint64_t seed, const RequestFaults& request_faults)
      : turns(seed), random(seed ^ 0x5EED), faults(request_faults) {}

  // Executes what is still on its way.
  void DeliverLate();

  Turns turns;
  mockcluster::Random random;
  RequestFaults faults;
  std::vector<std::function<void()>> late;
  size_t late_delivered = 0;
};

// The way of one program to the cluster: others take their turns before and after each request.
class FaultyTransport final : public ShardTransport {
 public:
  FaultyTransport(RequestWorld& world, ShardTransport& inner, WriteMistake mistake)
      : world_(world), inner_(&inner), mistake_(mistake), crashed_(std::make_shared<bool>(false)) {}

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override;
  std::unique_ptr<ShardTransport> Exclusive() override;

  bool crashed() const { return *crashed_; }

 private:
  absl::Status ExecuteOne(size_t index, const ShardRequest& request, ReplyObserver& observer);
  absl::Status Carry(size_t index, const ShardRequest& request, ReplyObserver& observer);
  bool Happens(uint32_t per_1000) { return world_.random.Below(1000) < per_1000; }

  RequestWorld& world_;
  ShardTransport* inner_;                  // of an Exclusive() one: owned_
  ShardTransport* original_ = nullptr;     // whose Exclusive() `owned_` is
  std::shared_ptr<ShardTransport> owned_;  // shared with late requests
  const WriteMistake mistake_;
  std::shared_ptr<bool> crashed_;
  std::shared_ptr<std::optional<std::string>> atespace_ =
      std::make_shared<std::optional<std::string>>();
};

}  // namespace atestore
