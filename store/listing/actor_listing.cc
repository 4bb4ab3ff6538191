#include "store/listing/actor_listing.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/error_info.h"
#include "store/listing/count_sink.h"
#include "store/listing/paging.h"
#include "store/listing/partitions.h"
#include "store/listing/record_listing.h"
#include "store/listing/record_sinks.h"
#include "store/records/names.h"

namespace atestore::inline v0 {
namespace {

constexpr std::string_view kMethod = "ListActors";

// A count keeps next to nothing of a record.
constexpr size_t kCountBytes = size_t{1} << 40;

// Keeps the names alone.
class AllKeysSink final : public RecordSink {
 public:
  explicit AllKeysSink(std::vector<std::string>* keys) : keys_(keys) {}
  absl::StatusOr<std::optional<size_t>> Add(std::string_view key, std::string_view) override {
    keys_->emplace_back(key);
    return key.size();
  }
  size_t size() const override { return keys_->size(); }
  void Remove(std::span<const size_t> indexes) override {
    for (auto index = indexes.rbegin(); index != indexes.rend(); ++index) {
      keys_->erase(keys_->begin() + static_cast<std::ptrdiff_t>(*index));
    }
  }
  void OnUnreadable(std::string_view, const absl::Status&) override {}  // none is read

 private:
  std::vector<std::string>* const keys_;
};

}  // namespace

ActorListing::ActorListing(ClusterClient& client, const StoreOptions& options,
                           const PageTokenCodec& tokens)
    : client_(client),
      listing_(client, options.page_work_budget),
      tokens_(tokens),
      page_bytes_max_(options.page_bytes_max),
      read_ahead_(options.read_ahead_bytes_max),
      on_unreadable_(options.on_unreadable_record) {}

uint64_t ActorListing::HashOf(const ateapi::ListActorsRequest& request) {
  if (request.filter().empty()) return HashRequest(kMethod, request.atespace());
  // The atespace is a label: no two requests make the same text.
  return HashRequest(kMethod, absl::StrCat(request.atespace(), ":", request.filter()));
}

absl::StatusOr<ActorListing::Asked> ActorListing::WhatIsAsked(
    const ateapi::ListActorsRequest& request) const {
  absl::StatusOr<ReadMask> mask = ReadMask::Parse(request.read_mask());
  if (!mask.ok()) return mask.status();
  return WhatIsAsked(request, *mask);
}

absl::StatusOr<ActorListing::Asked> ActorListing::WhatIsAsked(
    const ateapi::ListActorsRequest& request, const ReadMask& mask) const {
  absl::StatusOr<size_t> page_size = PageSizeOf(request.page_size());
  if (!page_size.ok()) return page_size.status();
  KeyFilter filter = KeyFilter::AllActors();
  if (!request.atespace().empty()) {
    if (absl::Status status = CheckLabel(request.atespace(), "atespace"); !status.ok()) {
      return status;
    }
    filter = KeyFilter::ActorsOf(request.atespace());
  }
  absl::StatusOr<ActorFilter> wanted = ActorFilter::Parse(request.filter());
  if (!wanted.ok()) return wanted.status();
  absl::StatusOr<Position> start = PositionOf(request.page_token(), HashOf(request), tokens_);
  if (!start.ok()) return start.status();
  auto projection = std::make_shared<const ActorProjection>(
      ActorProjection{.filter = *std::move(wanted), .mask = mask});
  if (!projection->filter.wants_all()) {
    filter = filter.Where([projection](std::string_view key) { return projection->MayWant(key); });
  }
  ListingRequest first{.filter = filter,
                       .start = *std::move(start),
                       .page_size = *page_size,
                       .page_bytes = page_bytes_max_,
                       .selective = projection->is_selective(),
                       .keys_only = projection->keys_only(),
                       .parts_of_records = !projection->mask.wants_all()};
  if (!request.filter().empty()) {
    first.variant = absl::StrCat("\n", HashRequest("", request.filter()));
  }
  return Asked{.first = std::move(first), .projection = std::move(projection)};
}

absl::StatusOr<ActorCounts> ActorListing::Count(const ateapi::CountActorsRequest& request,
                                                const CallOptions& call) {
  absl::StatusOr<CountGroups> groups = CountGroups::Parse(request.group_by());
  if (!groups.ok()) return groups.status();
  ateapi::ListActorsRequest listed;
  listed.set_atespace(request.atespace());
  listed.set_filter(request.filter());
  listed.set_page_token(request.page_token());
  absl::StatusOr<Asked> asked = WhatIsAsked(listed, groups->mask());
  if (!asked.ok()) return asked.status();
  asked->first.page_size = kCountRecordsMax;
  asked->first.page_bytes = kCountBytes;
  asked->first.bulk = true;
  CountSink sink(*asked->projection, *groups, on_unreadable_);
  absl::StatusOr<ListingEnd> end = listing_.ListPage(asked->first, sink, call);
  if (!end.ok()) return end.status();
  ActorCounts counts{.progress = ProgressOf(end->next),
                     .skipped_records = sink.unreadable(),
                     .counters = CountersOf(end->counters)};
  if (absl::Status status = sink.AddTo(&counts.response); !status.ok()) return status;
  if (end->next) {
    counts.response.set_next_page_token(tokens_.Encode(*end->next, HashOf(listed)));
  }
  return counts;
}

absl::StatusOr<std::vector<std::string>> ActorListing::Partition(
    const ateapi::PartitionActorsRequest& request, const CallOptions& call) {
  ateapi::ListActorsRequest whole;
  whole.set_atespace(request.atespace());
  whole.set_filter(request.filter());
  whole.set_page_token(request.page_token());
  absl::StatusOr<Asked> asked = WhatIsAsked(whole);
  if (!asked.ok()) return asked.status();
  absl::StatusOr<size_t> count = PartitionCountOf(request.partition_count(), client_, call);
  if (!count.ok()) return count.status();
  std::vector<std::string> tokens;
  for (const Position& part : PartitionsOf(asked->first.start, *count)) {
    tokens.push_back(tokens_.Encode(part, HashOf(whole)));
  }
  return tokens;
}

absl::StatusOr<ActorListing::Parts> ActorListing::PartsOf(const ateapi::ListActorsRequest& request,
                                                          const WideRead& wide,
                                                          const CallOptions& call) {
  absl::StatusOr<size_t> width = WidthOf(wide, client_, call);
  if (!width.ok()) return width.status();
  Parts parts{.projection = nullptr, .width = *width};
  std::vector<std::string> tokens = wide.page_tokens;
  if (tokens.empty()) tokens.push_back(request.page_token());
  const size_t cuts = CutsOf(tokens.size(), *width);
  for (const std::string& token : tokens) {
    ateapi::ListActorsRequest part = request;
    part.set_page_token(token);
    absl::StatusOr<Asked> asked = WhatIsAsked(part);
    if (!asked.ok()) return asked.status();
    parts.projection = asked->projection;
    absl::StatusOr<size_t> page_size = WidePageSize(wide, *width, asked->first.page_size);
    if (!page_size.ok()) return page_size.status();
    asked->first.page_size = *page_size;
    for (const Position& position : PartitionsOf(asked->first.start, cuts)) {
      ListingRequest listing = asked->first;
      listing.start = position;
      parts.listings.emplace_back(std::move(listing), tokens_.Encode(position, HashOf(request)));
    }
  }
  return parts;
}

absl::StatusOr<AtespacePage> ActorListing::ListAtespaces(
    const ateapi::ListAtespacesRequest& request, const CallOptions& call) {
  return RecordListing(listing_, tokens_, page_bytes_max_, on_unreadable_)
      .ListAtespaces(request, call);
}

absl::StatusOr<WorkerPage> ActorListing::ListWorkers(const ateapi::ListWorkersRequest& request,
                                                     const CallOptions& call) {
  return RecordListing(listing_, tokens_, page_bytes_max_, on_unreadable_)
      .ListWorkers(request, call);
}

absl::StatusOr<bool> ActorListing::HasActors(std::string_view atespace, const CallOptions& call) {
  AnyRecordSink sink;
  ListingRequest request{.filter = KeyFilter::ActorsOf(atespace), .keys_only = true};
  absl::Status status = listing_.ListAll(
      std::move(request), sink, [&] { return sink.found(); }, call);
  if (!status.ok()) return status;
  return sink.found();
}

absl::StatusOr<std::vector<std::string>> ActorListing::ListKeys(const CallOptions& call) {
  std::vector<std::string> keys;
  for (const KeyFilter& filter :
       {KeyFilter::AllActors(), KeyFilter::Atespaces(), KeyFilter::Workers()}) {
    AllKeysSink sink(&keys);
    absl::Status status = listing_.ListAll(
        {.filter = filter, .keys_only = true}, sink, [] { return false; }, call);
    if (!status.ok()) return status;
  }
  return keys;
}

}  // namespace atestore::inline v0
