#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/key_filter.h"
#include "core/listing/list_walk.h"
#include "core/position.h"
#include "mockcluster/random.h"
#include "store/embedded/embedded_transport.h"
#include "tests/property/listing_case.h"

namespace atestore {

// What was true about the keys while a page was being read.
struct TruthWindow {
  std::map<std::string, std::set<std::string>> values;  // "" stands for absent
  size_t log_begin = 0;                                 // lines of the cluster's event log before

  // `key` had `value` at some moment.
  bool Includes(const std::string& key, const std::string& value) const {
    auto found = values.find(key);
    return found != values.end() && found->second.contains(value);
  }
};

// One page of a listing in a ListingWorld.
struct WorldPage {
  std::vector<std::pair<std::string, std::string>> records;  // key, value
  std::optional<Position> next;                              // nothing: the listing is complete
  bool unavailable = false;             // it got nowhere; the same position goes on later
  absl::Status why;                     // what it failed with then
  std::vector<std::string> unreadable;  // keys that were passed over
  ListWalk::Counters counters;
  std::shared_ptr<TruthWindow> window;
};

// An emulated cluster with a population, faults and churn, and what is true about its actors.
class ListingWorld {
 public:
  explicit ListingWorld(const ListingCase& options);
  ~ListingWorld();

  // Lists one page, with a walk and a view of its own, as any process would; or, read ahead, with
  // those of the last page, when it begins where that one ended.
  WorldPage ListPage(const Position& start);
  // Pages that were begun before the one before was complete; of them, those thrown away.
  size_t pages_ahead() const { return pages_ahead_; }
  size_t pages_ahead_dropped() const { return pages_ahead_dropped_; }
  // Some inserts, updates and deletes by a client that follows redirects. Base actors are updated,
  // never deleted.
  void Churn();
  // Time passes and news spread, or not.
  void RestSometimes();
  // No fault happens any more, the cluster comes to rest, and survivors() is final.
  void EndFaults();

  // What an operator does who finds the cluster down though every node is up: marks open slots anew
  // whose destination has handed over, finishes what is open, clears the marks that are left, and
  // waits until restarted nodes serve again. (Redis 7.0 never learns the new owner of a slot that
  // it imports, so it may believe for ever that the slot has none.)
  void Repair();
  // Every living node says cluster_state:ok, so that nothing excuses an unavailable page.
  bool IsHealthy();

  const ListingCase& options() const { return options_; }
  // Actors of the filter that were there from the beginning, are never deleted, and were never
  // absent: no client that asked the true owner got nil. All that P1 and P2 speak of. A key that
  // clients met as an error, or as a loop of redirects, is one of them.
  const std::set<std::string>& survivors() const { return survivors_; }
  // An aborted migration left copies of the slot's keys behind, and a later one to the same place
  // brought them back: clients read what was deleted or overwritten meanwhile, and so do we. So it
  // is, too, where the source of an open slot reloaded: it sent writes to the destination, and has
  // its own copy again later.
  bool MayHaveComeBack(const std::string& key, const std::string& value) const;
  // The source of an atomic migration serves reads until it hears of the takeover, with what it had
  // then: so clients read it, and so do we.
  bool MayBeOfFormerOwner(const std::string& key, const std::string& value,
                          const TruthWindow& window) const;
  // Every value that `key` ever had.
  const std::set<std::string>& ValuesOf(const std::string& key) const;
  // Records of the filter that cannot be read, from the beginning to the end.
  const std::set<std::string>& poison() const { return poison_; }
  // The most keys that a slot can have held.
  size_t MostKeysOf(Slot slot) const;
  const KeyFilter& filter() const { return filter_; }
  // The begin of a listing of the case's slots, with its end.
  Position Start() const { return {.slot = options_.first_slot, .end = options_.end_slot}; }
  // Whether a complete listing names `key`, if that is there.
  bool IsListed(const std::string& key) const;
  // Of the plan, once EndFaults() was called.
  size_t faults_done() const { return faults_done_; }
  // The transport of the walks. For negative controls, which replace it.
  ShardTransport& transport() { return *transport_; }
  void SetTransport(std::unique_ptr<ShardTransport> transport) {
    transport_ = std::move(transport);
  }
  // The owners of slots, as some node sees them; not one of another cluster than before, as for a
  // process that lives on.
  std::shared_ptr<const Topology> FindTopology();
  const std::shared_ptr<EmbeddedCluster>& cluster() { return cluster_; }

  static KeyHash HashOfBits(int bits);
  // The value of an actor that tells its version.
  static std::string ValueOf(uint64_t version);

 private:
  class Reader;

  WorldPage ListAlone(const Position& start);
  WorldPage ReadOn(const Position& start);
  ListWalk::Options FirstPage(const Position& start);
  // Runs a ListWalk or PageSequence until it is done, `enough` says so, or it gives up. Why, then.
  template <typename Walk>
  absl::Status Run(Walk& walk, const std::function<bool()>& enough);
  std::shared_ptr<TruthWindow> OpenWindow();
  void CloseWindow(const std::shared_ptr<TruthWindow>& window);
  void NoteDuringPages(const std::string& key, const std::set<std::string>& values);
  void Populate();
  void PutUnreadable(const std::string& key, const std::string& value);
  void StartFaults();
  // Runs before each command of a client.
  void FollowSchedule(mockcluster::Cluster& cluster, mockcluster::ClientId client);
  std::string ActorName(size_t index);
  // A hash tag for a slot of the slice.
  std::string TagOfSlice(size_t choices);
  void Put(const std::string& key, const std::string& value);
  // The replies of one node, not part of the listing.
  absl::StatusOr<std::vector<Reply>> Ask(const ShardRequest& request);
  void Rest(int64_t duration_ms = 500);
  // Strikes off what is absent now.
  void NoteAbsent(mockcluster::Cluster& cluster);
  // Executes a command wherever its key lives. False: what happened is not known.
  bool ExecuteAnywhere(const std::vector<std::string_view>& command);
  bool WasEverGiven(const std::string& key, const std::string& value) const;
  void Write(const std::string& key, const std::string& value);
  void Delete(const std::string& key);

  const ListingCase options_;
  const KeyFilter filter_;
  mockcluster::Random random_;
  // Of the same network, with actors of its own; only where the cluster misbehaves.
  std::unique_ptr<mockcluster::Cluster> neighbour_;
  std::shared_ptr<EmbeddedCluster> cluster_;
  size_t events_seen_ = 0;
  std::unique_ptr<ShardTransport> transport_;
  std::unique_ptr<EmbeddedTransport> churn_transport_;
  std::vector<std::string> spaces_;
  std::vector<std::string> base_;
  std::vector<std::string> extra_;
  std::set<std::string> survivors_;
  std::set<std::string> poison_;
  uint64_t version_ = 0;
  size_t faults_done_ = 0;
  size_t schedule_next_ = 0;  // in options_.schedule
  uint32_t commands_since_fault_ = 0;
  // The values that a key may have now; "" stands for absent. More than one when the outcome of a
  // write is not known.
  std::map<std::string, std::set<std::string>> possible_;
  std::vector<std::shared_ptr<TruthWindow>> windows_;  // of the pages that are being read
  std::map<std::string, std::set<std::string>> ever_;  // all values that a key was given
  size_t pages_ahead_ = 0;
  size_t pages_ahead_dropped_ = 0;
  std::shared_ptr<const Topology> known_;  // of the last FindTopology()
  std::shared_ptr<Reader> reader_;
};

}  // namespace atestore
