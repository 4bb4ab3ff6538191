#include "store/listing/record_listing.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/key_filter.h"
#include "core/status.h"
#include "store/codec/value_codec.h"
#include "store/error_info.h"
#include "store/listing/paging.h"
#include "store/listing/record_sinks.h"
#include "store/records/records.h"

namespace atestore::inline v0 {
namespace {

// What is different between the listings: the types, which keys, and how a value is read.
struct Atespaces {
  using Request = ateapi::ListAtespacesRequest;
  using Page = AtespacePage;
  using Record = ateapi::Atespace;

  static constexpr std::string_view kMethod = "ListAtespaces";
  static KeyFilter Filter() { return KeyFilter::Atespaces(); }
  static auto* RecordsIn(ateapi::ListAtespacesResponse& response) {
    return response.mutable_atespaces();
  }
  static absl::Status Decode(std::string_view key, std::string_view value, Record* record) {
    return DecodeAtespaceRecord(key, value, record);
  }
  static void SortWhole(ateapi::ListAtespacesResponse& response) {
    std::sort(response.mutable_atespaces()->begin(), response.mutable_atespaces()->end(),
              [](const Record& a, const Record& b) { return a.name() < b.name(); });
  }
};

struct Workers {
  using Request = ateapi::ListWorkersRequest;
  using Page = WorkerPage;
  using Record = ateapi::Worker;

  static constexpr std::string_view kMethod = "ListWorkers";
  static KeyFilter Filter() { return KeyFilter::Workers(); }
  static auto* RecordsIn(ateapi::ListWorkersResponse& response) {
    return response.mutable_workers();
  }
  static absl::Status Decode(std::string_view, std::string_view value, Record* record) {
    return DecodeWorker(value, record);
  }
  static void SortWhole(ateapi::ListWorkersResponse&) {}
};

template <typename Kind>
absl::StatusOr<bool> Read(std::string_view key, std::string_view value,
                          typename Kind::Record* record) {
  if (absl::Status status = Kind::Decode(key, value, record); !status.ok()) return status;
  return true;
}

template <typename Kind>
absl::Status TooLarge() {
  return WithErrorInfo(
      FailedPreconditionError(absl::StrCat(
          ToAbsl(Kind::kMethod), ": the whole list has more than ", kWholeListBytesMax >> 20,
          " MiB; ask for pages of it: set page_size, then page_token to next_page_token")),
      {.reason = "LIST_TOO_LARGE", .field = "page_size"});
}

}  // namespace

template <typename Kind>
absl::StatusOr<typename Kind::Page> RecordListing::List(const typename Kind::Request& request,
                                                        const CallOptions& call) {
  if (request.page_size() == 0 && request.page_token().empty()) return ListWhole<Kind>(call);
  absl::StatusOr<size_t> page_size = PageSizeOf(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const uint64_t hash = HashRequest(Kind::kMethod, "");
  absl::StatusOr<Position> start = PositionOf(request.page_token(), hash, tokens_);
  if (!start.ok()) return start.status();
  typename Kind::Page page;
  PageSink<typename Kind::Record> sink(Read<Kind>, Kind::RecordsIn(page.response), on_unreadable_);
  absl::StatusOr<ListingEnd> end = listing_.ListPage({.filter = Kind::Filter(),
                                                      .start = *start,
                                                      .page_size = *page_size,
                                                      .page_bytes = page_bytes_max_},
                                                     sink, call);
  if (!end.ok()) return end.status();
  sink.Finish();
  if (end->next) page.response.set_next_page_token(tokens_.Encode(*end->next, hash));
  page.progress = ProgressOf(end->next);
  page.skipped_records = sink.unreadable();
  page.counters = CountersOf(end->counters);
  return page;
}

template <typename Kind>
absl::StatusOr<typename Kind::Page> RecordListing::ListWhole(const CallOptions& call) {
  typename Kind::Page page{.response = {}, .progress = 1, .skipped_records = 0, .counters = {}};
  PageSink<typename Kind::Record> sink(Read<Kind>, Kind::RecordsIn(page.response), on_unreadable_);
  auto is_too_large = [&] { return page.response.ByteSizeLong() > kWholeListBytesMax; };
  // Portions of a page: what is held beyond the limit is one of them.
  absl::Status status = listing_.ListAll({.filter = Kind::Filter(), .page_bytes = page_bytes_max_},
                                         sink, is_too_large, call);
  if (!status.ok()) return status;
  sink.Finish();
  if (is_too_large()) return TooLarge<Kind>();
  Kind::SortWhole(page.response);
  page.skipped_records = sink.unreadable();
  return page;
}

absl::StatusOr<AtespacePage> RecordListing::ListAtespaces(
    const ateapi::ListAtespacesRequest& request, const CallOptions& call) {
  return List<Atespaces>(request, call);
}

absl::StatusOr<WorkerPage> RecordListing::ListWorkers(const ateapi::ListWorkersRequest& request,
                                                      const CallOptions& call) {
  return List<Workers>(request, call);
}

}  // namespace atestore::inline v0
