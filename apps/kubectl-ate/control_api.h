#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apps/kubectl-ate/command.h"
#include "proto/ateapi.pb.h"

namespace atestore::cli {

// The page size of ListAtespaces() and ListWorkers(), in records.
inline constexpr int32_t kRecordsPageSize = 1000;

struct ListPage {
  ateapi::ListActorsResponse response;
  std::optional<double> progress;  // 0 … 1, if the service reports it
  int64_t skipped_records = 0;
  // Which parts of the request the service reports as applied. An older service reports nothing and
  // lists everything.
  bool filter_applied = false;
  bool mask_applied = false;
};

struct CountPage {
  ateapi::CountActorsResponse response;
  std::optional<double> progress;
  int64_t skipped_records = 0;
};

// Pages of a listing that the service prefetches. Not thread-safe.
class ActorStream {
 public:
  // Ends the call.
  virtual ~ActorStream() = default;
  // Waits for the next page until `deadline`; DEADLINE_EXCEEDED ends the stream. The last page has
  // no next_page_token, and has the number of skipped records of the whole stream. Do not call this
  // after the last page or after an error.
  virtual absl::StatusOr<ListPage> Next(absl::Time deadline) = 0;
};

struct AtespacePage {
  std::vector<ateapi::Atespace> records;
  std::string next_page_token;
};
struct WorkerPage {
  std::vector<ateapi::Worker> records;
  std::string next_page_token;
};

// The methods of ateapi that this program uses. Every call blocks until it ends, `deadline` passes
// or Cancel() is called; its status is the service's. Thread-safe.
class ControlApi {
 public:
  virtual ~ControlApi() = default;
  virtual absl::StatusOr<ListPage> ListActors(const ateapi::ListActorsRequest& request,
                                              absl::Time deadline) = 0;
  // A stream of all pages from request.page_token on; `deadline` is for the whole stream. Errors,
  // including UNIMPLEMENTED when the service has no streams, are returned with the first page.
  virtual std::unique_ptr<ActorStream> ReadActors(const ateapi::ListActorsRequest& request,
                                                  absl::Time deadline) = 0;
  virtual absl::StatusOr<std::vector<std::string>> PartitionActors(
      const ateapi::PartitionActorsRequest& request, absl::Time deadline) = 0;
  virtual absl::StatusOr<CountPage> CountActors(const ateapi::CountActorsRequest& request,
                                                absl::Time deadline) = 0;
  virtual absl::StatusOr<ateapi::Actor> GetActor(const ActorName& name, absl::Time deadline) = 0;
  virtual absl::StatusOr<ateapi::Actor> CreateActor(const ateapi::CreateActorRequest& request,
                                                    absl::Time deadline) = 0;
  virtual absl::Status DeleteActor(const ActorName& name, absl::Time deadline) = 0;
  // The page at `page_token` (empty: the first). A service without pages returns everything in the
  // first page.
  virtual absl::StatusOr<AtespacePage> ListAtespaces(const std::string& page_token,
                                                     absl::Time deadline) = 0;
  virtual absl::StatusOr<ateapi::Atespace> GetAtespace(const std::string& name,
                                                       absl::Time deadline) = 0;
  virtual absl::Status CreateAtespace(const std::string& name, absl::Time deadline) = 0;
  virtual absl::Status DeleteAtespace(const std::string& name, absl::Time deadline) = 0;
  virtual absl::StatusOr<WorkerPage> ListWorkers(const std::string& page_token,
                                                 absl::Time deadline) = 0;
  // Ends the running calls and every later one with CANCELLED.
  virtual void Cancel() = 0;
};

// The implementation over gRPC. INVALID_ARGUMENT or NOT_FOUND when a certificate file cannot be
// used. Connects at the first call.
absl::StatusOr<std::unique_ptr<ControlApi>> ConnectControlApi(const ConnectionOptions& options);

// Whether a call failed before the service answered: no listener, no route, TLS failed.
bool IsConnectionFailure(const absl::Status& status);
// `status`, marked so that IsConnectionFailure() is true.
absl::Status MarkConnectionFailure(absl::Status status);

}  // namespace atestore::cli
