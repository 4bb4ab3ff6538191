#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/listing/list_walk.h"
#include "fuzz/byte_source.h"

namespace atestore::fuzz {

// What asks the server: a ListWalk or what is made of such.
class AnsweredWalk {
 public:
  virtual ~AnsweredWalk() = default;
  virtual std::vector<ShardRequest> More(const Topology& topology) = 0;
  virtual void OnReply(size_t request, size_t command, const ReplyView& reply) = 0;
  virtual void OnFailure(size_t request, const absl::Status& status) = 0;
};

template <typename Walk>
class Answered final : public AnsweredWalk {
 public:
  // `walk` must outlive it.
  explicit Answered(Walk& walk) : walk_(walk) {}

  std::vector<ShardRequest> More(const Topology& topology) override { return walk_.More(topology); }
  void OnReply(size_t request, size_t command, const ReplyView& reply) override {
    walk_.OnReply(request, command, reply);
  }
  void OnFailure(size_t request, const absl::Status& status) override {
    walk_.OnFailure(request, status);
  }

 private:
  Walk& walk_;
};

// A cluster whose every answer the fuzzer makes up: the right one, a slightly wrong one, an error,
// any bytes at all, or none. Once the input is used up it says one thing for ever.
class LyingServer {
 public:
  struct Options {
    // It speaks of slots near the end, mostly: a walk over all that is left is short.
    bool near_the_end = true;
    // Most requests are answered like a server would.
    bool mostly_honest = false;
  };

  // `source` must outlive the server.
  LyingServer(ByteSource& source, const Options& options)
      : source_(source), options_(options), last_word_(source.Byte()) {}

  // Answers `request`, the `index`-th of a round, and checks that it only reads.
  void Answer(size_t index, const ShardRequest& request, AnsweredWalk& walk);
  // What the cluster claims to be.
  Topology MakeTopology();
  // Whether all that it says once the input is used up is that the cluster is down.
  bool is_down_in_the_end() const { return last_word_ % 6 == 0; }

 private:
  using Words = std::vector<std::string>;

  size_t SomeSlot();
  std::string AnswerTo(const Words& command);
  std::string AnswerForEver(const Words& command);
  std::string InTransaction(const Words& command);
  std::string Result(const Words& command);
  std::string HonestResult(const Words& command);
  std::string Error();
  std::string Keys(size_t slot);
  std::string Key(size_t slot);
  std::string Scan(const Words& command);
  std::string Value();
  std::string HonestKey(size_t slot);
  std::string HonestKeys(size_t slot);
  std::string HonestScan(const Words& command);
  std::string NodesText();
  std::string HonestNodesText() const;
  bool OwnedByAsked(size_t slot) const;
  std::string InfoText();
  std::string ClusterInfoText();

  ByteSource& source_;
  const Options options_;
  const uint8_t last_word_;
  Topology topology_;      // the last one that was made
  Endpoint asked_;         // where the request went
  uint64_t commands_ = 0;  // that INFO has told
  bool honest_ = false;    // about this request
  bool in_transaction_ = false;
  std::vector<Words> queued_;
};

}  // namespace atestore::fuzz
