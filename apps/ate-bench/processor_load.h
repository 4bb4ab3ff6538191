#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace atestore {

// Uses processor time and does nothing else. It shows what a listing costs others merely by running
// on the same machine. Ends with the object.
class ProcessorLoad {
 public:
  // `processors`: how many processors to keep busy, > 0; fractions in slices of a millisecond.
  explicit ProcessorLoad(double processors);
  ~ProcessorLoad();
  ProcessorLoad(const ProcessorLoad&) = delete;
  ProcessorLoad& operator=(const ProcessorLoad&) = delete;

 private:
  void Run(double share);

  std::mutex mutex_;
  std::condition_variable stopped_;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

}  // namespace atestore
