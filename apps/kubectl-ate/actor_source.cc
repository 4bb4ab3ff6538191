#include "apps/kubectl-ate/actor_source.h"

#include <algorithm>

#include "apps/kubectl-ate/output_format.h"

namespace atestore::cli {
namespace {

constexpr int32_t kPageSizeMax = 1000;

}  // namespace

ActorSource::ActorSource(const ListActors& command, ControlApi& api, absl::Time deadline,
                         bool by_stream)
    : command_(command),
      api_(api),
      deadline_(deadline),
      fields_(FieldsShown(command.output)),
      // The pages of a stream are all of one size.
      by_stream_(by_stream && !command.limit),
      wanted_(command.limit) {}

absl::StatusOr<ListPage> ActorSource::Next(const std::string& page_token, absl::Time deadline) {
  if (wanted_ == 0) return absl::OutOfRangeError("the requested number of actors has been reached");
  absl::StatusOr<ListPage> page = absl::UnimplementedError("");
  if (by_stream_) page = FromStream(page_token, deadline);
  if (absl::IsUnimplemented(page.status())) {
    by_stream_ = false;
    page = api_.ListActors(Request(page_token), deadline);
  }
  if (!page.ok()) return page;
  if (absl::Status status = Check(page_token, *page); !status.ok()) return status;
  if (wanted_) *wanted_ -= std::min<int64_t>(*wanted_, page->response.actors_size());
  return page;
}

absl::StatusOr<ListPage> ActorSource::FromStream(const std::string& page_token,
                                                 absl::Time deadline) {
  if (stream_ == nullptr || stream_token_ != page_token) {
    stream_ = api_.ReadActors(Request(page_token), deadline_);
  }
  absl::StatusOr<ListPage> page = stream_->Next(deadline);
  if (page.ok()) stream_token_ = page->response.next_page_token();
  if (!page.ok() || stream_token_.empty()) stream_ = nullptr;
  return page;
}

ateapi::ListActorsRequest ActorSource::Request(const std::string& page_token) const {
  ateapi::ListActorsRequest request;
  request.set_atespace(command_.atespace);
  request.set_page_token(page_token);
  request.set_page_size(command_.chunk_size);
  request.set_filter(command_.filter);
  for (const std::string& field : fields_) request.mutable_read_mask()->add_paths(field);
  if (wanted_) {
    const int64_t chunk = command_.chunk_size > 0 ? command_.chunk_size : kPageSizeMax;
    request.set_page_size(static_cast<int32_t>(std::min(chunk, *wanted_)));
  }
  return request;
}

absl::Status ActorSource::Check(const std::string& page_token, const ListPage& page) const {
  const std::string& next = page.response.next_page_token();
  if (!next.empty() && next == page_token && page.response.actors_size() > 0) {
    return absl::InternalError("the service keeps returning the same page");
  }
  // Silence is not consent: without the filter these are all actors.
  if (!command_.filter.empty() && !page.filter_applied) {
    return absl::FailedPreconditionError(
        "the service is older than this program and ignores filters, so nothing that it listed "
        "is shown; without --filter, --field-selector and -l it lists everything");
  }
  return absl::OkStatus();
}

}  // namespace atestore::cli
