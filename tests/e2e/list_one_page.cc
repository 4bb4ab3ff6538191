// A process that serves one page and ends: list_one_page HOST:PORT[,…] PAGE_SIZE [TOKEN [FILTER]]
// writes a serialized ListActorsResponse to its standard output.
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "store/actor_store.h"
#include "store/redis/redis_transport.h"

int main(int argc, char** argv) {
  using namespace atestore;
  if (argc < 3) return 2;
  StoreOptions options;
  for (const std::string& address : std::vector<std::string>(absl::StrSplit(argv[1], ','))) {
    absl::StatusOr<Endpoint> seed = ParseEndpoint(address);
    if (!seed.ok()) return 2;
    options.seeds.push_back(*seed);
  }
  absl::StatusOr<std::unique_ptr<RedisTransport>> transport = RedisTransport::Create({});
  if (!transport.ok()) return 2;
  const std::unique_ptr<ActorStore> opened =
      ActorStore::Open(*std::move(transport), options).value();
  ActorStore& store = *opened;
  ateapi::ListActorsRequest request;
  request.set_page_size(std::stoi(argv[2]));
  if (argc > 3) request.set_page_token(argv[3]);
  if (argc > 4) request.set_filter(argv[4]);
  absl::StatusOr<ActorPage> page = store.ListActors(request);
  if (!page.ok()) {
    std::cerr << page.status() << "\n";
    return 1;
  }
  return page->response.SerializeToOstream(&std::cout) ? 0 : 1;
}
