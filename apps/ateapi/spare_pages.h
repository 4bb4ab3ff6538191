#pragma once

#include <mutex>
#include <vector>

#include "store/actor_store.h"

namespace atestore {

// Pages that were sent, whose memory the next ones take over: to allocate and free a thousand
// messages anew costs a quarter of what a page costs. Thread-safe.
class SparePages {
 public:
  struct Page {
    ActorPage page;
    int uses = 0;  // so far
  };

  // The memory of a page that is done with, or an empty one.
  Page Take();
  // Frees it when enough are kept, or when it was used often: a message keeps room for the longest
  // record that was ever in its place, so what a page holds on to could grow with every use.
  void Give(Page page);

 private:
  static constexpr size_t kPagesMax = 4;
  static constexpr int kUsesMax = 16;

  std::mutex mutex_;
  std::vector<Page> pages_;
};

}  // namespace atestore
