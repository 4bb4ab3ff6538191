#include "apps/ate-bench/processor_load.h"

#include <cmath>
#include <ctime>

#include "absl/time/time.h"

namespace atestore {
namespace {

constexpr absl::Duration kSlice = absl::Milliseconds(1);

absl::Duration ThreadTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return absl::DurationFromTimespec(time);
}

}  // namespace

ProcessorLoad::ProcessorLoad(double processors) {
  const int threads = static_cast<int>(std::ceil(processors));
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this, share = processors / threads] { Run(share); });
  }
}

ProcessorLoad::~ProcessorLoad() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ProcessorLoad::Run(double share) {
  while (!stop_) {
    const absl::Duration begin = ThreadTime();
    while (ThreadTime() - begin < kSlice) continue;
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, absl::ToChronoNanoseconds(kSlice * ((1 - share) / share)),
                      [this] { return stop_.load(); });
  }
}

}  // namespace atestore
