#include "store/redis/redis_transport.h"

#include <map>
#include <utility>

#include "absl/time/clock.h"
#include "core/status.h"
#include "store/redis/batch.h"
#include "store/redis/connection_pool.h"
#include "store/redis/event_loop.h"

namespace atestore {

// Lives on the loop's thread, but for construction, destruction and Run().
class RedisTransport::Engine {
 public:
  Engine(const RedisOptions& options, std::unique_ptr<EventLoop> loop)
      : options_(options),
        loop_(std::move(loop)),
        pool_(*loop_, options_),
        deadline_timer_(loop_->NewTimer()) {}

  ~Engine() {
    loop_->Post([this] {
      deadline_timer_.reset();
      pool_.CloseAll();
    });
    // From here on this thread is the only one.
    loop_->Stop();
  }

  // On the caller's thread. `loan` null: on the shared connections.
  void Run(std::span<const ShardRequest> requests, absl::Time deadline, ReplyObserver& observer,
           ConnectionPool::Loan* loan) {
    auto batch = std::make_shared<Batch>(
        requests, observer, [this, loan](const std::shared_ptr<Batch>& to_send, size_t request) {
          loan == nullptr ? pool_.Send(to_send, request) : pool_.SendOn(*loan, to_send, request);
        });
    loop_->Post([this, batch, deadline] { Start(batch, deadline); });
    batch->Wait();
  }

  void Return(ConnectionPool::Loan loan) {
    loop_->Post([this, returned = std::move(loan)] { pool_.Return(returned); });
  }

 private:
  void Start(const std::shared_ptr<Batch>& batch, absl::Time deadline) {
    absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return batch->FailAll(Overdue());
    batch->Start();
    if (!batch->has_open() || left == absl::InfiniteDuration()) return;
    SteadyTime end = loop_->Now() + absl::ToChronoMicroseconds(left);
    if (deadlines_.size() >= sweep_at_) Sweep();
    bool is_first = deadlines_.empty() || end < deadlines_.begin()->first;
    deadlines_.emplace(end, batch);
    if (is_first) ArmTimer();
  }

  // Forgets batches that ended before their deadline: all at once, now and then, which is cheaper
  // than each at its end.
  void Sweep() {
    std::erase_if(deadlines_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = kSweepMin + 2 * deadlines_.size();
  }

  void ArmTimer() {
    deadline_timer_->Arm(deadlines_.begin()->first, [this] { OnTimer(); });
  }

  void OnTimer() {
    SteadyTime now = loop_->Now();
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      std::shared_ptr<Batch> batch = deadlines_.begin()->second.lock();
      deadlines_.erase(deadlines_.begin());
      if (batch) batch->FailAll(Overdue());
    }
    if (!deadlines_.empty()) ArmTimer();
  }

  static absl::Status Overdue() { return DeadlineExceededError("no reply before the deadline"); }

  static constexpr size_t kSweepMin = 256;

  const RedisOptions options_;
  std::unique_ptr<EventLoop> loop_;
  ConnectionPool pool_;
  std::unique_ptr<LoopTimer> deadline_timer_;
  std::multimap<SteadyTime, std::weak_ptr<Batch>> deadlines_;
  size_t sweep_at_ = kSweepMin;
};

class RedisTransport::ExclusiveTransport final : public ShardTransport {
 public:
  explicit ExclusiveTransport(Engine& engine) : engine_(engine) {}
  ~ExclusiveTransport() override { engine_.Return(std::move(loan_)); }

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override {
    engine_.Run(requests, deadline, observer, &loan_);
  }
  std::unique_ptr<ShardTransport> Exclusive() override {
    return std::make_unique<ExclusiveTransport>(engine_);
  }

 private:
  Engine& engine_;
  ConnectionPool::Loan loan_;  // touched by the loop's thread, inside Execute()
};

absl::StatusOr<std::unique_ptr<RedisTransport>> RedisTransport::Create(
    const RedisOptions& options) {
  absl::StatusOr<std::unique_ptr<EventLoop>> loop = MakeEventLoop(options.tls);
  if (!loop.ok()) return loop.status();
  auto engine = std::make_unique<Engine>(options, std::move(*loop));
  return std::unique_ptr<RedisTransport>(new RedisTransport(std::move(engine)));
}

RedisTransport::RedisTransport(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

RedisTransport::~RedisTransport() = default;

void RedisTransport::Execute(std::span<const ShardRequest> requests, absl::Time deadline,
                             ReplyObserver& observer) {
  engine_->Run(requests, deadline, observer, nullptr);
}

std::unique_ptr<ShardTransport> RedisTransport::Exclusive() {
  return std::make_unique<ExclusiveTransport>(*engine_);
}

}  // namespace atestore
