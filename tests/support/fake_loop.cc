#include "tests/support/fake_loop.h"

#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include "core/status.h"

namespace atestore {

class FakeTimer final : public LoopTimer {
 public:
  explicit FakeTimer(FakeLoop& loop) : loop_(loop) {}
  ~FakeTimer() override { loop_.timers_.erase(this); }
  void Arm(SteadyTime when, std::function<void()> callback) override {
    loop_.timers_[this] = {when, std::move(callback)};
  }
  void Cancel() override { loop_.timers_.erase(this); }

 private:
  FakeLoop& loop_;
};

std::unique_ptr<LoopTimer> FakeLoop::NewTimer() { return std::make_unique<FakeTimer>(*this); }

void FakeLoop::Advance(absl::Duration time) {
  SteadyTime end = now_ + absl::ToChronoNanoseconds(time);
  for (;;) {
    auto next = std::min_element(timers_.begin(), timers_.end(), [](const auto& a, const auto& b) {
      return a.second.when < b.second.when;
    });
    if (next == timers_.end() || next->second.when > end) break;
    now_ = std::max(now_, next->second.when);
    std::function<void()> callback = std::move(next->second.callback);
    timers_.erase(next);
    callback();
  }
  now_ = end;
}

bool FakeLoop::Has(const FakeStream* stream) const {
  return std::find(streams_.begin(), streams_.end(), stream) != streams_.end();
}

FakeStream::FakeStream(FakeLoop& loop) : loop_(loop) { loop_.streams_.push_back(this); }

FakeStream::~FakeStream() { std::erase(loop_.streams_, this); }

void FakeStream::Connect(const Endpoint& endpoint, std::function<void(absl::Status)> done) {
  endpoint_ = endpoint;
  on_connect_ = std::move(done);
}

void FakeStream::Read(std::span<char> buffer, std::function<void(absl::StatusOr<size_t>)> done) {
  buffer_ = buffer;
  on_read_ = std::move(done);
}

void FakeStream::Write(std::string_view bytes, std::function<void(absl::Status)> done) {
  written_ += bytes;
  on_write_ = std::move(done);
}

void FakeStream::Close() {
  is_closed_ = true;
  // Callbacks own the connection, and with it this stream.
  auto connect = std::exchange(on_connect_, {});
  auto read = std::exchange(on_read_, {});
  auto write = std::exchange(on_write_, {});
}

void FakeStream::Refuse(const absl::Status& status) { std::exchange(on_connect_, {})(status); }

std::string FakeStream::TakeWritten() {
  FakeLoop& loop = loop_;
  std::string taken;
  // A callback may destroy this stream.
  while (loop.Has(this) && on_write_) {
    taken += std::exchange(written_, {});
    std::exchange(on_write_, {})(absl::OkStatus());
  }
  return taken;
}

void FakeStream::Receive(std::string_view bytes) {
  FakeLoop& loop = loop_;
  while (!bytes.empty() && loop.Has(this) && on_read_) {
    size_t part = bytes.copy(buffer_.data(), buffer_.size());
    bytes.remove_prefix(part);
    std::exchange(on_read_, {})(part);
  }
}

void FakeStream::Break() {
  std::exchange(on_read_, {})(UnavailableError("the server closed the connection"));
}

}  // namespace atestore
