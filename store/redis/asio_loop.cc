#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <thread>
#include <utility>

#include "store/redis/asio_stream.h"
#include "store/redis/event_loop.h"

namespace atestore::inline v0 {
namespace {

class AsioTimer final : public LoopTimer {
 public:
  explicit AsioTimer(asio::io_context& io) : timer_(io) {}

  void Arm(SteadyTime when, std::function<void()> callback) override {
    armed_ = std::make_shared<std::function<void()>>(std::move(callback));
    timer_.expires_at(when);
    // A cancelled wait may have succeeded already: then only the expired weak pointer tells.
    timer_.async_wait([armed = std::weak_ptr(armed_)](const asio::error_code& error) {
      std::shared_ptr<std::function<void()>> current = armed.lock();
      if (!error && current) (*current)();
    });
  }

  void Cancel() override {
    armed_.reset();
    timer_.cancel();
  }

 private:
  asio::steady_timer timer_;
  std::shared_ptr<std::function<void()>> armed_;
};

class AsioLoop final : public EventLoop {
 public:
  explicit AsioLoop(std::unique_ptr<TlsContext> tls)
      : tls_(std::move(tls)),
        resolver_(
            LookUpAddresses, [this](std::function<void()> task) { Post(std::move(task)); },
            [this] { return Now(); }),
        work_(io_.get_executor()),
        thread_([this] { io_.run(); }) {}

  void Post(std::function<void()> task) override { asio::post(io_, std::move(task)); }
  void Stop() override {
    Post([this] { io_.stop(); });
    thread_.join();
  }
  SteadyTime Now() override { return std::chrono::steady_clock::now(); }
  std::unique_ptr<ByteStream> NewStream() override {
    return tls_ ? MakeTlsStream(io_, resolver_, *tls_) : MakePlainStream(io_, resolver_);
  }
  std::unique_ptr<LoopTimer> NewTimer() override { return std::make_unique<AsioTimer>(io_); }

 private:
  const std::unique_ptr<TlsContext> tls_;
  asio::io_context io_{1};
  NameResolver resolver_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EventLoop>> MakeEventLoop(
    const std::optional<RedisTlsOptions>& tls) {
  std::unique_ptr<TlsContext> context;
  if (tls) {
    absl::StatusOr<std::unique_ptr<TlsContext>> made = TlsContext::Make(*tls);
    if (!made.ok()) return made.status();
    context = std::move(*made);
  }
  return std::unique_ptr<EventLoop>(std::make_unique<AsioLoop>(std::move(context)));
}

}  // namespace atestore::inline v0
