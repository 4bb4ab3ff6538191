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

// The pages of one thread of a listing: by a stream where the service has them and no number of
// actors was set, else by a call for each page. Not thread-safe.
class ActorSource {
 public:
  // `deadline` is of the whole listing. `by_stream` false: not even tried.
  ActorSource(const ListActors& command, ControlApi& api, absl::Time deadline, bool by_stream);

  // The page behind `page_token`. Also FAILED_PRECONDITION when the service ignores the filter,
  // INTERNAL when it answers the same page again, and OUT_OF_RANGE when there were as many actors
  // as the command asks for.
  absl::StatusOr<ListPage> Next(const std::string& page_token, absl::Time deadline);

 private:
  ateapi::ListActorsRequest Request(const std::string& page_token) const;
  absl::StatusOr<ListPage> FromStream(const std::string& page_token, absl::Time deadline);
  absl::Status Check(const std::string& page_token, const ListPage& page) const;

  const ListActors& command_;
  ControlApi& api_;
  const absl::Time deadline_;
  const std::vector<std::string> fields_;  // that are shown; empty: all
  bool by_stream_;
  std::unique_ptr<ActorStream> stream_;
  std::string stream_token_;  // behind the last page of the stream
  std::optional<int64_t> wanted_;
};

}  // namespace atestore::cli
