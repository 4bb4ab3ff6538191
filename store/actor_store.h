#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/listing/list_walk.h"
#include "proto/ateapi.pb.h"
#include "store/call_options.h"
#include "store/shard_health.h"
#include "store/shard_transport.h"
#include "store/store_options.h"

namespace atestore {

// AIP-158: what page_size means when it is 0, and what a larger one is coerced to.
inline constexpr int32_t kPageSizeDefault = 1000;
inline constexpr int32_t kPageSizeMax = 1000;

// Response: the message of a listing.
template <typename Response>
struct RecordPage {
  Response response;
  double progress = 0;  // 0 … 1: the part of the slot space that lies behind the page's end
  int64_t skipped_records = 0;  // unreadable records met by this call
  ListWalk::Counters counters;  // of the work behind it
};
using ActorPage = RecordPage<ateapi::ListActorsResponse>;
using AtespacePage = RecordPage<ateapi::ListAtespacesResponse>;
using WorkerPage = RecordPage<ateapi::ListWorkersResponse>;

// A list of atespaces or workers that is asked for without pages may have this much serialized
// protobuf: about half a million atespaces, 80,000 workers.
inline constexpr size_t kWholeListBytesMax = size_t{16} << 20;

// A page as bytes of the wire format, without a message for each actor.
struct SerializedActorPage {
  std::string response;         // an ateapi::ListActorsResponse
  int32_t actors = 0;           // in it
  std::string next_page_token;  // as in the response; empty: the last page
  double progress = 0;
  int64_t skipped_records = 0;
  ListWalk::Counters counters;
};

// A part of a count.
struct ActorCounts {
  ateapi::CountActorsResponse response;
  double progress = 0;
  int64_t skipped_records = 0;  // unreadable records, which count nothing
  ListWalk::Counters counters;
};

// A CountActors call looks at no more actors than this.
inline constexpr size_t kCountRecordsMax = 200'000;

// The pages of one listing, in order, read ahead: while the caller works on a page, the next ones
// are in flight. Not thread-safe; belongs to the store that made it, which must outlive it.
template <typename Page>
class PageReader {
 public:
  // Cancels what is in flight, which takes a round trip, or about two seconds when a node hangs.
  virtual ~PageReader() = default;
  // The page that the ListActors() call with the last one's next_page_token would return, and its
  // errors; `recycled` is as there. P3 with a longer moment: what a page says was true at some time
  // since it was begun, which is at most four pages before it is asked for. A page without
  // next_page_token is the last one; after it FAILED_PRECONDITION. After an error, always that
  // error: start again with the last token.
  virtual absl::StatusOr<Page> Next(Page recycled = {}) = 0;
};
using ActorReader = PageReader<ActorPage>;
using SerializedActorReader = PageReader<SerializedActorPage>;

// The most parts that PartitionActors() makes, and that a WidePageReader reads at a time.
inline constexpr int32_t kPartitionsMax = 1024;
inline constexpr size_t kReaderWidthMax = 64;

struct WideRead {
  // What is left of the listing, as page_tokens() of a former reader or PartitionActors() tells.
  // Empty: request.page_token, or everything.
  std::vector<std::string> page_tokens = {};
  // Parts to read at the same time, at most kReaderWidthMax; 0: as many as there are primaries.
  // Each takes up to four pages of memory and two threads.
  size_t width = 0;
  // Next() returns at most about so many actors or keys a second, over a second or two, and little
  // more is read ahead; 0: no limit.
  int64_t records_per_second_max = 0;
};

// The pages of a listing that is read in several parts at once, in the order of their arrival. Not
// thread-safe; belongs to the store that made it, which must outlive it.
template <typename Page>
class WidePageReader {
 public:
  virtual ~WidePageReader() = default;
  // The next page of any part. Its next_page_token is that of the part; the listing is complete
  // when page_tokens() is empty, and Next() is FAILED_PRECONDITION then. After an error, always
  // that error: start again with page_tokens().
  virtual absl::StatusOr<Page> Next(Page recycled = {}) = 0;
  // What is left behind the pages that Next() has returned: everything that they do not hold, each
  // actor in one of the tokens. A listing goes on with any width, in any process.
  virtual std::vector<std::string> page_tokens() const = 0;
};
using WideActorReader = WidePageReader<ActorPage>;
using WideSerializedActorReader = WidePageReader<SerializedActorPage>;

// Actors, atespaces and workers in a Redis Cluster, one JSON value a key:
// "actor:<atespace>:<actor_id>", "atespace:<name>", "worker:<namespace>:<pool>:<pod>".
//
// Errors, all methods: INVALID_ARGUMENT (names the field and the value), UNAVAILABLE (a slot has no
// reachable owner within the retry budget; nothing is lost, call again), DEADLINE_EXCEEDED,
// CANCELLED, DATA_LOSS (a record's value cannot be read), UNAUTHENTICATED and PERMISSION_DENIED
// (the server refused this store). Every error carries an ErrorInfo: see store/error_info.h.
// Writes happen once or not at all. With the reason WRITE_OUTCOME_UNKNOWN (and the code ABORTED, or
// that of what kept the record from being read) it is not known which: the reply was lost, and the
// record does not tell. Read it and decide.
// Thread-safe; every call blocks its thread.
class ActorStore {
 public:
  // A store over `transport`. Does not wait for the cluster: CheckHealth() does. INVALID_ARGUMENT
  // (INVALID_OPTION) names the field of `options` that is not as store/store_options.h says, or
  // "transport" when there is none.
  static absl::StatusOr<std::unique_ptr<ActorStore>> Open(std::unique_ptr<ShardTransport> transport,
                                                          const StoreOptions& options);
  ~ActorStore();
  ActorStore(const ActorStore&) = delete;
  ActorStore& operator=(const ActorStore&) = delete;

  // One page of the listing that `request.page_token` continues; docs/consistency.md is the
  // promise. A deadline that comes near ends the page early, with a token. `recycled`: a page that
  // is done with; the new one takes over its memory, which spares a third of the client's time.
  absl::StatusOr<ActorPage> ListActors(const ateapi::ListActorsRequest& request,
                                       const CallOptions& call = {}, ActorPage recycled = {});

  // The same page for a caller who passes it on. Each record is serialized as it arrives.
  absl::StatusOr<SerializedActorPage> ListActorsSerialized(const ateapi::ListActorsRequest& request,
                                                           const CallOptions& call = {},
                                                           SerializedActorPage recycled = {});

  // All pages from `request.page_token` on, for a caller who wants them all: a quarter to a third
  // faster than a chain of ListActors(). `call` is for all of them. INVALID_ARGUMENT.
  absl::StatusOr<std::unique_ptr<ActorReader>> ReadActors(const ateapi::ListActorsRequest& request,
                                                          const CallOptions& call = {});
  absl::StatusOr<std::unique_ptr<SerializedActorReader>> ReadActorsSerialized(
      const ateapi::ListActorsRequest& request, const CallOptions& call = {});

  // Tokens of at most `partition_count` listings (0: one for each primary) that are disjoint and
  // together what `request` asks for. INVALID_ARGUMENT; UNAVAILABLE when it has to ask for the
  // number of primaries and no node answers.
  absl::StatusOr<std::vector<std::string>> PartitionActors(
      const ateapi::PartitionActorsRequest& request, const CallOptions& call = {});

  // As ReadActors(), with several parts of the listing read at the same time: a listing is bounded
  // by the node it is at, this one by all of them together. `call` is for all pages.
  absl::StatusOr<std::unique_ptr<WideActorReader>> ReadActorsWide(
      const ateapi::ListActorsRequest& request, const WideRead& wide, const CallOptions& call = {});
  absl::StatusOr<std::unique_ptr<WideSerializedActorReader>> ReadActorsWideSerialized(
      const ateapi::ListActorsRequest& request, const WideRead& wide, const CallOptions& call = {});

  // How many actors match, as far as one call gets (page_work_budget): add up the counts of all
  // calls until next_page_token is empty. Its tokens and those of ListActors() with the same
  // atespace and filter are the same. Where keys tell everything no value is read.
  // INVALID_ARGUMENT; RESOURCE_EXHAUSTED when group_by makes too many groups.
  absl::StatusOr<ActorCounts> CountActors(const ateapi::CountActorsRequest& request,
                                          const CallOptions& call = {});

  // NOT_FOUND.
  absl::StatusOr<ateapi::Actor> GetActor(const ateapi::ActorRef& ref, const CallOptions& call = {});
  // Version 1, SUSPENDED. ALREADY_EXISTS; FAILED_PRECONDITION when the atespace does not exist, or
  // no longer.
  absl::StatusOr<ateapi::Actor> CreateActor(const ateapi::CreateActorRequest& request,
                                            const CallOptions& call = {});
  // Replaces the worker selector, version + 1, and keeps everything else in the record, also what
  // this version does not know. NOT_FOUND; ABORTED after too many lost races.
  absl::StatusOr<ateapi::Actor> UpdateActor(const ateapi::UpdateActorRequest& request,
                                            const CallOptions& call = {});
  // NOT_FOUND; FAILED_PRECONDITION when the actor is not SUSPENDED; ABORTED after too many lost
  // races.
  absl::Status DeleteActor(const ateapi::ActorRef& ref, const CallOptions& call = {});

  // ALREADY_EXISTS.
  absl::StatusOr<ateapi::Atespace> CreateAtespace(std::string_view name,
                                                  const CallOptions& call = {});
  // NOT_FOUND.
  absl::StatusOr<ateapi::Atespace> GetAtespace(std::string_view name, const CallOptions& call = {});
  // NOT_FOUND; FAILED_PRECONDITION when it still holds actors; ABORTED when others keep creating
  // actors in it.
  absl::Status DeleteAtespace(std::string_view name, const CallOptions& call = {});

  // One page of all atespaces or workers, with the promise and the errors of ListActors(); a token
  // is for its own method alone. A request without page_size and page_token asks for everything at
  // once, which walks the whole cluster: FAILED_PRECONDITION (LIST_TOO_LARGE) when that would be
  // more than kWholeListBytesMax. Atespaces are sorted by name then.
  absl::StatusOr<AtespacePage> ListAtespaces(const ateapi::ListAtespacesRequest& request = {},
                                             const CallOptions& call = {});
  absl::StatusOr<WorkerPage> ListWorkers(const ateapi::ListWorkersRequest& request = {},
                                         const CallOptions& call = {});

  // Deletes every record of the three kinds.
  absl::Status DebugClear(const CallOptions& call = {});

  // OK when the cluster answers, every slot has an owner, and records may be read and listed
  // (whether they may be written is not tried); else UNAVAILABLE, UNAUTHENTICATED,
  // PERMISSION_DENIED (names the missing command) or FAILED_PRECONDITION (not a cluster), in one
  // line that says what to do.
  absl::Status CheckHealth(const CallOptions& call = {});
  // The same of each primary by itself: one that does not answer says nothing about the others. An
  // error as above when nothing can be said of any.
  absl::StatusOr<std::vector<ShardHealth>> CheckShards(const CallOptions& call = {});

 private:
  class Impl;
  explicit ActorStore(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace atestore
