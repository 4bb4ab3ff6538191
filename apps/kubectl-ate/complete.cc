#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apps/kubectl-ate/expectation.h"
#include "apps/kubectl-ate/run.h"
#include "apps/kubectl-ate/terminal.h"
#include "apps/kubectl-ate/text.h"

namespace atestore::cli {
namespace {

// A person waits for it with the key pressed.
constexpr absl::Duration kPatience = absl::Seconds(1);
constexpr int32_t kActorsMax = 1000;

using Candidates = std::set<std::string>;

absl::StatusOr<ListPage> OnePage(ControlApi& api, const std::string& atespace,
                                 absl::Time deadline) {
  ateapi::ListActorsRequest request;
  request.set_atespace(atespace);
  request.set_page_size(kActorsMax);
  return api.ListActors(request, deadline);
}

// A page of atespaces when the service can tell in time; else those of one page of actors.
Candidates Atespaces(ControlApi& api) {
  Candidates names;
  if (const auto atespaces = api.ListAtespaces("", absl::Now() + kPatience / 2); atespaces.ok()) {
    for (const ateapi::Atespace& atespace : atespaces->records) names.insert(atespace.name());
  } else if (const auto page = OnePage(api, "", absl::Now() + kPatience / 2); page.ok()) {
    for (const ateapi::Actor& actor : page->response.actors()) names.insert(actor.atespace());
  }
  return names;
}

Candidates Actors(ControlApi& api, const std::string& atespace) {
  Candidates ids;
  const absl::StatusOr<ListPage> page = OnePage(api, atespace, absl::Now() + kPatience);
  if (!page.ok()) return ids;
  for (const ateapi::Actor& actor : page->response.actors()) {
    ids.insert(atespace.empty() ? absl::StrCat(actor.atespace(), "/", actor.actor_id())
                                : actor.actor_id());
  }
  return ids;
}

Candidates FromService(const Expectation& expectation) {
  if (expectation.values == Expectation::Values::kNone) return {};
  const absl::StatusOr<std::unique_ptr<ControlApi>> api = ConnectControlApi(expectation.connection);
  if (!api.ok()) return {};
  return expectation.values == Expectation::Values::kAtespace ? Atespaces(**api)
                                                              : Actors(**api, expectation.atespace);
}

}  // namespace

int RunComplete(const CompleteWords& command, int out) {
  const Expectation expectation = WhatComesNext(command.words);
  std::string text;
  for (const std::string& candidate : expectation.candidates) {
    absl::StrAppend(&text, candidate, "\n");
  }
  for (const std::string& candidate : FromService(expectation)) {
    if (candidate.starts_with(command.words.back())) {
      absl::StrAppend(&text, Printable(candidate), "\n");
    }
  }
  const WriteResult result = WriteAll(out, absl::StrCat(text, ":4\n"));
  return result == WriteResult::kFailed ? kExitFailure : kExitOk;
}

}  // namespace atestore::cli
