#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "apps/ateapi/bound.h"

namespace atestore {

// What one page of actors was, and what it took.
struct PageCounts {
  int64_t actors = 0;
  int64_t skipped_records = 0;
  int64_t slot_restarts = 0;  // large slots restarted, because another process owns them now
  int64_t retakes = 0;        // reads thrown away because the cluster changed under them
  int64_t examined = 0;       // records that a filter looked at, or that were listed without
  int64_t matched = 0;        // of them, those that were returned or counted
};

// What ateapi counts, for Prometheus; docs/operations.md describes every metric. Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // A call of `method` ended with the gRPC code `code_name`.
  void CountCall(std::string_view method, std::string_view code_name, absl::Duration took);
  // A page was served.
  void CountPage(const PageCounts& page);
  void CountTokenRejection(std::string_view reason);
  void SetListingsInFlight(int64_t listings);
  void CountListingRefused();
  void SetReady(bool ready);

  // A round trip to a node: its commands, its replies, how it ended.
  void CountRoundTrip(std::string_view node, int64_t commands, absl::Duration took);
  // Names of keys that nodes sent for listings.
  void CountNames(int64_t names);
  // An error reply by its first word: MOVED, ASK, TRYAGAIN, LOADING, CLUSTERDOWN, …
  void CountErrorReply(std::string_view kind);
  // A round trip that failed without a reply, by status code.
  void CountTransportFailure(std::string_view code_name);

  // For a bound of the service: how much of it is in use, how often it refused, how long it kept
  // waiting. Each name once. This object must outlive what it returns.
  BoundReport Bound(const std::string& name, int64_t max);
  // How many calls wait for a node, and that one was refused because it does not answer.
  void SetNodeWaiting(const std::string& node, int64_t calls);
  void CountNodeRefusal(const std::string& node);
  // What the last look at the shards found.
  void SetShardReady(const std::string& node, bool ready);
  void ForgetShard(const std::string& node);

  // The store waited, to try again after a failure.
  void CountRetry();
  // A node answered for another cluster than the one that is served.
  void CountForeignNode();

  // In the Prometheus text format, version 0.0.4.
  std::string Text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace atestore
