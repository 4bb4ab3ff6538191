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

// Records in a page of ListAtespaces() and ListWorkers().
inline constexpr int32_t kRecordsPageSize = 1000;

struct ListPage {
  ateapi::ListActorsResponse response;
  std::optional<double> progress;  // 0 … 1, when the service says it
  int64_t skipped_records = 0;
  // What the service says it took into account. An older one says nothing and lists everything.
  bool filter_applied = false;
  bool mask_applied = false;
};

struct CountPage {
  ateapi::CountActorsResponse response;
  std::optional<double> progress;
  int64_t skipped_records = 0;
};

// Pages of a listing that the service reads ahead. Not thread-safe.
class ActorStream {
 public:
  // Ends the call.
  virtual ~ActorStream() = default;
  // The next page, which is waited for until `deadline`; DEADLINE_EXCEEDED ends the stream. The
  // last one, without a next_page_token, knows the skipped records of the whole stream. After it
  // and after an error nothing more may be asked for.
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

// ateapi, as this program uses it. Every call blocks until it ends, `deadline` passes or Cancel()
// is called; its status is the service's. Thread-safe.
class ControlApi {
 public:
  virtual ~ControlApi() = default;
  virtual absl::StatusOr<ListPage> ListActors(const ateapi::ListActorsRequest& request,
                                              absl::Time deadline) = 0;
  // Every page from request.page_token on, as a stream; `deadline` is for all of them. Errors, also
  // that the service has no streams (UNIMPLEMENTED), come with the first page.
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
  // A page that continues `page_token` (empty: the first). A service without pages answers the
  // first one with everything.
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

// Over gRPC. INVALID_ARGUMENT or NOT_FOUND when a certificate file cannot be used; connecting
// itself happens at the first call.
absl::StatusOr<std::unique_ptr<ControlApi>> ConnectControlApi(const ConnectionOptions& options);

// Whether a call failed before the service answered: nothing listens, no route, TLS.
bool IsConnectionFailure(const absl::Status& status);
// `status` so that IsConnectionFailure() holds.
absl::Status MarkConnectionFailure(absl::Status status);

}  // namespace atestore::cli
