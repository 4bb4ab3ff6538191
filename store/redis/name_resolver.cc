#include "store/redis/name_resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::inline v0 {

// What a lookup's thread outlives: the way back to the loop, until the resolver is destroyed.
struct NameResolver::Mailbox {
  std::mutex mutex;
  Post post;
};

NameResolver::NameResolver(Lookup lookup, Post post, Now now)
    : lookup_(std::move(lookup)), now_(std::move(now)), mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->post = std::move(post);
}

NameResolver::~NameResolver() {
  std::lock_guard lock(mailbox_->mutex);
  mailbox_->post = {};
}

void NameResolver::Resolve(const std::string& host, Done done) {
  auto found = names_.find(host);
  if (found != names_.end() && found->second.waiting.empty() && now_() < found->second.until) {
    return done(found->second.answer);
  }
  if (found != names_.end() && !found->second.waiting.empty()) {
    return found->second.waiting.push_back(std::move(done));
  }
  if (lookups_ >= kLookupsMax) {
    return done(UnavailableError("too many names of hosts are being looked up"));
  }
  if (names_.size() >= kNamesKeptMax) Forget();
  names_[host].waiting.push_back(std::move(done));
  Begin(host);
}

void NameResolver::Begin(const std::string& host) {
  ++lookups_;
  auto work = [this, host, lookup = lookup_, mailbox = mailbox_] {
    absl::StatusOr<Addresses> answer = lookup(host);
    std::lock_guard lock(mailbox->mutex);
    // Without a way back `this` is gone.
    if (!mailbox->post) return;
    mailbox->post([this, host, answer = std::move(answer)] { OnAnswer(host, answer); });
  };
  // A hanging lookup cannot be ended: it would block a caller that joins its thread.
  try {
    std::thread(std::move(work)).detach();
  } catch (const std::system_error&) {
    OnAnswer(host, UnavailableError("no thread to look up the name of a host"));
  }
}

void NameResolver::OnAnswer(const std::string& host, absl::StatusOr<Addresses> answer) {
  --lookups_;
  Name& name = names_[host];
  name.until = now_() + absl::ToChronoMilliseconds(answer.ok() ? kAddressesTime : kNoAddressTime);
  name.answer = std::move(answer);
  // A copy: what is called may ask for names, and so forget this one.
  const absl::StatusOr<Addresses> copy = name.answer;
  for (const Done& done : std::exchange(name.waiting, {})) done(copy);
}

void NameResolver::Forget() {
  std::erase_if(names_, [](const auto& entry) { return entry.second.waiting.empty(); });
}

absl::StatusOr<Addresses> LookUpAddresses(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return UnavailableError(absl::StrCat("cannot resolve the name: ", gai_strerror(error)));
  }
  Addresses addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) ==
        0) {
      addresses.emplace_back(text);
    }
  }
  freeaddrinfo(found);
  if (addresses.empty()) return UnavailableError("cannot resolve the name: it has no address");
  return addresses;
}

}  // namespace atestore::inline v0
