// Listings and counts that are read in several parts at the same time.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apps/kubectl-ate/count_actors.h"
#include "apps/kubectl-ate/list_actors.h"
#include "apps/kubectl-ate/list_records.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/kubectl_fixture.h"

namespace atestore::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// ---- a service with parts ----

// Numbered actors. The token "3-9" is what is left of a part: the actors 3 to 8.
class PartedApi final : public UnimplementedApi {
 public:
  explicit PartedApi(int64_t actors, int64_t page_size = 10)
      : actors_(actors), page_size_(page_size) {}

  absl::StatusOr<std::vector<std::string>> PartitionActors(
      const ateapi::PartitionActorsRequest& request, absl::Time) override {
    const std::lock_guard lock(mutex_);
    partitions.push_back(request);
    const absl::StatusOr<Range> range = Parse(request.page_token());
    if (!range.ok()) return range.status();
    const int64_t count = request.partition_count() == 0 ? 3 : request.partition_count();
    std::vector<std::string> tokens;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t size = range->end - range->begin;
      const std::string token =
          Format({range->begin + size * i / count, range->begin + size * (i + 1) / count});
      if (!token.empty()) tokens.push_back(token);
    }
    return tokens;
  }

  std::unique_ptr<ActorStream> ReadActors(const ateapi::ListActorsRequest& request,
                                          absl::Time) override {
    if (!has_streams) return UnimplementedApi::ReadActors(request, {});
    return std::make_unique<Stream>(*this, request);
  }

  absl::StatusOr<ListPage> ListActors(const ateapi::ListActorsRequest& request,
                                      absl::Time) override {
    return Page(request);
  }

  absl::StatusOr<CountPage> CountActors(const ateapi::CountActorsRequest& request,
                                        absl::Time) override {
    absl::StatusOr<Range> range = Parse(request.page_token());
    if (!range.ok()) return range.status();
    if (absl::Status status = Enter(*range); !status.ok()) return status;
    CountPage page;
    const int64_t end = std::min(range->end, range->begin + page_size_);
    page.response.add_counts()->set_count(end - range->begin);
    page.response.set_next_page_token(Format({end, range->end}));
    return page;
  }

  void Cancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }

  // Lets pages out only when so many threads wait for one.
  void MeetBeforeTheFirstPage(size_t threads) { meeting_ = threads; }

  bool has_streams = true;
  std::vector<ateapi::PartitionActorsRequest> partitions;
  // What the page that begins with this actor fails with, so many times.
  std::map<int64_t, std::pair<int, absl::Status>> failures;
  // More streams at a time are refused.
  size_t streams_max = 1000;
  size_t refused = 0;
  // Called, not at the same time, before the page that begins with this actor.
  std::function<void(int64_t)> on_page;

 private:
  struct Range {
    int64_t begin;
    int64_t end;
  };

  class Stream final : public ActorStream {
   public:
    Stream(PartedApi& api, const ateapi::ListActorsRequest& request)
        : api_(api), request_(request) {
      const std::lock_guard lock(api_.mutex_);
      admitted_ = api_.streams_ < api_.streams_max;
      if (admitted_) {
        ++api_.streams_;
      } else {
        ++api_.refused;
      }
    }
    ~Stream() override {
      const std::lock_guard lock(api_.mutex_);
      if (admitted_) --api_.streams_;
    }
    absl::StatusOr<ListPage> Next(absl::Time) override {
      if (!admitted_) return absl::ResourceExhaustedError("too many streams");
      absl::StatusOr<ListPage> page = api_.Page(request_);
      if (page.ok()) request_.set_page_token(page->response.next_page_token());
      return page;
    }

   private:
    PartedApi& api_;
    ateapi::ListActorsRequest request_;
    bool admitted_ = false;
  };

  absl::StatusOr<Range> Parse(const std::string& token) const {
    if (token.empty()) return Range{0, actors_};
    const std::vector<std::string> numbers = absl::StrSplit(token, '-');
    Range range{0, 0};
    if (numbers.size() != 2 || !absl::SimpleAtoi(numbers[0], &range.begin) ||
        !absl::SimpleAtoi(numbers[1], &range.end)) {
      return absl::InvalidArgumentError("page_token: PAGE_TOKEN_MALFORMED");
    }
    return range;
  }

  static std::string Format(Range range) {
    return range.begin == range.end ? "" : absl::StrCat(range.begin, "-", range.end);
  }

  absl::Status Enter(const Range& range) {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return arrived_ >= meeting_ || cancelled_; });
    if (on_page) on_page(range.begin);
    const auto failure = failures.find(range.begin);
    if (failure != failures.end() && failure->second.first-- > 0) return failure->second.second;
    return cancelled_ ? absl::CancelledError("") : absl::OkStatus();
  }

  absl::StatusOr<ListPage> Page(const ateapi::ListActorsRequest& request) {
    const absl::StatusOr<Range> range = Parse(request.page_token());
    if (!range.ok()) return range.status();
    if (absl::Status status = Enter(*range); !status.ok()) return status;
    const int64_t size = request.page_size() > 0 ? request.page_size() : page_size_;
    const int64_t end = std::min(range->end, range->begin + size);
    ListPage page;
    for (int64_t i = range->begin; i < end; ++i) {
      ateapi::Actor& actor = *page.response.add_actors();
      actor.set_atespace("a");
      actor.set_actor_id(absl::StrCat(i));
    }
    page.response.set_next_page_token(Format({end, range->end}));
    page.skipped_records = page.response.next_page_token().empty() ? 1 : 0;
    return page;
  }

  const int64_t actors_;
  const int64_t page_size_;
  size_t meeting_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t arrived_ = 0;
  size_t streams_ = 0;
  bool cancelled_ = false;
};

std::vector<std::string> Lines(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

std::vector<std::string> TokensOf(const std::string& err) {
  const size_t flag = err.find("--page-token ");
  if (flag == std::string::npos) return {};
  const size_t begin = flag + 13;
  return absl::StrSplit(err.substr(begin, err.find('\n', begin) - begin), ',');
}

class ParallelTest : public CommandTest {
 protected:
  Result List(PartedApi& api, ListActors command = {}) {
    command.output.format = OutputFormat::kName;
    return RunIt(RunListActors, api, command);
  }

  // Every actor of `actors` once.
  static void ExpectEachOnce(const std::vector<std::string>& names, size_t actors) {
    EXPECT_THAT(names, SizeIs(actors));
    EXPECT_THAT(std::set<std::string>(names.begin(), names.end()), SizeIs(actors));
  }
};

TEST_F(ParallelTest, ReadsAllPartsAtTheSameTime) {
  PartedApi api(1000);
  api.MeetBeforeTheFirstPage(8);  // one after the other, they would wait for ever
  const Result result = List(api, {.parallel = 8});
  EXPECT_EQ(result.exit_status, 0);
  ExpectEachOnce(Lines(result.out), 1000);
  ASSERT_THAT(api.partitions, SizeIs(1));
  EXPECT_EQ(api.partitions[0].partition_count(), 8);
  EXPECT_EQ(result.err,
            "warning: 8 records could not be read and were skipped; the log of ateapi names "
            "them\n");
}

TEST_F(ParallelTest, TheServiceChoosesHowManyParts) {
  PartedApi api(100);
  api.MeetBeforeTheFirstPage(3);
  ExpectEachOnce(Lines(List(api).out), 100);
  ASSERT_THAT(api.partitions, SizeIs(1));
  EXPECT_EQ(api.partitions[0].partition_count(), 0);
}

TEST_F(ParallelTest, TheColumnsOfASmallTableFitAllParts) {
  // In each part other ids are the widest.
  PartedApi one(120, 200);
  const Result serial = RunIt(RunListActors, one, ListActors{.parallel = 1});
  for (int i = 0; i < 20; ++i) {
    PartedApi api(120, 200);
    api.MeetBeforeTheFirstPage(3);
    const Result result = RunIt(RunListActors, api, ListActors{});
    EXPECT_THAT(Lines(result.out), ::testing::UnorderedElementsAreArray(Lines(serial.out)));
    EXPECT_EQ(Lines(result.out)[0], Lines(serial.out)[0]);  // the header comes first
  }
}

TEST_F(ParallelTest, OneStreamNeedsNoParts) {
  PartedApi api(35);
  const Result result = List(api, {.parallel = 1});
  ExpectEachOnce(Lines(result.out), 35);
  EXPECT_THAT(Lines(result.out)[34], HasSubstr("/34"));  // in order
  EXPECT_THAT(api.partitions, IsEmpty());
}

TEST_F(ParallelTest, PartsWithoutStreamsAreReadPageByPage) {
  PartedApi api(300);
  api.has_streams = false;
  api.MeetBeforeTheFirstPage(3);
  ExpectEachOnce(Lines(List(api).out), 300);
}

TEST_F(ParallelTest, ALimitTakesTheFirstActorsOfTheFirstTokens) {
  PartedApi api(100);
  const Result result = List(api, {.limit = 25, .page_tokens = {"0-15", "50-100"}});
  EXPECT_EQ(result.exit_status, 0);
  ASSERT_THAT(Lines(result.out), SizeIs(25));
  EXPECT_EQ(Lines(result.out)[24], "actor/a/59");
  EXPECT_THAT(TokensOf(result.err), ElementsAre("60-100"));
}

TEST_F(ParallelTest, SeveralTokensAreCutFurtherForMoreParts) {
  PartedApi api(100);
  api.MeetBeforeTheFirstPage(5);
  const Result result = List(api, {.parallel = 5, .page_tokens = {"0-50", "60-100"}});
  ExpectEachOnce(Lines(result.out), 90);
  ASSERT_THAT(api.partitions, SizeIs(2));
  EXPECT_EQ(api.partitions[0].partition_count(), 3);
  EXPECT_EQ(api.partitions[1].partition_count(), 2);
}

TEST_F(ParallelTest, MoreTokensThanStreamsAreReadOneAfterTheOther) {
  PartedApi api(100);
  api.streams_max = 2;
  const Result result =
      List(api, {.parallel = 2, .page_tokens = {"0-20", "20-40", "40-60", "60-80", "80-100"}});
  ExpectEachOnce(Lines(result.out), 100);
  EXPECT_EQ(api.refused, 0U);
}

TEST_F(ParallelTest, ABadTokenOfSeveralIsNamedBeforeAnythingIsPrinted) {
  PartedApi api(100);
  const Result result = List(api, {.page_tokens = {"0-20", "rubbish", "40-60"}});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err,
            "error: --page-token: token 2 of 3, rubbish: page_token: PAGE_TOKEN_MALFORMED\n");
}

TEST_F(ParallelTest, EachPartIsTriedAgainFromItsLastPage) {
  PartedApi api(100);
  api.failures[0] = {2, absl::UnavailableError("failover")};
  api.failures[60] = {1, absl::CancelledError("by a server that closes")};
  api.failures[90] = {1, absl::UnavailableError("failover")};
  const Result result = List(api, {.parallel = 4});
  EXPECT_EQ(result.exit_status, 0);
  ExpectEachOnce(Lines(result.out), 100);
}

TEST_F(ParallelTest, AFailureOfOnePartEndsItAndTheTokensAreWhatIsLeft) {
  PartedApi api(1000);
  api.failures[510] = {1, absl::PermissionDeniedError("not you")};
  const Result first = List(api, {.parallel = 4});
  EXPECT_EQ(first.exit_status, 1);
  EXPECT_THAT(first.err, HasSubstr("error: not you\n"));
  const std::vector<std::string> left = TokensOf(first.err);
  EXPECT_THAT(left, ::testing::Contains("510-750"));
  std::vector<std::string> names = Lines(first.out);
  EXPECT_THAT(first.err, HasSubstr(absl::StrCat("to continue after ", names.size(), " actors:\n")));
  PartedApi again(1000);
  for (const std::string& name : Lines(List(again, {.parallel = 3, .page_tokens = left}).out)) {
    names.push_back(name);
  }
  ExpectEachOnce(names, 1000);
}

TEST_F(ParallelTest, AnInterruptLeavesEachActorToOneOfTheTwo) {
  PartedApi api(10'000, 100);
  api.on_page = [&, pages = 0](int64_t) mutable {
    if (++pages == 40) interruption_.Interrupt();
  };
  const Result first = List(api, {.parallel = 8});
  EXPECT_EQ(first.exit_status, 130);
  EXPECT_THAT(first.err, Not(HasSubstr("error")));
  EXPECT_THAT(first.err, HasSubstr(" --parallel 8 "));
  std::vector<std::string> names = Lines(first.out);
  // Where nothing was printed there is no token: the command begins anew.
  const std::vector<std::string> left = TokensOf(first.err);
  EXPECT_EQ(left.empty(), names.empty());
  PartedApi again(10'000, 100);
  Interruption nobody;
  PipeEnd out;
  PipeEnd err;
  EXPECT_EQ(
      RunListActors({.parallel = 3, .page_tokens = left, .output = {.format = OutputFormat::kName}},
                    {.api = again,
                     .interruption = nobody,
                     .out = out.fd(),
                     .err = err.fd(),
                     .deadline = absl::InfiniteFuture(),
                     .connection = connection_,
                     .timeout = absl::InfiniteDuration()}),
      0);
  for (const std::string& name : Lines(out.Text())) names.push_back(name);
  ExpectEachOnce(names, 10'000);
}

TEST_F(ParallelTest, AServiceThatLetsInFewerStreamsIsReadByFewer) {
  PartedApi api(1000);
  api.streams_max = 2;
  const Result result = List(api, {.parallel = 6});
  EXPECT_EQ(result.exit_status, 0);
  ExpectEachOnce(Lines(result.out), 1000);
}

TEST_F(ParallelTest, AFullDiskLeavesThePageToTheResumeCommand) {
  PartedApi api(100);
  const int full = open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  PipeEnd err;
  const int exit_status = RunListActors(
      {.parallel = 2, .page_tokens = {"0-50", "50-100"}, .output = {.format = OutputFormat::kName}},
      ContextFor(api, full, err.fd()));
  close(full);
  EXPECT_EQ(exit_status, 1);
  EXPECT_THAT(err.Text(), HasSubstr("No space left on device"));
  EXPECT_THAT(TokensOf(err.Text()), ElementsAre("0-50", "50-100"));
}

TEST_F(ParallelTest, CountsOfPartsAreAddedUp) {
  PartedApi api(1000);
  api.MeetBeforeTheFirstPage(4);
  const Result result = RunIt(RunCountActors, api, CountActors{.parallel = 4});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "COUNT\n1000\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(ParallelTest, ACountThatFailsGoesOnWithTheTokensThatAreLeft) {
  PartedApi api(1000);
  api.failures[510] = {1, absl::PermissionDeniedError("not you")};
  const CountActors command{.parallel = 4, .output = {.format = OutputFormat::kJson}};
  const Result first = RunIt(RunCountActors, api, command);
  EXPECT_EQ(first.exit_status, 1);
  const std::vector<std::string> left = TokensOf(first.err);
  EXPECT_THAT(first.out,
              HasSubstr(absl::StrCat("\"nextPageToken\":\"", absl::StrJoin(left, ","), "\"")));
  PartedApi again(1000);
  const Result second = RunIt(RunCountActors, again, CountActors{.page_tokens = left});
  int64_t counted = 0;
  const size_t total = first.out.find("\"total\":");
  ASSERT_NE(total, std::string::npos);
  counted = std::stoll(first.out.substr(total + 8));
  EXPECT_EQ(counted + std::stoll(second.out.substr(6)), 1000);
}

// ---- atespaces and workers ----

class PagedApi final : public UnimplementedApi {
 public:
  absl::StatusOr<AtespacePage> ListAtespaces(const std::string& page_token, absl::Time) override {
    asked.push_back(page_token);
    if (!failures.empty() && asked.size() == failures.front()) {
      failures.erase(failures.begin());
      return failure;
    }
    AtespacePage page;
    const int number = page_token.empty() ? 0 : std::stoi(page_token);
    ateapi::Atespace atespace;
    atespace.set_name(absl::StrCat("space-", number));
    if (number != 1) page.records.push_back(atespace);  // a page may be empty
    if (number < 3) page.next_page_token = absl::StrCat(number + 1);
    return page;
  }

  std::vector<std::string> asked;
  std::vector<size_t> failures;  // of these calls
  absl::Status failure = absl::UnavailableError("failover");
};

TEST_F(ParallelTest, AtespacesComePageByPage) {
  PagedApi api;
  api.failures = {3};
  const Result result = RunIt(RunListAtespaces, api, ListAtespaces{});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "NAME\nspace-0\nspace-2\nspace-3\n");
  EXPECT_THAT(api.asked, ElementsAre("", "1", "2", "2", "3"));
}

TEST_F(ParallelTest, AtespacesOfOnePageAreSorted) {
  class OnePageApi final : public UnimplementedApi {
    absl::StatusOr<AtespacePage> ListAtespaces(const std::string&, absl::Time) override {
      AtespacePage page;
      for (const char* const name : {"b", "c", "a"}) page.records.emplace_back().set_name(name);
      return page;
    }
  };
  OnePageApi api;
  EXPECT_EQ(RunIt(RunListAtespaces, api, ListAtespaces{}).out, "NAME\na\nb\nc\n");
}

TEST_F(ParallelTest, AListOfAtespacesThatFailsIsADocument) {
  PagedApi api;
  api.failures = {3};
  api.failure = absl::PermissionDeniedError("not you");
  const Result result =
      RunIt(RunListAtespaces, api, ListAtespaces{.output = {.format = OutputFormat::kJson}});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "{\"atespaces\":[\n{\"name\":\"space-0\"}\n]}\n");
  EXPECT_EQ(result.err, "error: not you\n");
}

}  // namespace
}  // namespace atestore::cli
