#include "store/redis/redis_transport.h"

#include <optional>
#include <utility>

#include "core/status.h"
#include "store/options.h"
#include "store/redis/batch.h"
#include "store/redis/batch_watch.h"
#include "store/redis/connection_pool.h"
#include "store/redis/event_loop.h"

namespace atestore::inline v0 {

// Lives on the loop's thread, but for construction, destruction and Run().
class RedisTransport::Engine {
 public:
  Engine(const RedisOptions& options, std::unique_ptr<EventLoop> loop)
      : options_(options),
        loop_(std::move(loop)),
        pool_(*loop_, options_),
        watch_(std::make_unique<BatchWatch>(*loop_)) {}

  ~Engine() {
    loop_->Post([this] {
      watch_.reset();
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
    absl::Duration left = deadline - SteadyNow();
    if (left <= absl::ZeroDuration()) return batch->FailAll(Overdue());
    batch->Start();
    if (!batch->has_open()) return;
    std::optional<SteadyTime> end;
    if (left < kDeadlineMax) end = loop_->Now() + absl::ToChronoMicroseconds(left);
    watch_->Add(batch, end);
  }

  static absl::Status Overdue() { return DeadlineExceededError("no reply before the deadline"); }

  // A call that may take longer has no deadline.
  static constexpr absl::Duration kDeadlineMax = absl::Hours(24 * 365);

  const RedisOptions options_;
  std::unique_ptr<EventLoop> loop_;
  ConnectionPool pool_;
  std::unique_ptr<BatchWatch> watch_;
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

}  // namespace atestore::inline v0
