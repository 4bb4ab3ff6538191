#include "core/key_filter.h"

#include "absl/strings/str_cat.h"
#include "core/glob.h"
#include "core/slot.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

constexpr std::string_view kActorPrefix = "actor:";

}  // namespace

std::string ActorKey(std::string_view atespace, std::string_view actor_id) {
  return absl::StrCat(ToAbsl(kActorPrefix), ToAbsl(atespace), ":", ToAbsl(actor_id));
}

std::string AtespaceKey(std::string_view name) { return absl::StrCat("atespace:", ToAbsl(name)); }

ActorKeyParts ParseActorKey(std::string_view key) {
  if (!KeyFilter::AllActors().Matches(key)) return {};
  key.remove_prefix(kActorPrefix.size());
  size_t colon = key.find(':');
  return {.atespace = key.substr(0, colon), .actor_id = key.substr(colon + 1)};
}

KeyFilter KeyFilter::ActorsOf(std::string_view atespace) {
  return {ActorKey(atespace, ""), std::string(kActorPrefix), 2};
}

KeyFilter KeyFilter::Glob(std::string_view pattern) {
  GlobParts parts = SplitGlob(pattern);
  // A hash tag in the prefix would determine the slot of the probes, so cut the prefix before it.
  KeyFilter filter(parts.prefix, parts.prefix.substr(0, parts.prefix.find('{')), 0);
  filter.glob_.emplace(parts.rest);
  return filter;
}

KeyFilter KeyFilter::Where(std::function<bool(std::string_view key)> wanted) const {
  KeyFilter filter = *this;
  filter.wanted_ = std::make_shared<const std::function<bool(std::string_view)>>(std::move(wanted));
  return filter;
}

bool KeyFilter::Matches(std::string_view key) const {
  if (!key.starts_with(prefix_)) return false;
  if (glob_) {
    const bool matches = *glob_ == "*" || GlobMatch(*glob_, key.substr(prefix_.size()));
    return matches && (wanted_ == nullptr || (*wanted_)(key));
  }
  std::string_view rest = key.substr(kind_.size());
  for (size_t part = 1; part < parts_; ++part) {
    size_t colon = rest.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    rest.remove_prefix(colon + 1);
  }
  return !rest.empty() && (wanted_ == nullptr || (*wanted_)(key));
}

std::string KeyFilter::Pattern() const {
  std::string pattern = GlobOfPrefix(prefix_);
  if (!glob_) return pattern;
  pattern.pop_back();  // the star
  return pattern + *glob_;
}

std::string KeyFilter::ProbeKey(Slot slot, int variant) const {
  std::string key = absl::StrCat(ToAbsl(kind_), "{", ToAbsl(SlotTag(slot)), "}");
  key.append(static_cast<size_t>(variant), '~');
  return key;
}

}  // namespace atestore::inline v0
