#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "store/actor_store.h"
#include "store/pages.h"

// Reads for programs that pass pages on or read millions of records. Others need only
// store/actor_store.h.
namespace atestore::inline v0 {

// A page as bytes of the wire format, without a message for each actor.
struct SerializedActorPage {
  std::string response;         // an ateapi::ListActorsResponse
  int32_t actors = 0;           // in it
  std::string next_page_token;  // as in the response; empty: the last page
  double progress = 0;
  int64_t skipped_records = 0;
  ListingCounters counters;
};
using SerializedActorReader = PageReader<SerializedActorPage>;
using WideSerializedActorReader = WidePageReader<SerializedActorPage>;

// Next() of a PageReader or WidePageReader, into the memory of a page that is done with. Spares a
// third of the client's time.
struct Recycling {
  template <typename Reader, typename Page>
  static absl::StatusOr<Page> Next(Reader& reader, Page done_with) {
    return reader.NextInto(std::move(done_with));
  }
};

// Contracts as the methods of ActorStore without "Serialized". A value; the store must outlive it.
class AdvancedReads {
 public:
  explicit AdvancedReads(ActorStore& store);

  // `recycled`: a page that is done with; the new one takes over its memory.
  absl::StatusOr<ActorPage> ListActors(const ateapi::ListActorsRequest& request,
                                       const CallOptions& call, ActorPage recycled);

  // The same page for a caller who passes it on. Each record is serialized as it arrives.
  absl::StatusOr<SerializedActorPage> ListActorsSerialized(const ateapi::ListActorsRequest& request,
                                                           const CallOptions& call = {},
                                                           SerializedActorPage recycled = {});
  absl::StatusOr<std::unique_ptr<SerializedActorReader>> ReadActorsSerialized(
      const ateapi::ListActorsRequest& request, const CallOptions& call = {});
  absl::StatusOr<std::unique_ptr<WideSerializedActorReader>> ReadActorsWideSerialized(
      const ateapi::ListActorsRequest& request, const WideRead& wide, const CallOptions& call = {});

 private:
  ActorStore::Impl* store_;
};

}  // namespace atestore::inline v0
