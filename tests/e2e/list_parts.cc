// A process that lists some parts of a listing at its caller's pace: list_parts HOST:PORT[,…]
// PAGE_SIZE TOKEN… writes, for each line that it reads, the actors of a page, one a line, and an
// empty line; after the last page it ends.
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "store/actor_store.h"
#include "store/redis/redis_transport.h"

namespace atestore {
namespace {

constexpr size_t kWidth = 2;
constexpr absl::Duration kPatience = absl::Minutes(1);  // at one place

int Run(const std::vector<std::string>& words) {
  absl::StatusOr<std::unique_ptr<RedisTransport>> transport = RedisTransport::Create({});
  StoreOptions options{.retry_budget = kPatience};
  for (const std::string& address : std::vector<std::string>(absl::StrSplit(words[0], ','))) {
    absl::StatusOr<Endpoint> seed = ParseEndpoint(address);
    if (!seed.ok() || !transport.ok()) return 2;
    options.seeds.push_back(*seed);
  }
  const std::unique_ptr<ActorStore> opened =
      ActorStore::Open(*std::move(transport), options).value();
  ActorStore& store = *opened;
  ateapi::ListActorsRequest request;
  request.set_page_size(std::stoi(words[1]));
  absl::StatusOr<std::unique_ptr<WideActorReader>> reader = store.ReadActorsWide(
      request, {.page_tokens = {words.begin() + 2, words.end()}, .width = kWidth});
  if (!reader.ok()) {
    std::cerr << reader.status() << "\n";
    return 1;
  }
  for (std::string line; !(*reader)->page_tokens().empty() && std::getline(std::cin, line);) {
    absl::StatusOr<ActorPage> page = (*reader)->Next();
    if (!page.ok()) {
      std::cerr << page.status() << "\n";
      return 1;
    }
    for (const ateapi::Actor& actor : page->response.actors()) {
      std::cout << actor.atespace() << "/" << actor.actor_id() << "\n";
    }
    std::cout << std::endl;
  }
  return (*reader)->page_tokens().empty() ? 0 : 1;
}

}  // namespace
}  // namespace atestore

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  return atestore::Run({argv + 1, argv + argc});
}
