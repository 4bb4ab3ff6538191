#include <google/protobuf/descriptor.h>

#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "proto/ateapi.pb.h"

namespace atestore {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Existing clients decode by these names and numbers: a change here breaks them, and a reused
// number makes them decode plausible nonsense. Only additions are right, with the golden file.
TEST(ProtoContract, DescriptorIsTheGoldenOne) {
  const std::string actual = ateapi::Actor::descriptor()->file()->DebugString();
  EXPECT_EQ(actual, ReadText(std::string(ATESTORE_GOLDEN_DIR) + "/ateapi.descriptor.txt"));
}

TEST(ProtoContract, TheRemovedFieldStaysReserved) {
  EXPECT_TRUE(ateapi::Actor::descriptor()->IsReservedNumber(9));
  EXPECT_EQ(ateapi::Actor::descriptor()->FindFieldByNumber(9), nullptr);
}

}  // namespace
}  // namespace atestore
