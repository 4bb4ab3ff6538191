#include "tests/support/listing_audit.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "store/value_codec.h"

namespace atestore {
namespace {

constexpr std::string_view kTemplate = "template";

std::string KeyOf(const ateapi::Actor& actor) {
  return "actor:" + actor.atespace() + ":" + actor.actor_id();
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ActorRecords(size_t count, size_t atespaces) {
  std::vector<std::pair<std::string, std::string>> records;
  ateapi::Actor actor;
  actor.set_version(1);
  actor.set_actor_template_namespace("default");
  actor.set_actor_template_name(std::string(kTemplate));
  actor.set_status(ateapi::Actor::STATUS_SUSPENDED);
  for (size_t i = 0; i < count; ++i) {
    actor.set_atespace(absl::StrCat("space-", i % atespaces));
    actor.set_actor_id(absl::StrCat("actor-", i));
    records.emplace_back(KeyOf(actor), EncodeActor(actor));
  }
  return records;
}

ListingAudit::ListingAudit(const std::vector<std::pair<std::string, std::string>>& records,
                           const std::string& atespace)
    : atespace_(atespace) {
  std::string prefix = atespace.empty() ? "actor:" : "actor:" + atespace + ":";
  for (const auto& [key, value] : records) {
    if (key.starts_with(prefix)) seen_.emplace(key, 0);
  }
}

void ListingAudit::OnPage(const ActorPage& page, int32_t page_size) {
  ++pages_;
  if (page.response.actors_size() > page_size) ++violations_;
  if (page.response.next_page_token().size() > kPageTokenLengthMax) ++violations_;
  for (const ateapi::Actor& actor : page.response.actors()) {
    if (!atespace_.empty() && actor.atespace() != atespace_) ++violations_;
    auto found = seen_.find(KeyOf(actor));
    if (found == seen_.end()) continue;
    if (actor.actor_template_name() != kTemplate) ++violations_;
    if (found->second++ > 0) ++duplicates_;
  }
}

std::vector<std::string> ListingAudit::missing_keys() const {
  std::vector<std::string> missing;
  for (const auto& [key, times] : seen_) {
    if (times == 0) missing.push_back(key);
  }
  return missing;
}

ListingResult List(const ListingPlan& plan, ListingAudit& audit) {
  ListingResult result{.next_token = plan.first_token};
  absl::Time give_up = absl::Now() + plan.patience;
  for (size_t pages = 0; pages < plan.pages_max;) {
    ateapi::ListActorsRequest request;
    request.set_page_size(plan.page_size);
    request.set_page_token(result.next_token);
    request.set_atespace(plan.atespace);
    absl::StatusOr<ActorPage> page = plan.store().ListActors(request);
    if (absl::IsUnavailable(page.status()) && absl::Now() < give_up) {
      ++result.unavailable;
      continue;
    }
    result.status = page.status();
    if (!page.ok()) break;
    give_up = absl::Now() + plan.patience;
    audit.OnPage(*page, plan.page_size);
    result.next_token = page->response.next_page_token();
    if (result.next_token.empty()) break;
    ++pages;
    if (plan.between_pages) plan.between_pages(pages);
  }
  return result;
}

}  // namespace atestore
