#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "store/options.h"
#include "store/pages.h"
#include "store/shard_transport.h"

namespace atestore::inline v0 {

// The KeyQuery::match for all keys that begin with `prefix`, which may hold any bytes.
std::string GlobOfPrefix(std::string_view prefix);

// Which keys, and what of them. A token is bound to both.
struct KeyQuery {
  // A glob, as in SCAN MATCH: * ? [abc] [^abc] [a-z] and \ as escape, at most kMatchBytesMax. One
  // that pins a slot ("{user}:*") reads that slot alone.
  std::string match = "*";
  // Values of strings are read too. A key of another type, or with a value over 4 MiB or too large
  // for a page, is listed without: see KeyPage::no_value(). Without values nothing but keys is
  // read, which is several times as fast.
  bool values = false;
};
inline constexpr size_t kMatchBytesMax = size_t{64} << 10;

// A longer key is not listed; KeyPage::long_keys() tells that there was one.
inline constexpr size_t kKeyBytesMax = size_t{64} << 10;

// What page_size means when it is 0, with values and without, and what a larger one is coerced to.
inline constexpr size_t kKeyValuePageSizeDefault = 1000;
inline constexpr size_t kKeyPageSizeMax = 10'000;

// A page of keys, in no order; with values where they were asked for. A value; the views that it
// gives are valid as long as it is not changed or moved.
class KeyPage {
 public:
  size_t size() const { return entries_.size(); }
  std::string_view key(size_t index) const;
  // nullopt: keys alone were asked for, or the key has none to list: no_value() says why.
  std::optional<std::string_view> value(size_t index) const;
  // Why a key has no value though values were asked for.
  enum class NoValue { kNotAString, kTooLarge };
  std::optional<NoValue> no_value(size_t index) const;

  // Empty: the last page of its part of the listing.
  const std::string& next_page_token() const { return end_.next_page_token; }
  // 0 … 1: the part of the slot space that lies behind the page's end.
  double progress() const { return end_.progress; }
  // Keys over kKeyBytesMax that are not listed, counted each time that they were met: above 0, the
  // listing lacks keys.
  size_t long_keys() const { return end_.long_keys; }
  // About how much memory it takes.
  size_t bytes() const { return text_.size() + entries_.size() * sizeof(Entry); }

 private:
  friend class KeySink;
  enum class Value : uint8_t { kPresent, kNotAskedFor, kNotAString, kTooLarge };
  struct Entry {
    size_t offset;  // in text_: the key, then the value
    uint32_t key_bytes;
    uint32_t value_bytes;
    Value value;
  };
  struct End {
    std::string next_page_token = {};
    double progress = 0;
    size_t long_keys = 0;
  };

  std::string text_;
  std::vector<Entry> entries_;
  End end_;
};

using KeyReader = PageReader<KeyPage>;
using WideKeyReader = WidePageReader<KeyPage>;

// Lists the keys of any Redis or Valkey cluster, of every type, with the promise of
// docs/consistency.md: a key that exists from the first page to the last is listed exactly once,
// whatever resharding and failovers happen meanwhile; a token goes on in any process, at any time.
// The exception is stated there: keys of a slot with more than 2,000 keys may be listed again when
// the slot's owner changes in its middle, on servers with per-slot tables.
// A key whose time to live is over may be listed until its server has removed it.
//
// Needs what ActorStore needs of a server (docs/operations.md, "ACL"), for all keys: probes ask for
// the existence of keys under what `match` begins with.
// Errors: INVALID_ARGUMENT (names the field), UNAVAILABLE (call again with the same token),
// DEADLINE_EXCEEDED, CANCELLED, UNAUTHENTICATED, PERMISSION_DENIED; each with an ErrorInfo.
// Thread-safe; every call blocks its thread.
class KeyListing {
 public:
  // As ActorStore::Open(). Of `options`, what concerns records is not used.
  static absl::StatusOr<std::unique_ptr<KeyListing>> Open(std::unique_ptr<ShardTransport> transport,
                                                          const StoreOptions& options);
  ~KeyListing();
  KeyListing(const KeyListing&) = delete;
  KeyListing& operator=(const KeyListing&) = delete;

  struct Page {
    size_t size = 0;  // at most so many keys; 0: a thousand with values, else as many as may be
    std::string token = {};  // empty: the first page; else next_page_token() of the one before
  };

  // One page. A deadline that comes near, or page_work_budget, ends it early, with a token: only an
  // empty next_page_token() is the end.
  absl::StatusOr<KeyPage> ListKeys(const KeyQuery& query, const Page& page,
                                   const CallOptions& call = {});

  // All pages from `first` on, read ahead. The listing must outlive the reader.
  absl::StatusOr<std::unique_ptr<KeyReader>> ReadKeys(const KeyQuery& query, const Page& first,
                                                      const CallOptions& call = {});
  // The same, several parts at a time, in the order of their arrival; `page_size` as Page::size.
  absl::StatusOr<std::unique_ptr<WideKeyReader>> ReadKeysWide(const KeyQuery& query,
                                                              const WideRead& wide,
                                                              size_t page_size = 0,
                                                              const CallOptions& call = {});

  // Tokens of at most `partition_count` listings (0: one for each primary) that are disjoint and
  // together what is left behind `page_token`.
  absl::StatusOr<std::vector<std::string>> PartitionKeys(const KeyQuery& query,
                                                         const std::string& page_token,
                                                         int32_t partition_count,
                                                         const CallOptions& call = {});

 private:
  class Impl;
  explicit KeyListing(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace atestore::inline v0
