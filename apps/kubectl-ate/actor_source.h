#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apps/kubectl-ate/command.h"
#include "apps/kubectl-ate/control_api.h"

namespace atestore::cli {

// The pages of a listing for one thread: from a stream if the service supports streams and there is
// no limit on the number of actors, else with one call per page. Not thread-safe.
class ActorSource {
 public:
  // `deadline` is for the whole listing. `by_stream` false: do not try a stream.
  ActorSource(const ListActors& command, ControlApi& api, absl::Time deadline, bool by_stream);

  // The page at `page_token`. Errors of the call, and FAILED_PRECONDITION when the service ignores
  // the filter, INTERNAL when it returns the same page again, OUT_OF_RANGE when the command's limit
  // of actors has been reached.
  absl::StatusOr<ListPage> Next(const std::string& page_token, absl::Time deadline);

 private:
  ateapi::ListActorsRequest Request(const std::string& page_token) const;
  absl::StatusOr<ListPage> FromStream(const std::string& page_token, absl::Time deadline);
  absl::Status Check(const std::string& page_token, const ListPage& page) const;

  const ListActors& command_;
  ControlApi& api_;
  const absl::Time deadline_;
  const std::vector<std::string> fields_;  // fields to show; empty: all
  bool by_stream_;
  std::unique_ptr<ActorStream> stream_;
  std::string stream_token_;  // the next page token of the last page of the stream
  std::optional<int64_t> wanted_;
};

}  // namespace atestore::cli
