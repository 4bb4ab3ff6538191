#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apps/kubectl-ate/bounded_queue.h"
#include "apps/kubectl-ate/control_api.h"
#include "apps/kubectl-ate/interruption.h"
#include "apps/kubectl-ate/retry.h"

namespace atestore::cli {

// About how much memory the pages that wait to be taken may use.
inline constexpr size_t kPagesBytesMax = size_t{8} << 20;

// Reads the parts of a listing or of a count on several threads, with retries, while its owner
// processes the pages that have arrived. Page is ListPage or CountPage. Only one thread may use it.
template <typename Page>
class PartReaders {
 public:
  // Fetches the page at a token, for one thread. It is called for each next page of a part, again
  // for the same page after a failure, and for another part after the last page of a part.
  using Source =
      std::function<absl::StatusOr<Page>(const std::string& page_token, absl::Time deadline)>;

  struct Options {
    std::vector<std::string> page_tokens;  // one per part
    size_t width = 1;                      // parts to read at the same time
    std::function<Source()> make_source;
    absl::Time deadline;           // for all parts
    bool reached = false;          // the service has answered before
    std::function<void()> cancel;  // cancels all running and later calls
  };

  // The service has not answered for more than a second, for this reason.
  struct Waiting {
    absl::Status status;
  };
  struct Event {
    size_t part = 0;
    std::variant<Page, Waiting, absl::Status> what;  // a status: this part cannot be read
  };

  // Starts reading. `interruption` ends it.
  PartReaders(Options options, Interruption& interruption);
  // Cancels the running calls.
  ~PartReaders();
  PartReaders(const PartReaders&) = delete;
  PartReaders& operator=(const PartReaders&) = delete;

  // Waits for the next event. The pages of a part arrive in order. nullopt: all parts have been
  // read, or the user interrupted.
  std::optional<Event> Next() { return queue_.Pop(); }

 private:
  struct Part {
    size_t index = 0;
    std::string page_token;
  };

  void Run();
  bool ReadPart(const Source& source, Retrier& retrier, Part& part);
  absl::StatusOr<Page> ReadPage(const Source& source, Retrier& retrier, const Part& part,
                                bool* given_back);
  std::optional<Part> Take();
  bool GiveBack(const Part& part);
  void Leave();

  const Options options_;
  const std::shared_ptr<Interruption> stop_;
  BoundedQueue<Event> queue_;
  std::mutex mutex_;  // guards the members below
  std::deque<Part> waiting_;
  size_t active_;                     // threads that will look at waiting_ again
  std::vector<std::thread> threads_;  // the owner's
};

extern template class PartReaders<ListPage>;
extern template class PartReaders<CountPage>;

}  // namespace atestore::cli
