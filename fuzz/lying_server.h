#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/listing/list_walk.h"
#include "fuzz/byte_source.h"

namespace atestore::fuzz {

// A cluster whose every answer the fuzzer makes up: the right one, a slightly wrong one, an error,
// any bytes at all, or none. Once the input is used up it says one thing for ever.
class LyingServer {
 public:
  // `source` must outlive the server.
  explicit LyingServer(ByteSource& source) : source_(source), last_word_(source.Byte()) {}

  // Answers `request`, the `index`-th of a round, and checks that it only reads.
  void Answer(size_t index, const ShardRequest& request, ListWalk& walk);
  // What the cluster claims to be.
  Topology MakeTopology();

 private:
  using Words = std::vector<std::string>;

  // Where a walk over all that is left is short.
  size_t SlotNearTheEnd();
  std::string AnswerTo(const Words& command);
  std::string AnswerForEver(const Words& command);
  std::string InTransaction(const Words& command);
  std::string Result(const Words& command);
  std::string HonestResult(const Words& command);
  std::string Error();
  std::string Names(size_t slot);
  std::string Name(size_t slot);
  std::string Scan(const Words& command);
  std::string NodesText();
  std::string InfoText();

  ByteSource& source_;
  const uint8_t last_word_;
  bool in_transaction_ = false;
  std::vector<Words> queued_;
};

}  // namespace atestore::fuzz
