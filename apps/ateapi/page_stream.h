#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "apps/ateapi/control_service.h"
#include "store/actor_store.h"
#include "store/advanced.h"

namespace atestore {

// One ReadActors call: reads a page, sends it, and so on. While its client takes pages, it holds a
// listing place and prefetches. If the client is slow, the stream is parked: it releases the place
// and the prefetched pages, keeps only the page being sent, and later continues after that page.
// Thread-safe.
class PageStream : public std::enable_shared_from_this<PageStream> {
 public:
  PageStream(ControlService& service, std::shared_ptr<ActiveCall> call);

  void Begin();

 private:
  using Reader = std::unique_ptr<SerializedActorReader>;

  // False: the call has ended.
  bool TakePlaces();
  void ReadSoon();
  void Read();  // on a thread of the pool
  absl::StatusOr<SerializedActorPage> NextPage();
  void OnTaken(bool taken, bool was_last);
  void ParkSoon();
  void Park();  // on a thread of the pool
  void End(const absl::Status& status);
  void EndNow(const absl::Status& status);

  ControlService& service_;
  const std::shared_ptr<ActiveCall> call_;
  CallNotes::Listing notes_;  // used only by the reading thread, of which there is one at a time

  std::mutex mutex_;  // guards the members below; never held during I/O
  Reader reader_;
  bool page_on_its_way_ = false;
  bool has_places_ = false;
};

}  // namespace atestore
