#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>

#include "store/redis/batch.h"
#include "store/redis/event_loop.h"

namespace atestore::inline v0 {

// Ends batches at their deadline, or when their observer waits no longer. Belongs to the loop's
// thread.
class BatchWatch {
 public:
  // `loop` must outlive this.
  explicit BatchWatch(EventLoop& loop) : loop_(loop), timer_(loop.NewTimer()) {}
  BatchWatch(const BatchWatch&) = delete;
  BatchWatch& operator=(const BatchWatch&) = delete;

  // Watches a batch until it has ended. nullopt: it has no deadline.
  void Add(const std::shared_ptr<Batch>& batch, std::optional<SteadyTime> deadline);

 private:
  void Arm();
  void OnTimer();

  EventLoop& loop_;
  std::unique_ptr<LoopTimer> timer_;
  std::optional<SteadyTime> armed_;                          // when the timer fires
  std::multimap<SteadyTime, std::weak_ptr<Batch>> batches_;  // by deadline
};

}  // namespace atestore::inline v0
