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

// ateapi, as this program uses it. Every call blocks until it ends, `deadline` passes or Cancel()
// is called; its status is the service's. Thread-safe.
class ControlApi {
 public:
  virtual ~ControlApi() = default;
  virtual absl::StatusOr<ListPage> ListActors(const ateapi::ListActorsRequest& request,
                                              absl::Time deadline) = 0;
  virtual absl::StatusOr<CountPage> CountActors(const ateapi::CountActorsRequest& request,
                                                absl::Time deadline) = 0;
  virtual absl::StatusOr<ateapi::Actor> GetActor(const ActorName& name, absl::Time deadline) = 0;
  virtual absl::StatusOr<ateapi::Actor> CreateActor(const ateapi::CreateActorRequest& request,
                                                    absl::Time deadline) = 0;
  virtual absl::Status DeleteActor(const ActorName& name, absl::Time deadline) = 0;
  virtual absl::StatusOr<std::vector<ateapi::Atespace>> ListAtespaces(absl::Time deadline) = 0;
  virtual absl::StatusOr<ateapi::Atespace> GetAtespace(const std::string& name,
                                                       absl::Time deadline) = 0;
  virtual absl::Status CreateAtespace(const std::string& name, absl::Time deadline) = 0;
  virtual absl::Status DeleteAtespace(const std::string& name, absl::Time deadline) = 0;
  virtual absl::StatusOr<std::vector<ateapi::Worker>> ListWorkers(absl::Time deadline) = 0;
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
