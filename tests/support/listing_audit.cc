#include "tests/support/listing_audit.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/key_filter.h"
#include "core/page_token.h"
#include "store/codec/value_codec.h"

namespace atestore {
namespace {

constexpr std::string_view kTemplate = "template";

std::string KeyOf(const ateapi::Actor& actor) {
  return ActorKey(actor.atespace(), actor.actor_id());
}

std::pair<std::string, std::string> RecordOf(const std::string& atespace, const std::string& id) {
  ateapi::Actor actor;
  actor.set_atespace(atespace);
  actor.set_actor_id(id);
  actor.set_version(1);
  actor.set_actor_template_namespace("default");
  actor.set_actor_template_name(std::string(kTemplate));
  actor.set_status(ateapi::Actor::STATUS_SUSPENDED);
  return {KeyOf(actor), EncodeActor(actor)};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ActorRecords(size_t count, size_t atespaces) {
  std::vector<std::pair<std::string, std::string>> records;
  for (size_t i = 0; i < count; ++i) {
    records.push_back(RecordOf(absl::StrCat("space-", i % atespaces), absl::StrCat("actor-", i)));
  }
  return records;
}

std::vector<std::pair<std::string, std::string>> ActorRecordsInSlot(Slot slot, size_t count) {
  // The CRC is linear: crc(prefix + suffix) = crc(prefix + zeros) xor crc(suffix). So the suffix
  // that brings a prefix into the slot is looked up.
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::vector<std::string> suffixes(kSlotCount);
  for (char a : kLetters) {
    for (char b : kLetters) {
      for (char c : kLetters) {
        std::string suffix{a, b, c};
        suffixes[Crc16(suffix) % kSlotCount] = suffix;
      }
    }
  }
  std::vector<std::pair<std::string, std::string>> records;
  for (size_t i = 0; records.size() < count; ++i) {
    std::string id = absl::StrCat("huge-", i, "-");
    uint16_t crc = Crc16("actor:space-0:" + id + std::string(3, '\0'));
    const std::string& suffix = suffixes[(crc ^ slot) % kSlotCount];
    if (!suffix.empty()) records.push_back(RecordOf("space-0", id + suffix));
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
  ListingResult result;
  std::unique_ptr<ActorReader> reader;  // null: none, or not any more
  auto read_page = [&](const ateapi::ListActorsRequest& request) -> absl::StatusOr<ActorPage> {
    if (!plan.read_ahead) return plan.store().ListActors(request);
    if (!reader) {
      absl::StatusOr<std::unique_ptr<ActorReader>> made = plan.store().ReadActors(request);
      if (!made.ok()) return made.status();
      reader = *std::move(made);
    }
    absl::StatusOr<ActorPage> page = reader->Next();
    if (!page.ok()) reader.reset();
    return page;
  };
  absl::Time give_up = absl::Now() + plan.patience;
  for (size_t pages = 0; pages < plan.pages_max;) {
    ateapi::ListActorsRequest request;
    request.set_page_size(plan.page_size);
    request.set_page_token(result.next_token);
    request.set_atespace(plan.atespace);
    absl::StatusOr<ActorPage> page = read_page(request);
    if (absl::IsUnavailable(page.status()) && absl::Now() < give_up) {
      ++result.unavailable;
      continue;
    }
    result.status = page.status();
    if (!page.ok()) break;
    give_up = absl::Now() + plan.patience;
    audit.OnPage(*page, plan.page_size);
    result.segments_prefetched += page->counters.segments_prefetched;
    result.next_token = page->response.next_page_token();
    if (result.next_token.empty()) break;
    ++pages;
    if (plan.between_pages) plan.between_pages(pages);
  }
  return result;
}

}  // namespace atestore
