#include <variant>

#include "absl/strings/str_cat.h"
#include "apps/kubectl-ate/command_line.h"
#include "apps/kubectl-ate/expectation.h"
#include "apps/kubectl-ate/resume_command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace atestore::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string ErrorOf(const std::vector<std::string>& arguments) {
  const absl::StatusOr<Invocation> invocation = ParseCommandLine(arguments);
  return invocation.ok() ? "no error" : std::string(invocation.status().message());
}

template <typename T>
T Parsed(const std::vector<std::string>& arguments) {
  const absl::StatusOr<Invocation> invocation = ParseCommandLine(arguments);
  EXPECT_TRUE(invocation.ok()) << invocation.status();
  if (!invocation.ok() || !std::holds_alternative<T>(invocation->command)) {
    ADD_FAILURE() << "another command";
    return T();
  }
  return std::get<T>(invocation->command);
}

TEST(CommandLine, ListsActorsOfOneOrOfAllAtespaces) {
  const auto one = Parsed<ListActors>({"get", "actors", "-a", "team-a", "--chunk-size", "7",
                                       "--limit", "20", "--page-token", "T", "--sort"});
  EXPECT_EQ(one.atespace, "team-a");
  EXPECT_EQ(one.chunk_size, 7);
  EXPECT_EQ(one.limit, 20);
  EXPECT_THAT(one.page_tokens, ElementsAre("T"));
  EXPECT_TRUE(one.sort);
  const auto all = Parsed<ListActors>({"get", "actors", "-A"});
  EXPECT_EQ(all.atespace, "");
  EXPECT_EQ(all.limit, std::nullopt);
}

TEST(CommandLine, Counts) {
  const auto count = Parsed<CountActors>(
      {"count", "actors", "-A", "--by", "status,worker_selector.match_labels.zone", "-l", "x"});
  EXPECT_THAT(count.by, ElementsAre("status", "worker_selector.match_labels.zone"));
  EXPECT_EQ(count.filter, "worker_selector.match_labels.\"x\":*");
  EXPECT_THAT(ErrorOf({"count", "actors"}), HasSubstr("which atespace?"));
  EXPECT_THAT(ErrorOf({"count", "actors", "-A", "--by", "stauts"}),
              HasSubstr("no field \"stauts\""));
  EXPECT_THAT(ErrorOf({"count", "actors", "-A", "-o", "name"}), HasSubstr("table or json"));
}

TEST(CommandLine, FiltersAndTemplates) {
  const auto list = Parsed<ListActors>({"get", "actors", "-A", "--filter", "version > 3",
                                        "--field-selector=status=RUNNING", "-l", "zone=a", "-o",
                                        "custom-columns=ID:.actorId"});
  EXPECT_EQ(list.filter,
            "(version > 3) AND status = \"RUNNING\" AND "
            "worker_selector.match_labels.\"zone\" = \"a\"");
  EXPECT_EQ(list.output.format, OutputFormat::kCustomColumns);
  EXPECT_EQ(list.output.spec, "ID:.actorId");
  const auto one = Parsed<GetActor>({"get", "actors", "a/x", "-o", "jsonpath={.status}"});
  EXPECT_EQ(one.output.spec, "{.status}");
  EXPECT_THAT(ErrorOf({"get", "actors", "-A", "-o", "jsonpath={.status}"}),
              HasSubstr("-o jsonpath: character 2: outside a range"));
  EXPECT_THAT(ErrorOf({"get", "actors", "-A", "-o", "custom-columns=X:.y"}),
              HasSubstr("-o custom-columns: character 4: an actor has no field \"y\""));
  EXPECT_THAT(ErrorOf({"get", "atespaces", "-o", "custom-columns=X:.name"}),
              HasSubstr("for actors only"));
  EXPECT_THAT(ErrorOf({"get", "actors", "-A", "-o", "xml"}),
              HasSubstr("-o \"xml\" is not a format"));
  EXPECT_THAT(ErrorOf({"get", "actors", "-A", "-l", "zone in (a,b)"}), HasSubstr("-l: "));
  EXPECT_THAT(ErrorOf({"get", "actors", "a/x", "--filter", "version = 1"}),
              HasSubstr("--filter is for listings"));
}

TEST(CommandLine, TakesTheLastPageToken) {
  const auto list =
      Parsed<ListActors>({"get", "actors", "-A", "--page-token", "T1", "--page-token", "T2"});
  EXPECT_THAT(list.page_tokens, ElementsAre("T2"));
}

TEST(CommandLine, TakesSeveralPageTokens) {
  const auto list = Parsed<ListActors>({"get", "actors", "-A", "--page-token", "T1,T2,T3"});
  EXPECT_THAT(list.page_tokens, ElementsAre("T1", "T2", "T3"));
  EXPECT_THAT(Parsed<CountActors>({"count", "actors", "-A", "--page-token=T1,T2"}).page_tokens,
              ElementsAre("T1", "T2"));
  EXPECT_EQ(ErrorOf({"get", "actors", "-A", "--page-token", "T1,,T3"}),
            "--page-token \"T1,,T3\": token 2 is empty");
  EXPECT_EQ(ErrorOf({"count", "actors", "-A", "--page-token", "T1,T2,T1"}),
            "--page-token: token 3, T1, is token 1 again");
  std::string many = "T";
  for (int i = 0; i < 1024; ++i) absl::StrAppend(&many, ",", i);
  EXPECT_THAT(ErrorOf({"get", "actors", "-A", "--page-token", many}),
              HasSubstr("1025 tokens, more than 1024"));
}

TEST(CommandLine, ReadsInParallel) {
  EXPECT_EQ(Parsed<ListActors>({"get", "actors", "-A", "--parallel", "8"}).parallel, 8);
  EXPECT_EQ(Parsed<CountActors>({"count", "actors", "-A", "--parallel", "64"}).parallel, 64);
  EXPECT_EQ(Parsed<ListActors>({"get", "actors", "-A"}).parallel, std::nullopt);
  for (const char* const number : {"0", "65", "-1", "many"}) {
    const std::string flag = absl::StrCat("--parallel=", number);
    EXPECT_THAT(
        ErrorOf({"get", "actors", "-A", flag}),
        HasSubstr(absl::StrCat("--parallel: \"", number, "\" is not a whole number from 1 to 64")));
  }
  EXPECT_THAT(ErrorOf({"get", "actors", "-A", "--parallel", "4", "--limit", "9"}),
              HasSubstr("--limit takes the first actors, page after page: it excludes --parallel "
                        "4"));
  EXPECT_EQ(Parsed<ListActors>({"get", "actors", "-A", "--parallel=1", "--limit=9"}).limit, 9);
  EXPECT_THAT(ErrorOf({"get", "actors", "x", "-a", "y", "--parallel", "2"}),
              HasSubstr("--parallel is for listings"));
}

TEST(CommandLine, SaysHowToChooseTheAtespace) {
  EXPECT_THAT(ErrorOf({"get", "actors"}), HasSubstr("-a ATESPACE for one, or -A for all"));
  EXPECT_THAT(ErrorOf({"get", "actors", "-A", "-a", "x"}), HasSubstr("exclude each other"));
  EXPECT_THAT(ErrorOf({"get", "actors", "id"}), HasSubstr("add -a ATESPACE"));
  EXPECT_THAT(ErrorOf({"get", "actors", "id", "-A"}), HasSubstr("give -a ATESPACE, not -A"));
}

TEST(CommandLine, RefusesWhatItDoesNotUnderstandInOneLine) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"get", "actors", "-A", "--bogus"},
        {"get"},
        {"get", "pods"},
        {"get", "actors", "-A", "-o", "xml"},
        {"get", "actors", "-A", "++"},
        {"get", "actors", "-A", "--chunk-size", "0"},
        {"get", "actors", "-A", "--chunk-size", "1001"},
        {"get", "actors", "-A", "--limit", "0"},
        {"get", "actors", "-A", "--limit", "many"},
        {"get", "actors", "x", "-a", "y", "--limit", "3"},
        {"create", "actor", "x", "-a", "y"},
        {"create", "actor", "x", "-a", "y", "--template", "name"},
        {"create", "actor", "x", "-a", "y", "--template", "n/t", "--worker-selector", "k"},
        {"delete", "actor"},
        {"completion", "tcsh"}}) {
    const std::string error = ErrorOf(arguments);
    EXPECT_NE(error, "no error") << ::testing::PrintToString(arguments);
    EXPECT_THAT(error, Not(HasSubstr("\n")));
  }
  EXPECT_THAT(ErrorOf({"get", "pods"}), HasSubstr("\"pods\" is not known"));
  for (const char* const endpoint : {"h", "h:", "h:0", "h:x", "h:8443x", "h:65536", "h:-1", ""}) {
    EXPECT_THAT(ErrorOf({"get", "actors", "-A", "--endpoint", endpoint}),
                HasSubstr(absl::StrCat("--endpoint: address \"", endpoint, "\" is not host:port")));
  }
  for (const char* const number : {"99999999999999999999", "1k", "1.5", "0", "-1", ""}) {
    EXPECT_THAT(ErrorOf({"get", "actors", "-A", absl::StrCat("--limit=", number)}),
                AllOf(HasSubstr("--limit"), HasSubstr(number)));
  }
  EXPECT_EQ(Parsed<ListActors>({"get", "actors", "-A", "--limit", "010"}).limit, 10);
  for (const char* const seconds : {"nan", "inf", "-1", "soon"}) {
    EXPECT_THAT(ErrorOf({"get", "actors", "-A", absl::StrCat("--timeout=", seconds)}),
                HasSubstr(absl::StrCat("\"", seconds, "\" is not a number of seconds")));
  }
  EXPECT_THAT(ErrorOf({"get", "actors", "-A", "--bogus"}),
              HasSubstr("--bogus; see kubectl-ate get actors --help"));
}

TEST(CommandLine, ConnectionFlagsMayStandAnywhere) {
  const absl::StatusOr<Invocation> invocation =
      ParseCommandLine({"--plaintext", "get", "actors", "-A", "--endpoint", "h:1", "--timeout=2"});
  ASSERT_TRUE(invocation.ok()) << invocation.status();
  EXPECT_TRUE(invocation->connection.plaintext);
  EXPECT_EQ(invocation->connection.endpoint, "h:1");
  EXPECT_EQ(invocation->timeout, absl::Seconds(2));
}

TEST(CommandLine, TakesTheNamesThatItPrints) {
  const auto remove = Parsed<DeleteActors>({"delete", "actor", "actor/a/x", "b/y"});
  ASSERT_EQ(remove.names.size(), 2U);
  EXPECT_EQ(remove.names[0].atespace, "a");
  EXPECT_EQ(remove.names[0].id, "x");
  EXPECT_EQ(remove.names[1].atespace, "b");
  EXPECT_EQ(remove.names[1].id, "y");
  EXPECT_THAT(ErrorOf({"delete", "actor", "-a", "c", "b/y"}), HasSubstr("not in atespace \"c\""));
}

TEST(CommandLine, CreatesActorsWithTemplateAndSelector) {
  const auto create = Parsed<CreateActor>(
      {"create", "actor", "x", "-a", "y", "--template", "ns/t", "--worker-selector", "k=v,l="});
  EXPECT_EQ(create.name.id, "x");
  EXPECT_EQ(create.template_namespace, "ns");
  EXPECT_EQ(create.template_name, "t");
  EXPECT_THAT(create.worker_selector, ElementsAre(std::pair<std::string, std::string>("k", "v"),
                                                  std::pair<std::string, std::string>("l", "")));
}

TEST(CommandLine, HelpNamesExamples) {
  EXPECT_THAT(Parsed<PrintText>({}).text, HasSubstr("Examples:"));
  EXPECT_THAT(Parsed<PrintText>({"get", "actors", "--help"}).text, HasSubstr("--page-token"));
  EXPECT_THAT(Parsed<PrintText>({"completion", "fish"}).text, HasSubstr("__complete"));
}

TEST(Expectation, OffersVerbsNounsFlagsAndValues) {
  EXPECT_THAT(WhatComesNext({""}).candidates,
              ElementsAre("get", "count", "create", "delete", "completion"));
  EXPECT_THAT(WhatComesNext({"get", "w"}).candidates, ElementsAre("workers"));
  EXPECT_THAT(WhatComesNext({"get", "actors", "--page"}).candidates, ElementsAre("--page-token"));
  EXPECT_THAT(WhatComesNext({"get", "actors", "--pl"}).candidates, ElementsAre("--plaintext"));
  EXPECT_THAT(WhatComesNext({"get", "actors", "-o", "js"}).candidates,
              ElementsAre("json", "jsonl", "jsonpath="));
  EXPECT_THAT(WhatComesNext({"get", "actors", "--field-selector", "sta"}).candidates,
              ElementsAre("status="));
  EXPECT_THAT(
      WhatComesNext({"get", "actors", "--field-selector", "version=1,status=STATUS_P"}).candidates,
      ElementsAre("version=1,status=STATUS_PAUSING", "version=1,status=STATUS_PAUSED"));
  EXPECT_THAT(
      WhatComesNext({"get", "actors", "--filter", "version > 1 AND ateom_pod_n"}).candidates,
      ElementsAre("version > 1 AND ateom_pod_namespace", "version > 1 AND ateom_pod_name"));
  EXPECT_THAT(WhatComesNext({"get", "actors", "--filter", "(status != STATUS_R"}).candidates,
              ElementsAre("(status != STATUS_RESUMING", "(status != STATUS_RUNNING"));
  EXPECT_THAT(WhatComesNext({"get", "actors", "--filter", "version = "}).candidates, ElementsAre());
  EXPECT_THAT(WhatComesNext({"completion", ""}).candidates, Contains("zsh"));
  EXPECT_THAT(WhatComesNext({"get", "actors", "--limit", ""}).candidates, ElementsAre());
}

TEST(Expectation, AsksTheServiceOnlyForNames) {
  using Values = Expectation::Values;
  const Expectation actors =
      WhatComesNext({"get", "actors", "--endpoint=h:2", "-a", "team", "--plaintext", ""});
  EXPECT_EQ(actors.values, Values::kActor);
  EXPECT_EQ(actors.atespace, "team");
  EXPECT_EQ(actors.connection.endpoint, "h:2");
  EXPECT_TRUE(actors.connection.plaintext);
  EXPECT_EQ(WhatComesNext({"get", "actors", "-a", ""}).values, Values::kAtespace);
  EXPECT_EQ(WhatComesNext({"delete", "atespace", ""}).values, Values::kAtespace);
  EXPECT_EQ(WhatComesNext({"create", "atespace", ""}).values, Values::kNone);
  EXPECT_EQ(WhatComesNext({"get", ""}).values, Values::kNone);
}

TEST(ResumeCommand, SaysWhatIsNotUsual) {
  EXPECT_EQ(ResumeCommand(ListActors{}, {}, absl::InfiniteDuration(), {"T2"}),
            "kubectl-ate get actors -A --page-token T2");
  EXPECT_EQ(ResumeCommand(ListActors{}, {}, absl::InfiniteDuration(), {}),
            "kubectl-ate get actors -A");
  const ListActors listing{.atespace = "team-a",
                           .chunk_size = 7,
                           .limit = 20,
                           .page_tokens = {"T1"},
                           .sort = true,
                           .output = {.format = OutputFormat::kName, .no_headers = true}};
  const ConnectionOptions connection{
      .endpoint = "h:1", .ca_cert = "my ca's.pem", .client_key = "-k", .plaintext = true};
  EXPECT_EQ(ResumeCommand(listing, connection, absl::Seconds(2.5), {"T2", "T3"}),
            "kubectl-ate get actors -a team-a --chunk-size 7 --limit 20 --sort -o name "
            "--no-headers --endpoint h:1 --ca-cert 'my ca'\\''s.pem' --client-key=-k --plaintext "
            "--timeout 2.5 --page-token T2,T3");
}

}  // namespace
}  // namespace atestore::cli
