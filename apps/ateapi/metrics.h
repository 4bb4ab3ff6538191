#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "apps/ateapi/bound.h"

namespace atestore {

// The size and cost of one page of actors.
struct PageCounts {
  int64_t actors = 0;
  int64_t skipped_records = 0;
  int64_t slot_restarts = 0;  // large slots restarted, because another process owns them now
  int64_t rereads = 0;        // reads repeated because a slot could not be read
  int64_t examined = 0;  // records that a filter examined, or that were listed without a filter
  int64_t matched = 0;   // examined records that were returned or counted
};

// The metrics of ateapi, for Prometheus; docs/operations.md describes each one. Thread-safe.
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

  // A round trip to a node: its commands, its replies and its outcome.
  void CountRoundTrip(std::string_view node, int64_t commands, absl::Duration took);
  // Keys that nodes sent for listings.
  void CountNames(int64_t names);
  // An error reply, by its first word: MOVED, ASK, TRYAGAIN, LOADING, CLUSTERDOWN, …
  void CountErrorReply(std::string_view kind);
  // A round trip that failed without a reply, by status code.
  void CountTransportFailure(std::string_view code_name);

  // The metrics of a bounded resource: how much is in use, how often it refused, how long callers
  // waited. Use each name once. This object must outlive the returned one.
  BoundReport Bound(const std::string& name, int64_t max);
  // How many calls wait for a node, and how many were refused because the node does not answer.
  void SetNodeWaiting(const std::string& node, int64_t calls);
  void CountNodeRefusal(const std::string& node);
  // The result of the last check of the shards.
  void SetShardReady(const std::string& node, bool ready);
  void ForgetShard(const std::string& node);

  // The store waited before a retry.
  void CountRetry();
  // A node of another cluster answered.
  void CountForeignNode();

  // In the Prometheus text format, version 0.0.4.
  std::string Text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace atestore
