#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/redis/back_off.h"

namespace atestore::inline v0 {

// IP addresses as text.
using Addresses = std::vector<std::string>;

// So many names are looked up at a time, each by a thread of its own; further ones fail at once.
inline constexpr size_t kLookupsMax = 32;
// An answer is used for so long, a failure too: names that fail are not asked for in a storm.
inline constexpr absl::Duration kAddressesTime = absl::Seconds(5);
inline constexpr absl::Duration kNoAddressTime = absl::Seconds(1);
// So many names are remembered.
inline constexpr size_t kNamesKeptMax = 1024;

// Looks up the addresses of hosts without one name waiting for another: a name server may let one
// hang for many seconds. Belongs to its loop's thread, but for construction and destruction.
class NameResolver {
 public:
  // Blocks; called by many threads. UNAVAILABLE: there is no such name, or nobody answers.
  using Lookup = std::function<absl::StatusOr<Addresses>(const std::string& host)>;
  // Runs a task on the loop's thread.
  using Post = std::function<void(std::function<void()> task)>;
  using Now = std::function<SteadyTime()>;
  using Done = std::function<void(const absl::StatusOr<Addresses>& addresses)>;

  NameResolver(Lookup lookup, Post post, Now now);
  // What is looked up still is forgotten; its threads end by themselves.
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  // Calls `done` once, at once when the answer is known, unless this is destroyed before.
  // UNAVAILABLE over kLookupsMax, or what the lookup failed with.
  void Resolve(const std::string& host, Done done);

 private:
  struct Mailbox;
  struct Name {
    std::vector<Done> waiting;  // not empty: it is being looked up
    absl::StatusOr<Addresses> answer;
    SteadyTime until;  // the answer is used
  };

  void Begin(const std::string& host);
  void OnAnswer(const std::string& host, absl::StatusOr<Addresses> answer);
  void Forget();

  const Lookup lookup_;
  const Now now_;
  const std::shared_ptr<Mailbox> mailbox_;
  size_t lookups_ = 0;
  std::map<std::string, Name> names_;
};

// getaddrinfo(3).
absl::StatusOr<Addresses> LookUpAddresses(const std::string& host);

}  // namespace atestore::inline v0
