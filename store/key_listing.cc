#include "store/key_listing.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/glob.h"
#include "core/key_filter.h"
#include "core/listing/keys_batch.h"
#include "core/status.h"
#include "store/cluster/clock.h"
#include "store/cluster/cluster_client.h"
#include "store/error_info.h"
#include "store/listing/listing.h"
#include "store/listing/open_page.h"
#include "store/listing/page_reader.h"
#include "store/listing/paging.h"
#include "store/listing/partitions.h"
#include "store/listing/store_check.h"
#include "store/listing/wide_page_reader.h"

namespace atestore::inline v0 {
namespace {

static_assert(kKeyBytesMax == kListedKeyBytesMax, "a listing reads keys of this length");

uint64_t HashOf(const KeyQuery& query) {
  return HashRequest(query.values ? "ListKeysAndValues" : "ListKeys", query.match);
}

size_t PageSizeOf(const KeyQuery& query, size_t page_size) {
  if (page_size == 0) return query.values ? kKeyValuePageSizeDefault : kKeyPageSizeMax;
  return std::min(page_size, kKeyPageSizeMax);
}

}  // namespace

class KeyListing::Impl {
 public:
  Impl(std::unique_ptr<ShardTransport> transport, const StoreOptions& options,
       const PageTokenCodec& tokens)
      : transport_(std::move(transport)),
        client_(*transport_, clock_, options.seeds,
                {.budget = options.retry_budget,
                 .seed = options.jitter_seed,
                 .on_wait = options.on_retry},
                options.on_foreign_node),
        listing_(client_, options.page_work_budget),
        tokens_(tokens),
        // A page holds any key.
        page_bytes_max_(std::max(options.page_bytes_max, kKeyBytesMax + kKeyOverheadBytes)),
        read_ahead_(options.read_ahead_bytes_max) {}

  absl::StatusOr<KeyPage> ListPage(const KeyQuery& query, const Page& page,
                                   const CallOptions& call) {
    absl::StatusOr<ListingRequest> request = Understand(query, page);
    if (!request.ok()) return request.status();
    OpenPage<KeyPage> open(KeyPage(), page_bytes_max_, query.values);
    absl::StatusOr<ListingEnd> end = listing_.ListPage(*request, open.sink(), call);
    if (!end.ok()) return end.status();
    std::string token;
    if (end->next) token = tokens_.Encode(*end->next, HashOf(query));
    return std::move(open).Finish(*end, token);
  }

  absl::StatusOr<std::unique_ptr<KeyReader>> Read(const KeyQuery& query, const Page& first,
                                                  const CallOptions& call) {
    absl::StatusOr<ListingRequest> request = Understand(query, first);
    if (!request.ok()) return request.status();
    return std::make_unique<ListingPageReader<KeyPage>>(SourceOf(query), *std::move(request),
                                                        HashOf(query), call);
  }

  absl::StatusOr<std::unique_ptr<WideKeyReader>> ReadWide(const KeyQuery& query,
                                                          const WideRead& wide, size_t page_size,
                                                          const CallOptions& call) {
    std::vector<std::string> tokens = wide.page_tokens;
    if (tokens.empty()) tokens.emplace_back();
    std::vector<ListingRequest> wholes;
    for (const std::string& token : tokens) {
      absl::StatusOr<ListingRequest> whole = Understand(query, {.size = page_size, .token = token});
      if (!whole.ok()) return whole.status();
      wholes.push_back(*std::move(whole));
    }
    absl::StatusOr<size_t> width = WidthOf(wide, client_, call);
    if (!width.ok()) return width.status();
    std::vector<WideListingReader<KeyPage>::Part> parts;
    for (ListingRequest& whole : wholes) {
      absl::StatusOr<size_t> size = WidePageSize(wide, *width, whole.page_size);
      if (!size.ok()) return size.status();
      whole.page_size = *size;
      for (const Position& start : PartitionsOf(whole.start, CutsOf(tokens.size(), *width))) {
        parts.push_back({whole, tokens_.Encode(start, HashOf(query))});
        parts.back().request.start = start;
      }
    }
    return std::make_unique<WideListingReader<KeyPage>>(
        SourceOf(query), std::move(parts), *width, HashOf(query),
        RatePacer(clock_, wide.records_per_second_max), call);
  }

  absl::StatusOr<std::vector<std::string>> Partition(const KeyQuery& query,
                                                     const std::string& page_token,
                                                     int32_t partition_count,
                                                     const CallOptions& call) {
    absl::StatusOr<ListingRequest> whole = Understand(query, {.size = 0, .token = page_token});
    if (!whole.ok()) return whole.status();
    absl::StatusOr<size_t> count = PartitionCountOf(partition_count, client_, call);
    if (!count.ok()) return count.status();
    std::vector<std::string> tokens;
    for (const Position& part : PartitionsOf(whole->start, *count)) {
      tokens.push_back(tokens_.Encode(part, HashOf(query)));
    }
    return tokens;
  }

 private:
  absl::StatusOr<ListingRequest> Understand(const KeyQuery& query, const Page& page) const {
    if (query.match.size() > kMatchBytesMax) {
      return WithErrorInfo(InvalidArgumentError(absl::StrCat("match: ", query.match.size(),
                                                             " bytes, more than ", kMatchBytesMax)),
                           {.reason = "MATCH_TOO_LONG", .field = "match"});
    }
    absl::StatusOr<Position> start = PositionOf(page.token, HashOf(query), tokens_);
    if (!start.ok()) return start.status();
    const std::optional<Slot> pinned = PinnedSlot(query.match);
    if (pinned && page.token.empty()) *start = {.slot = *pinned, .end = *pinned + size_t{1}};
    return ListingRequest{.filter = KeyFilter::Glob(query.match),
                          .start = *std::move(start),
                          .page_size = PageSizeOf(query, page.size),
                          .page_bytes = page_bytes_max_,
                          .keys_only = !query.values};
  }

  ListingPageReader<KeyPage>::Source SourceOf(const KeyQuery& query) {
    auto open = [page_bytes = page_bytes_max_, values = query.values](KeyPage memory) {
      return std::make_unique<OpenPage<KeyPage>>(std::move(memory), page_bytes, values);
    };
    return {listing_, tokens_, read_ahead_, page_bytes_max_, std::move(open)};
  }

  SystemClock clock_;
  const std::unique_ptr<ShardTransport> transport_;
  ClusterClient client_;
  Listing listing_;
  const PageTokenCodec tokens_;
  const size_t page_bytes_max_;
  ReadAheadBudget read_ahead_;
};

absl::StatusOr<std::unique_ptr<KeyListing>> KeyListing::Open(
    std::unique_ptr<ShardTransport> transport, const StoreOptions& options) {
  absl::StatusOr<PageTokenCodec> tokens = CheckStore(transport.get(), options);
  if (!tokens.ok()) return tokens.status();
  auto impl = std::make_unique<Impl>(std::move(transport), options, *tokens);
  return std::unique_ptr<KeyListing>(new KeyListing(std::move(impl)));
}

KeyListing::KeyListing(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

KeyListing::~KeyListing() = default;

absl::StatusOr<KeyPage> KeyListing::ListKeys(const KeyQuery& query, const Page& page,
                                             const CallOptions& call) {
  return WithReason(impl_->ListPage(query, page, call));
}

absl::StatusOr<std::unique_ptr<KeyReader>> KeyListing::ReadKeys(const KeyQuery& query,
                                                                const Page& first,
                                                                const CallOptions& call) {
  return WithReason(impl_->Read(query, first, call));
}

absl::StatusOr<std::unique_ptr<WideKeyReader>> KeyListing::ReadKeysWide(const KeyQuery& query,
                                                                        const WideRead& wide,
                                                                        size_t page_size,
                                                                        const CallOptions& call) {
  return WithReason(impl_->ReadWide(query, wide, page_size, call));
}

absl::StatusOr<std::vector<std::string>> KeyListing::PartitionKeys(const KeyQuery& query,
                                                                   const std::string& page_token,
                                                                   int32_t partition_count,
                                                                   const CallOptions& call) {
  return WithReason(impl_->Partition(query, page_token, partition_count, call));
}

}  // namespace atestore::inline v0
