#include "apps/ate-bench/raw_loop.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "apps/ate-bench/node_socket.h"

namespace atestore {
namespace {

class NodeScan {
 public:
  NodeScan(NodeSocket& node, const RawLoopOptions& options, RawLoopResult& result)
      : node_(node), options_(options), result_(result), left_(options.count) {}

  absl::Status Run() {
    std::string cursor = "0";
    std::string bytes;
    size_t keys = 0;
    AppendScan(cursor, &bytes);
    if (absl::Status status = node_.Send(bytes); !status.ok()) return status;
    for (;;) {
      bytes.clear();
      if (absl::Status status = node_.ReadScan(&cursor, &bytes, &keys); !status.ok()) return status;
      result_.keys += static_cast<int64_t>(keys);
      left_ = keys < left_ ? left_ - keys : options_.count;
      bool done = cursor == "0";
      if (options_.overlap && !done) AppendScan(cursor, &bytes);
      if (absl::Status status = node_.Send(bytes); !status.ok()) return status;
      absl::Status status = node_.SkipGetReplies(keys, &result_.values);
      if (!status.ok() || done) return status;
      if (options_.overlap) continue;
      bytes.clear();
      AppendScan(cursor, &bytes);
      if (status = node_.Send(bytes); !status.ok()) return status;
    }
  }

 private:
  void AppendScan(const std::string& cursor, std::string* bytes) {
    size_t count = options_.count_is_what_is_left ? left_ : options_.count;
    AppendCommand(bytes, {"SCAN", cursor, "MATCH", options_.match, "COUNT", absl::StrCat(count)});
    ++result_.scans;
  }

  NodeSocket& node_;
  const RawLoopOptions& options_;
  RawLoopResult& result_;
  size_t left_;
};

}  // namespace

absl::StatusOr<RawLoopResult> RunRawLoop(const std::vector<Endpoint>& primaries,
                                         const RawLoopOptions& options) {
  RawLoopResult result;
  absl::Time start = absl::Now();
  for (const Endpoint& primary : primaries) {
    absl::StatusOr<NodeSocket> node = NodeSocket::Connect(primary);
    if (!node.ok()) return node.status();
    NodeScan scan(*node, options, result);
    if (absl::Status status = scan.Run(); !status.ok()) return status;
  }
  result.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  return result;
}

}  // namespace atestore
