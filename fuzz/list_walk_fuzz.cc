// One page of a listing from a cluster that lies. Oracles: no crash; nothing of a foreign atespace;
// never more than the page may hold; a position that only moves on and always makes a token; and an
// end, soon after the driver asks for one.
#include <variant>

#include "core/listing/list_walk.h"
#include "fuzz/byte_source.h"
#include "fuzz/listing_driver.h"
#include "fuzz/lying_server.h"
#include "fuzz/require.h"

namespace {

using atestore::KeyFilter;
using atestore::ListWalk;
using atestore::Position;
using atestore::Topology;
using atestore::fuzz::ByteSource;
using atestore::fuzz::LyingServer;
using atestore::fuzz::Require;

constexpr uint64_t kStartsNearTheEnd = 31;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteSource source(data, size);
  const KeyFilter filter = source.Flag() ? KeyFilter::ActorsOf("a") : KeyFilter::AllActors();
  atestore::fuzz::PageSink sink(filter);
  const Position start = atestore::fuzz::ReadStart(source, kStartsNearTheEnd);
  const ListWalk::Options options = atestore::fuzz::ReadOptions(source, filter, start);
  ListWalk walk(options, &sink);
  atestore::fuzz::Answered answered(walk);
  LyingServer server(source, {});
  Topology topology = server.MakeTopology();
  for (int action = 0;; ++action) {
    Require(action < atestore::fuzz::kActionsMax + atestore::fuzz::kActionsToEndMax, "a page ends");
    bool over = action >= atestore::fuzz::kActionsMax || source.empty();
    if (over) walk.EndPage();
    const std::optional<Position> before = walk.position();
    ListWalk::Action next = walk.Next(topology);
    atestore::fuzz::CheckPosition(before, walk.position());
    Require(sink.size() <= options.page_size, "a page holds no more than asked for");
    if (auto* send = std::get_if<ListWalk::Send>(&next)) {
      Require(!send->requests.empty(), "a round asks for something");
      atestore::fuzz::AnswerAll(std::move(send->requests), topology, source, server, answered, {});
    } else if (auto* refresh = std::get_if<ListWalk::Refresh>(&next)) {
      Require(!refresh->why.ok(), "a refresh says why");
      if (over && refresh->back_off) break;
      topology = server.MakeTopology();
    } else if (auto* fail = std::get_if<ListWalk::Fail>(&next)) {
      Require(!fail->status.ok(), "a failure is one");
      break;
    } else {
      Require(walk.progressed(), "a page that is complete got somewhere");
      break;
    }
  }
  Require(sink.bytes() <= options.page_bytes, "a page is no larger than allowed");
  return 0;
}
