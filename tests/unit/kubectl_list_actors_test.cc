#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apps/kubectl-ate/count_actors.h"
#include "apps/kubectl-ate/list_actors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/kubectl_fixture.h"

namespace atestore::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

// A service of numbered actors, whose token is the number of the next one. It is an older one,
// which knows neither parts nor streams.
class FakeApi final : public UnimplementedApi {
 public:
  explicit FakeApi(int64_t actors) : actors_(actors) {}

  absl::StatusOr<ListPage> ListActors(const ateapi::ListActorsRequest& request,
                                      absl::Time) override {
    requests.push_back(request);
    if (on_list) on_list();
    if (!failures.empty()) {
      const absl::Status failure = failures.front();
      failures.pop_front();
      if (!failure.ok()) return failure;
    }
    if (empty_pages > 0) {
      --empty_pages;
      ListPage page;
      page.response.set_next_page_token("0");
      return page;
    }
    const int64_t first = request.page_token().empty() ? 0 : std::stoll(request.page_token());
    const int64_t size = request.page_size() == 0 ? page_size : request.page_size();
    const int64_t end = std::min(actors_, first + size);
    ListPage page;
    for (int64_t i = first; i < end; ++i) {
      ateapi::Actor& actor = *page.response.add_actors();
      actor.set_atespace("a");
      actor.set_actor_id(absl::StrCat("id-", reversed ? actors_ - i : i));
    }
    if (end < actors_) page.response.set_next_page_token(absl::StrCat(end));
    page.skipped_records = skipped_a_page;
    page.filter_applied = knows_filters && !request.filter().empty();
    return page;
  }
  absl::StatusOr<CountPage> CountActors(const ateapi::CountActorsRequest& request,
                                        absl::Time) override {
    count_requests.push_back(request);
    if (counts.empty()) return absl::UnimplementedError("");
    const absl::StatusOr<CountPage> page = counts.front();
    counts.pop_front();
    return page;
  }
  absl::StatusOr<ateapi::Atespace> GetAtespace(const std::string& name, absl::Time) override {
    atespaces_asked_for.fetch_add(1);
    atespaces_asked_for.notify_all();
    if (!atespace_exists) return absl::NotFoundError("no such atespace");
    ateapi::Atespace atespace;
    atespace.set_name(name);
    return atespace;
  }
  absl::StatusOr<std::vector<std::string>> PartitionActors(const ateapi::PartitionActorsRequest&,
                                                           absl::Time) override {
    if (!failures.empty() && IsConnectionFailure(failures.front())) return failures.front();
    return absl::UnimplementedError("");
  }

  int64_t page_size = 2;
  int64_t empty_pages = 0;  // at the beginning, each with a token
  std::atomic<int64_t> atespaces_asked_for = 0;
  bool reversed = false;
  bool atespace_exists = true;
  int64_t skipped_a_page = 0;
  bool knows_filters = true;
  std::deque<absl::Status> failures;  // of the next calls; OK: that call works
  std::function<void()> on_list;
  std::vector<ateapi::ListActorsRequest> requests;
  std::deque<absl::StatusOr<CountPage>> counts;  // of the next calls; none: the service is older
  std::vector<ateapi::CountActorsRequest> count_requests;

 private:
  const int64_t actors_;
};

class ListActorsTest : public CommandTest {
 protected:
  Result Run(FakeApi& api, ListActors command = {.output = {.format = OutputFormat::kName}}) {
    return RunIt(RunListActors, api, command);
  }
};

TEST_F(ListActorsTest, PrintsEveryPage) {
  FakeApi api(5);
  const Result result = Run(api);
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "actor/a/id-0\nactor/a/id-1\nactor/a/id-2\nactor/a/id-3\nactor/a/id-4\n");
  EXPECT_EQ(result.err, "");  // no progress: standard error is not a terminal
  EXPECT_EQ(api.requests.size(), 3U);
}

TEST_F(ListActorsTest, StopsExactlyAtTheLimitAndSaysHowToGoOn) {
  FakeApi api(5);
  const Result result = Run(api, {.chunk_size = 2, .limit = 3, .output = {OutputFormat::kName}});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "actor/a/id-0\nactor/a/id-1\nactor/a/id-2\n");
  EXPECT_THAT(
      result.err,
      HasSubstr("  kubectl-ate get actors -A --chunk-size 2 --limit 3 -o name --page-token 3\n"));
  ASSERT_EQ(api.requests.size(), 2U);
  EXPECT_EQ(api.requests[1].page_size(), 1);
}

TEST_F(ListActorsTest, ALimitBehindTheEndIsNoLimit) {
  FakeApi api(3);
  const Result result = Run(api, {.limit = 3, .output = {OutputFormat::kName}});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.err, "");
}

TEST_F(ListActorsTest, ResumesWithTheTokenItWasGiven) {
  FakeApi api(5);
  const Result result = Run(api, {.page_tokens = {"3"}, .output = {OutputFormat::kName}});
  EXPECT_EQ(result.out, "actor/a/id-3\nactor/a/id-4\n");
}

TEST_F(ListActorsTest, RetriesWhatPassesWithTheSameToken) {
  FakeApi api(5);
  api.failures = {absl::OkStatus(), absl::UnavailableError("failover"),
                  absl::ResourceExhaustedError("busy"),
                  absl::CancelledError("by a server that closes"), absl::OkStatus()};
  const Result result = Run(api);
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "actor/a/id-0\nactor/a/id-1\nactor/a/id-2\nactor/a/id-3\nactor/a/id-4\n");
  EXPECT_EQ(result.err, "");
  ASSERT_EQ(api.requests.size(), 6U);
  for (size_t i = 1; i < 5; ++i) EXPECT_EQ(api.requests[i].page_token(), "2") << i;
}

TEST_F(ListActorsTest, AFailureKeepsWhatWasPrintedAndSaysHowToGoOn) {
  FakeApi api(5);
  api.failures = {absl::OkStatus(), absl::PermissionDeniedError("not you")};
  const Result result = Run(api, {.output = {.format = OutputFormat::kJson}});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out,
            "{\"actors\":[\n{\"actorId\":\"id-0\",\"atespace\":\"a\"},\n"
            "{\"actorId\":\"id-1\",\"atespace\":\"a\"}\n]}\n");
  EXPECT_THAT(result.err, HasSubstr("error: not you\n"));
  EXPECT_THAT(result.err, HasSubstr("  kubectl-ate get actors -A -o json --page-token 2\n"));
}

TEST_F(ListActorsTest, ARefusedTokenIsNotOfferedAgain) {
  FakeApi api(5);
  api.failures = {absl::InvalidArgumentError("page token: wrong tag")};
  const Result result = Run(api, {.page_tokens = {"1"}, .output = {OutputFormat::kName}});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.err, "error: page token: wrong tag\n");
}

TEST_F(ListActorsTest, GivesUpQuicklyOnAnAddressThatWasNeverReached) {
  FakeApi api(5);
  const absl::Status refused = MarkConnectionFailure(absl::UnavailableError("Connection refused"));
  api.failures.assign(1000, refused);
  const absl::Time start = absl::Now();
  const Result result = Run(api);
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("error: nothing listens at 127.0.0.1:8443"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(20));
}

TEST_F(ListActorsTest, AnInterruptEndsWithTheResumeCommand) {
  FakeApi api(50);
  api.on_list = [&] {
    if (api.requests.size() == 3) interruption_.Interrupt();
  };
  api.failures = {absl::OkStatus(), absl::OkStatus(), absl::CancelledError("by the user")};
  const Result result = Run(api);
  EXPECT_EQ(result.exit_status, 130);
  // Of the pages that had come, some were printed: it goes on behind them.
  const auto rows = std::count(result.out.begin(), result.out.end(), '\n');
  EXPECT_LE(rows, 4);
  const std::string token = rows == 0 ? "" : absl::StrCat(" --page-token ", rows);
  EXPECT_THAT(result.err,
              HasSubstr(absl::StrCat("  kubectl-ate get actors -A -o name", token, "\n")));
  EXPECT_THAT(result.err, Not(HasSubstr("error")));
}

TEST_F(ListActorsTest, AnInterruptDuringBackOffEndsItAtOnce) {
  FakeApi api(50);
  api.failures.assign(1000, absl::UnavailableError("down"));
  api.on_list = [&] {
    if (api.requests.size() == 2) interruption_.Interrupt();
  };
  const Result result = Run(api);
  EXPECT_EQ(result.exit_status, 130);
  EXPECT_EQ(api.requests.size(), 2U);
  EXPECT_THAT(result.err, HasSubstr("  kubectl-ate get actors -A -o name\n"));
}

TEST_F(ListActorsTest, AClosedPipeEndsItQuietly) {
  FakeApi api(1'000'000);
  api.page_size = 1000;
  int out[2];
  ASSERT_EQ(pipe(out), 0);
  PipeEnd err;
  api.on_list = [&] {
    if (api.requests.size() == 3) close(out[0]);  // the reader goes away between two pages
  };
  fcntl(out[1], F_SETPIPE_SZ, 1 << 20);  // the pages before fit in
  const int exit_status =
      RunListActors({.output = {.format = OutputFormat::kName}}, ContextFor(api, out[1], err.fd()));
  close(out[1]);
  EXPECT_EQ(exit_status, 0);
  EXPECT_EQ(err.Text(), "");
  EXPECT_GE(api.requests.size(), 3U);
  EXPECT_LT(api.requests.size(), 100U);  // what is read ahead is bounded
}

TEST_F(ListActorsTest, NothingFoundIsSaidAndIsNoError) {
  FakeApi api(0);
  const Result result = Run(api);
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "No resources found.\n");
}

TEST_F(ListActorsTest, AnUnknownAtespaceIsPointedOut) {
  FakeApi api(0);
  api.atespace_exists = false;
  const Result result = Run(api, {.atespace = "typo", .output = {OutputFormat::kJson}});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "{\"actors\":[]}\n");
  EXPECT_THAT(result.err, HasSubstr("there is no atespace \"typo\""));
  EXPECT_THAT(result.err, StartsWith("No resources found.\nnote: "));
}

TEST_F(ListActorsTest, AnUnknownAtespaceIsPointedOutBeforeEverythingWasLookedAt) {
  FakeApi api(0);
  api.atespace_exists = false;
  api.empty_pages = 3;
  api.on_list = [&] {
    // The last page comes only when it was asked for.
    if (api.requests.size() == 4) api.atespaces_asked_for.wait(0);
  };
  const Result result = Run(api, {.atespace = "typo", .output = {OutputFormat::kName}});
  EXPECT_EQ(api.requests.size(), 4U);
  EXPECT_EQ(api.atespaces_asked_for, 1);
  EXPECT_EQ(result.err,
            "note: there is no atespace \"typo\"; kubectl-ate get atespaces lists them\n"
            "No resources found.\n");
}

TEST_F(ListActorsTest, AnAtespaceIsNotAskedForOnceActorsWereFound) {
  FakeApi api(4);
  api.atespace_exists = false;
  const Result result = Run(api, {.atespace = "a", .output = {OutputFormat::kName}});
  EXPECT_EQ(api.atespaces_asked_for, 0);
  EXPECT_EQ(result.err, "");
}

TEST_F(ListActorsTest, SortCollectsFirst) {
  FakeApi api(4);
  api.reversed = true;
  const Result result = Run(api, {.sort = true, .output = {OutputFormat::kName}});
  EXPECT_EQ(result.out, "actor/a/id-1\nactor/a/id-2\nactor/a/id-3\nactor/a/id-4\n");
}

TEST_F(ListActorsTest, SkippedRecordsAreReported) {
  FakeApi api(4);
  api.skipped_a_page = 2;
  const Result result = Run(api);
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.err, HasSubstr("warning: 4 records could not be read"));
}

TEST_F(ListActorsTest, AsksForTheFilterAndForWhatItShows) {
  FakeApi api(3);
  const Result result = Run(api, {.filter = "version = 1", .output = {OutputFormat::kName}});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "actor/a/id-0\nactor/a/id-1\nactor/a/id-2\n");
  ASSERT_EQ(api.requests.size(), 2U);
  for (const ateapi::ListActorsRequest& request : api.requests) {
    EXPECT_EQ(request.filter(), "version = 1");
    EXPECT_THAT(request.read_mask().paths(), UnorderedElementsAre("atespace", "actor_id"));
  }
  FakeApi whole(1);
  Run(whole, {.output = {OutputFormat::kJsonLines}});
  EXPECT_FALSE(whole.requests[0].has_read_mask());
}

TEST_F(ListActorsTest, AnOlderServiceThatIgnoresTheFilterIsNotBelieved) {
  FakeApi api(3);
  api.knows_filters = false;
  const Result result =
      Run(api, {.page_tokens = {"1"}, .filter = "version = 1", .output = {OutputFormat::kName}});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err,
              HasSubstr("error: the service is older than this program and ignores filters"));
}

TEST_F(ListActorsTest, TheResumeCommandKeepsTheFilter) {
  FakeApi api(3);
  const Result result = Run(api, {.limit = 1,
                                  .filter = "actor_id = \"it's\"",
                                  .output = {OutputFormat::kCustomColumns, false, "ID:.actorId"}});
  EXPECT_EQ(result.out, "ID\nid-0\n");
  EXPECT_THAT(result.err,
              HasSubstr("  kubectl-ate get actors -A --filter 'actor_id = \"it'\\''s\"' --limit 1 "
                        "-o custom-columns=ID:.actorId --page-token 1\n"));
}

CountPage PageOfCounts(const std::vector<std::pair<std::string, int64_t>>& counts,
                       const std::string& token) {
  CountPage page;
  for (const auto& [group, number] : counts) {
    ateapi::ActorCount& count = *page.response.add_counts();
    if (!group.empty()) count.add_group(group);
    count.set_count(number);
  }
  page.response.set_next_page_token(token);
  return page;
}

TEST_F(ListActorsTest, CountsAreAddedUp) {
  FakeApi api(0);
  api.counts = {PageOfCounts({{"STATUS_RUNNING", 3}, {"STATUS_PAUSED", 1}}, "T1"),
                absl::UnavailableError("failover"), PageOfCounts({}, "T2"),
                PageOfCounts({{"STATUS_RUNNING", 4}}, "")};
  PipeEnd out;
  PipeEnd err;
  const int exit_status = RunCountActors({.filter = "version > 1", .by = {"status"}},
                                         ContextFor(api, out.fd(), err.fd()));
  EXPECT_EQ(exit_status, 0);
  EXPECT_EQ(out.Text(), "STATUS    COUNT\nPAUSED    1\nRUNNING   7\n");
  EXPECT_EQ(err.Text(), "");
  ASSERT_EQ(api.count_requests.size(), 4U);
  EXPECT_EQ(api.count_requests[2].page_token(), "T1");
  EXPECT_EQ(api.count_requests[3].page_token(), "T2");
  EXPECT_EQ(api.count_requests[0].filter(), "version > 1");
  EXPECT_THAT(api.count_requests[0].group_by(), ElementsAre("status"));
}

TEST_F(ListActorsTest, ACountOfNothingIsZero) {
  FakeApi api(0);
  api.counts = {PageOfCounts({}, "")};
  PipeEnd out;
  PipeEnd err;
  EXPECT_EQ(RunCountActors({}, ContextFor(api, out.fd(), err.fd())), 0);
  EXPECT_EQ(out.Text(), "COUNT\n0\n");
}

TEST_F(ListActorsTest, ACountThatFailsSaysThatItIsAPart) {
  FakeApi api(0);
  api.counts = {PageOfCounts({{"", 5}}, "T1"), absl::PermissionDeniedError("not you")};
  PipeEnd out;
  PipeEnd err;
  const int exit_status =
      RunCountActors({.atespace = "a", .output = {.format = OutputFormat::kJson}},
                     ContextFor(api, out.fd(), err.fd()));
  EXPECT_EQ(exit_status, 1);
  EXPECT_EQ(out.Text(), "{\"counts\":[\n{\"count\":5}\n],\"total\":5,\"nextPageToken\":\"T1\"}\n");
  EXPECT_EQ(err.Text(),
            "error: not you\nincomplete: 5 actors counted so far; to count the others:\n"
            "  kubectl-ate count actors -a a -o json --page-token T1\n");
}

TEST_F(ListActorsTest, AnOlderServiceThatDoesNotCountIsNamed) {
  FakeApi api(0);
  PipeEnd out;
  PipeEnd err;
  EXPECT_EQ(RunCountActors({}, ContextFor(api, out.fd(), err.fd())), 1);
  EXPECT_EQ(out.Text(), "");
  EXPECT_THAT(err.Text(),
              HasSubstr("error: the service is older than this program and cannot count"));
}

TEST_F(ListActorsTest, AFullDiskIsAnErrorWithTheResumeCommand) {
  FakeApi api(4);
  const int full = open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  PipeEnd err;
  const int exit_status = RunListActors({.page_tokens = {"1"}, .output = {OutputFormat::kName}},
                                        ContextFor(api, full, err.fd()));
  close(full);
  EXPECT_EQ(exit_status, 1);
  EXPECT_THAT(err.Text(), HasSubstr("No space left on device"));
  EXPECT_THAT(err.Text(), HasSubstr("--page-token 1\n"));
}

}  // namespace
}  // namespace atestore::cli
