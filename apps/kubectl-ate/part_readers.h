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

// What the pages that nobody has taken yet may hold in memory, about.
inline constexpr size_t kPagesBytesMax = size_t{8} << 20;

// Reads the parts of a listing or of a count on threads of their own, several at the same time and
// with retries, while its owner deals with the pages that came. Page is ListPage or CountPage. To
// be used by one thread.
template <typename Page>
class PartReaders {
 public:
  // The page behind a token, for one thread. It is asked for the part's next page each time, for
  // the same one again after a failure, and for that of another part after a last page.
  using Source =
      std::function<absl::StatusOr<Page>(const std::string& page_token, absl::Time deadline)>;

  struct Options {
    std::vector<std::string> page_tokens;  // of the parts
    size_t width = 1;                      // parts at the same time
    std::function<Source()> make_source;
    absl::Time deadline;           // of everything
    bool reached = false;          // the service has answered before
    std::function<void()> cancel;  // ends the calls that are running, for good
  };

  // The service has not answered for more than a second, because of this.
  struct Waiting {
    absl::Status status;
  };
  struct Event {
    size_t part = 0;
    std::variant<Page, Waiting, absl::Status> what;  // a status: this part cannot be read
  };

  // Begins to read. `interruption` ends it.
  PartReaders(Options options, Interruption& interruption);
  // Cancels what still runs.
  ~PartReaders();
  PartReaders(const PartReaders&) = delete;
  PartReaders& operator=(const PartReaders&) = delete;

  // Waits for what happens next; the pages of a part come in their order. nullopt when nothing
  // more will: all parts are read, or it was interrupted.
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
  std::mutex mutex_;  // guards what follows
  std::deque<Part> waiting_;
  size_t active_;                     // threads that will look at waiting_ again
  std::vector<std::thread> threads_;  // the owner's
};

extern template class PartReaders<ListPage>;
extern template class PartReaders<CountPage>;

}  // namespace atestore::cli
