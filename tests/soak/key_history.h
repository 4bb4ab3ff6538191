#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace atestore {

// From the moment before a request was sent to the moment after its reply.
struct Interval {
  absl::Time begin;
  absl::Time end;
};

// What clients saw of every key, and did to it: the judge of listings. Thread-safe.
class KeyHistory {
 public:
  // A client read the key, or was told that it is there, or that it wrote it.
  void WasPresent(const std::string& key, Interval when);
  // A client wrote the key where there was none: it was absent at some moment, and there at the
  // end.
  void WasCreated(const std::string& key, Interval when);
  // A client was told that there is no such key.
  void WasAbsent(const std::string& key, Interval when);
  // A request to delete the key, or one that may have written it and taken that back, whatever came
  // of it; `when.end` is InfiniteFuture for one whose outcome is unknown, for it may still be
  // executed.
  void DeleteTried(const std::string& key, Interval when);
  // A value that a client tries to write, not before `begin`: the version that a listing may show,
  // and the status that the record has then.
  void WriteTried(const std::string& key, int64_t version, const std::string& status,
                  absl::Time begin);
  // A client read this status, "" for a key that is not there, `when` nobody wrote.
  void StatusSeen(const std::string& key, const std::string& status, Interval when);

  // Whether a listing that was begun and ended as `listing` says must hold the key, once: clients
  // could have read it all the time. Ask only after every key has been read after the end.
  bool WasThereThroughout(const std::string& key, Interval listing) const;
  bool WasWritten(const std::string& key, int64_t version) const;
  // All that a listing may have found which ended then: every status that was there when all was
  // last forgotten, or that somebody tried to write since. Empty: the key was not there. Includes
  // older ones than the last, for a failover takes back what was not replicated. Of a key that
  // reappeared without a write, with a node that had older data: every status it ever had.
  std::set<std::string> StatusesUntil(const std::string& key, absl::Time end) const;

  // What is known of a key, in words, in order.
  std::string Tell(const std::string& key) const;
  // All keys of which anything is known.
  std::vector<std::string> keys() const;
  // Forgets what happened before `time`, except the last word about each key, and the last status
  // that was seen. No request of before may be on its way any more, and every replica has all.
  void Forget(absl::Time time);
  // Forgets everything: the cluster is another one.
  void Clear();

 private:
  enum class What { kPresent, kCreated, kAbsent, kDeleteTried };
  struct Event {
    What what;
    Interval when;
  };
  struct Key {
    std::vector<Event> events;
    std::set<int64_t> versions;
    std::map<std::string, absl::Time> statuses;  // and since when they may be there
    std::set<std::string> ever;                  // statuses, never forgotten
    std::string status_seen;                     // the last; "" when the key was not there
  };

  void Add(const std::string& key, What what, Interval when);

  mutable std::mutex mutex_;
  std::map<std::string, Key> keys_;
};

}  // namespace atestore
