#include "core/listing/values_read.h"

#include <gtest/gtest.h>

#include "core/resp.h"

namespace atestore {
namespace {

class NoSink final : public RecordSink {
 public:
  absl::StatusOr<size_t> Add(std::string_view, std::string_view) override { return size_t{0}; }
  size_t size() const override { return 0; }
  void Remove(std::span<const size_t>) override {}
  void OnUnreadable(std::string_view, const absl::Status&) override {}
};

// The number of commands that fetch ten values of one slot, values being of so many bytes.
size_t CommandsFor(double value_bytes) {
  NameList names;
  for (uint64_t i = 0; i < 10; ++i) names.Add(7, 0, i, "actor:{a}:" + std::to_string(i));
  NoSink sink;
  ValuesRead read(&names, names.size(), {{.host = "127.0.0.1", .port = 7000}},
                  {.bytes_left = size_t{1} << 20, .mget_keys = MgetKeysFor(value_bytes)}, &sink);
  std::vector<ShardRequest> requests = read.NextRound();
  EXPECT_EQ(requests.size(), 1);
  return requests[0].pipeline.size();
}

TEST(ValuesReadTest, OneCommandAsksForBoundedBytes) {
  EXPECT_EQ(CommandsFor(309), 1);
  EXPECT_EQ(CommandsFor(kMgetBytes / 3.0), 4);  // of 3, 3, 3 and 1
  EXPECT_EQ(CommandsFor(1e9), 10);
  EXPECT_EQ(CommandsFor(0), 1);
  EXPECT_EQ(MgetKeysFor(0), kMgetKeysMax);
}

}  // namespace
}  // namespace atestore
