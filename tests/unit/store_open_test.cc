#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "store/actor_store.h"
#include "store/embedded/embedded_transport.h"
#include "store/error_info.h"
#include "store/key_listing.h"

namespace atestore {
namespace {

// What Open() checks of both stores.
template <typename Store>
class StoreOpenTest : public testing::Test {
 protected:
  // The field that is refused; "" when none is.
  std::string RefusedField(const StoreOptions& options) {
    const absl::Status status =
        Store::Open(std::make_unique<EmbeddedTransport>(cluster_), options).status();
    if (status.ok()) return "";
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(GetErrorInfo(status)->reason, "INVALID_OPTION");
    return GetErrorInfo(status)->field;
  }
  StoreOptions Good() const { return {.seeds = cluster_->Endpoints()}; }

  const std::shared_ptr<EmbeddedCluster> cluster_ =
      std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{});
};
using Stores = testing::Types<ActorStore, KeyListing>;
TYPED_TEST_SUITE(StoreOpenTest, Stores);

TYPED_TEST(StoreOpenTest, ATransportIsNeeded) {
  const absl::Status status = TypeParam::Open(nullptr, this->Good()).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(GetErrorInfo(status)->field, "transport");
}

TYPED_TEST(StoreOpenTest, SeedsAreChecked) {
  StoreOptions options = this->Good();
  EXPECT_EQ(this->RefusedField(options), "");
  options.seeds.push_back({"", 6379});
  EXPECT_EQ(this->RefusedField(options), "seeds");
  options.seeds.back() = {"redis-0.example", 0};
  EXPECT_EQ(this->RefusedField(options), "seeds");
  options.seeds.clear();
  EXPECT_EQ(this->RefusedField(options), "seeds");
}

TYPED_TEST(StoreOpenTest, BudgetsAreChecked) {
  StoreOptions options = this->Good();
  options.page_bytes_max = 0;
  EXPECT_EQ(this->RefusedField(options), "page_bytes_max");
  options = this->Good();
  options.page_work_budget = absl::ZeroDuration();
  EXPECT_EQ(this->RefusedField(options), "page_work_budget");
  options = this->Good();
  options.retry_budget = absl::Milliseconds(-1);
  EXPECT_EQ(this->RefusedField(options), "retry_budget");
  options.retry_budget = absl::ZeroDuration();
  options.page_work_budget = absl::InfiniteDuration();
  EXPECT_EQ(this->RefusedField(options), "");
}

TYPED_TEST(StoreOpenTest, KeysOfPageTokensAreChecked) {
  const std::string secret(kPageTokenSecretBytesMin, 's');
  StoreOptions options = this->Good();
  options.page_token_keys = {{.id = 1, .secret = secret}, {.id = 255, .secret = secret}};
  EXPECT_EQ(this->RefusedField(options), "");
  options.page_token_keys[0].id = 0;
  EXPECT_EQ(this->RefusedField(options), "page_token_keys");
  options.page_token_keys[0].id = 255;
  EXPECT_EQ(this->RefusedField(options), "page_token_keys");
  options.page_token_keys[0] = {.id = 1, .secret = secret.substr(1)};
  EXPECT_EQ(this->RefusedField(options), "page_token_keys");
  const absl::Status status =
      TypeParam::Open(std::make_unique<EmbeddedTransport>(this->cluster_), options).status();
  EXPECT_EQ(std::string(status.message()).find(options.page_token_keys[0].secret),
            std::string::npos)
      << "a secret in a message";
}

}  // namespace
}  // namespace atestore
