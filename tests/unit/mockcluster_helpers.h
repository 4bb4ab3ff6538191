#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "mockcluster/cluster.h"

namespace mockcluster {

// A connection that speaks in command lines (words between blanks) and shows replies in wire form
// with '|' for line ends: "GET a" -> "$1|1|".
class TestClient {
 public:
  TestClient(Cluster& cluster, NodeIndex node) : cluster_(cluster) {
    absl::StatusOr<ClientId> client = cluster.Connect(cluster.Node(node).endpoint);
    EXPECT_TRUE(client.ok()) << client.status();
    if (client.ok()) id_ = *client;
  }
  ~TestClient() { cluster_.Disconnect(id_); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  ClientId id() const { return id_; }

  // "(closed)" when the connection is closed.
  std::string operator()(std::string_view line) {
    std::istringstream stream{std::string(line)};
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    std::vector<std::string_view> arguments(words.begin(), words.end());
    std::string reply;
    if (cluster_.Execute(id_, arguments, &reply) == Delivery::kClosed) return "(closed)";
    return Visible(reply);
  }

  static std::string Visible(std::string_view reply) {
    std::string text;
    for (size_t index = 0; index < reply.size(); ++index) {
      if (reply[index] == '\r') continue;
      text.push_back(reply[index] == '\n' ? '|' : reply[index]);
    }
    return text;
  }

 private:
  Cluster& cluster_;
  ClientId id_{};
};

inline ClusterOptions TwoPrimaries(Flavor flavor) {
  return {.primaries = 2, .flavor = flavor, .seed = 11};
}

constexpr NodeIndex kFirst{0};
constexpr NodeIndex kSecond{1};
constexpr NodeIndex kThird{2};

// A key in a slot of the first of two primaries, and its slot. "{b}…" shares the slot.
constexpr std::string_view kTag = "{b}";
constexpr atestore::Slot kTagSlot = 3300;

class EachFlavor : public testing::TestWithParam<Flavor> {};

inline std::string FlavorName(const testing::TestParamInfo<Flavor>& info) {
  return info.param == Flavor::kRedis70    ? "Redis70"
         : info.param == Flavor::kValkey80 ? "Valkey80"
                                           : "Valkey91";
}

}  // namespace mockcluster
