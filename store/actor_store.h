#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/ateapi.pb.h"
#include "store/options.h"
#include "store/pages.h"
#include "store/shard_transport.h"

namespace atestore::inline v0 {

// AIP-158: what page_size means when it is 0, and what a larger one is coerced to.
inline constexpr int32_t kPageSizeDefault = 1000;
inline constexpr int32_t kPageSizeMax = 1000;

// Whether a primary answers and lets the store read and list all that it needs.
struct ShardHealth {
  std::string node;  // its address
  absl::Status status;
};

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
// Thread-safe; every call blocks its thread. store/advanced.h has faster and serialized reads.
class ActorStore {
 public:
  // A store over `transport`. Does not wait for the cluster: CheckHealth() does. INVALID_ARGUMENT
  // (INVALID_OPTION) names the field of `options` that is not as store/options.h says, or
  // "transport" when there is none.
  static absl::StatusOr<std::unique_ptr<ActorStore>> Open(std::unique_ptr<ShardTransport> transport,
                                                          const StoreOptions& options);
  ~ActorStore();
  ActorStore(const ActorStore&) = delete;
  ActorStore& operator=(const ActorStore&) = delete;

  // One page of the listing that `request.page_token` continues; docs/consistency.md is the
  // promise. A deadline that comes near ends the page early, with a token.
  absl::StatusOr<ActorPage> ListActors(const ateapi::ListActorsRequest& request,
                                       const CallOptions& call = {});

  // All actors from `request.page_token` on: for (absl::StatusOr<ateapi::Actor>& actor : …). Reads
  // as ReadActors() does; the error of a bad request is the first element.
  ActorRange Actors(const ateapi::ListActorsRequest& request = {}, const CallOptions& call = {});

  // All pages from `request.page_token` on, for a caller who wants them all: a quarter to a third
  // faster than a chain of ListActors(). `call` is for all of them. INVALID_ARGUMENT.
  absl::StatusOr<std::unique_ptr<ActorReader>> ReadActors(const ateapi::ListActorsRequest& request,
                                                          const CallOptions& call = {});

  // Tokens of at most `partition_count` listings (0: one for each primary) that are disjoint and
  // together what `request` asks for. INVALID_ARGUMENT; UNAVAILABLE when it has to ask for the
  // number of primaries and no node answers.
  absl::StatusOr<std::vector<std::string>> PartitionActors(
      const ateapi::PartitionActorsRequest& request, const CallOptions& call = {});

  // As ReadActors(), with several parts of the listing read at the same time: a listing is bounded
  // by the node it is at, this one by all of them together. `call` is for all pages.
  absl::StatusOr<std::unique_ptr<WideActorReader>> ReadActorsWide(
      const ateapi::ListActorsRequest& request, const WideRead& wide, const CallOptions& call = {});

  // How many actors match, as far as one call gets (page_work_budget): add up the counts of all
  // calls until next_page_token is empty. Its tokens and those of ListActors() with the same
  // atespace and filter are the same. Where keys tell everything no value is read.
  // Records that cannot be read count there too; where values are read they do not.
  // INVALID_ARGUMENT; FAILED_PRECONDITION when group_by makes too many groups.
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
  friend class AdvancedReads;  // store/advanced.h
  class Impl;
  explicit ActorStore(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace atestore::inline v0
