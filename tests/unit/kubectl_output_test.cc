#include <clocale>

#include "apps/kubectl-ate/control_api.h"
#include "apps/kubectl-ate/endpoint.h"
#include "apps/kubectl-ate/error_text.h"
#include "apps/kubectl-ate/printer.h"
#include "apps/kubectl-ate/table.h"
#include "apps/kubectl-ate/terminal.h"
#include "apps/kubectl-ate/text.h"
#include "apps/kubectl-ate/yaml.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace atestore::cli {
namespace {

using ::testing::HasSubstr;

ateapi::Actor MakeActor(const std::string& atespace, const std::string& id) {
  ateapi::Actor actor;
  actor.set_atespace(atespace);
  actor.set_actor_id(id);
  actor.set_version(2);
  actor.set_status(ateapi::Actor::STATUS_SUSPENDED);
  return actor;
}

TEST(Text, WritesControlCharactersOut) {
  EXPECT_EQ(Printable("plain-1"), "plain-1");
  EXPECT_EQ(Printable("\x1b[31mred\r\n"), "\\x1b[31mred\\x0d\\x0a");
  EXPECT_EQ(Printable("grün 日本 é"), "grün 日本 é");
  EXPECT_EQ(Printable("a\xe2\x80\xae"
                      "b"),
            "a\\u202eb");                                   // right-to-left override
  EXPECT_EQ(Printable("\xff\xc3"), "\\xff\\xc3");           // no UTF-8
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(Printable("\xc2\x9b"), "\\x9b");                // C1: begins escape sequences too
}

TEST(Text, CountsColumns) {
  ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
  EXPECT_EQ(DisplayWidth("abc"), 3U);
  EXPECT_EQ(DisplayWidth("grün"), 4U);
  EXPECT_EQ(DisplayWidth("日本"), 4U);
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1U);  // with a combining accent
}

TEST(Table, AlignsColumnsByDisplayWidth) {
  ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
  Table table({"A", "LONG HEADER", "C"});
  EXPECT_EQ(table.Format({{"日本", "x", "1"}, {"", "y", ""}}),
            "A        LONG HEADER   C\n"
            "日本     x             1\n"
            "<none>   y             <none>\n");
}

TEST(Table, LaterBatchesKeepOrWidenColumns) {
  Table table({"A", "B"});
  EXPECT_EQ(table.Format({{"longer", "x"}}), "A        B\nlonger   x\n");
  EXPECT_EQ(table.Format({{"s", "x"}}), "s        x\n");
  EXPECT_EQ(table.Format({{"the longest", "x"}, {"s", "x"}}), "the longest   x\ns             x\n");
  EXPECT_EQ(table.Format({}), "");
}

TEST(Printer, TableHasTheColumnsOfTheApi) {
  const std::unique_ptr<Printer> printer = MakePrinter({.format = OutputFormat::kTable}, "actors");
  const std::string text = printer->Print(std::vector<ateapi::Actor>{MakeActor("team", "one")});
  EXPECT_EQ(text,
            "ATESPACE   TEMPLATE NS   TEMPLATE   ID    STATUS      ATEOM POD   ATEOM IP   VERSION\n"
            "team       <none>        <none>     one   SUSPENDED   <none>      <none>     2\n");
}

TEST(Printer, NoHeadersMeansRowsOnly) {
  const std::unique_ptr<Printer> printer =
      MakePrinter({.format = OutputFormat::kTable, .no_headers = true}, "atespaces");
  ateapi::Atespace atespace;
  atespace.set_name("team");
  EXPECT_EQ(printer->Print(std::vector<ateapi::Atespace>{atespace}), "team\n");
}

TEST(Printer, JsonIsOneDocumentHoweverItEnds) {
  const std::unique_ptr<Printer> empty = MakePrinter({.format = OutputFormat::kJson}, "actors");
  EXPECT_EQ(empty->Begin() + empty->End(), "{\"actors\":[]}\n");
  const std::unique_ptr<Printer> printer = MakePrinter({.format = OutputFormat::kJson}, "actors");
  std::string text = printer->Begin();
  text += printer->Print(std::vector<ateapi::Actor>{MakeActor("a", "1"), MakeActor("a", "2")});
  text += printer->Print(std::vector<ateapi::Actor>{});
  text += printer->Print(std::vector<ateapi::Actor>{MakeActor("a", "3")});
  text += printer->End();
  EXPECT_EQ(text,
            "{\"actors\":[\n"
            R"({"actorId":"1","version":"2","status":"STATUS_SUSPENDED","atespace":"a"},)"
            "\n"
            R"({"actorId":"2","version":"2","status":"STATUS_SUSPENDED","atespace":"a"},)"
            "\n"
            R"({"actorId":"3","version":"2","status":"STATUS_SUSPENDED","atespace":"a"})"
            "\n"
            "]}\n");
}

TEST(Printer, NamesAndJsonLinesAreOneLineEach) {
  const std::vector<ateapi::Actor> actors = {MakeActor("a", "1"), MakeActor("b", "2\n3")};
  EXPECT_EQ(MakePrinter({.format = OutputFormat::kName}, "actors")->Print(actors),
            "actor/a/1\nactor/b/2\\x0a3\n");
  EXPECT_EQ(MakePrinter({.format = OutputFormat::kJsonLines}, "actors")->Print(actors),
            R"({"actorId":"1","version":"2","status":"STATUS_SUSPENDED","atespace":"a"})"
            "\n"
            R"({"actorId":"2\n3","version":"2","status":"STATUS_SUSPENDED","atespace":"b"})"
            "\n");
}

TEST(Printer, YamlKeepsTheShape) {
  const std::unique_ptr<Printer> empty = MakePrinter({.format = OutputFormat::kYaml}, "actors");
  EXPECT_EQ(empty->Begin() + empty->End(), "actors: []\n");
  const std::unique_ptr<Printer> printer = MakePrinter({.format = OutputFormat::kYaml}, "actors");
  std::string text = printer->Begin();
  text += printer->Print(std::vector<ateapi::Actor>{MakeActor("a", "x")});
  text += printer->End();
  EXPECT_EQ(text,
            "actors:\n- actorId: x\n  version: \"2\"\n  status: STATUS_SUSPENDED\n  atespace: a\n");
}

TEST(Yaml, QuotesWhatAParserCouldMistake) {
  EXPECT_EQ(YamlSequenceItem(R"({"a":"yes","b":"1.0","c":"x: y","d":"","e":"- x","f":"NULL"})"),
            "- a: \"yes\"\n  b: \"1.0\"\n  c: \"x: y\"\n  d: \"\"\n  e: \"- x\"\n  f: \"NULL\"\n");
  EXPECT_EQ(YamlSequenceItem(R"({"a":"line\nfeed \"q\" \\ \u0007"})"),
            "- a: \"line\\nfeed \\\"q\\\" \\\\ \\x07\"\n");
  EXPECT_EQ(YamlSequenceItem("{\"a\u202e\":\"\u009b\u2028\u00e4\"}"),
            "- \"a\\u202e\": \"\\x9b\\u2028\u00e4\"\n");
}

TEST(Yaml, NestsObjectsAndArrays) {
  EXPECT_EQ(YamlSequenceItem(R"({"o":{"k":"v","e":{}},"l":["a",{"x":1,"y":true}],"m":[]})"),
            "- o:\n    k: v\n    e: {}\n  l:\n  - a\n  - x: 1\n    \"y\": true\n  m: []\n");
  EXPECT_EQ(YamlSequenceItem("{}"), "- {}\n");
  EXPECT_EQ(YamlSequenceItem("[1]"), "");
}

TEST(Progress, SaysWhatIsKnown) {
  EXPECT_EQ(ProgressText(0.25, 0.25, 1234567, absl::Seconds(10)),
            "25.0 %  1,234,567 actors  123,456/s  30s left");
  EXPECT_EQ(ProgressText(std::nullopt, 0, 1, absl::ZeroDuration()), "1 actor");
  // Resumed at 50 %: what was done before does not make it look faster.
  EXPECT_EQ(ProgressText(0.6, 0.1, 100, absl::Seconds(100)), "60.0 %  100 actors  1/s  6m40s left");
}

TEST(Progress, GroupsThousands) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(999), "999");
  EXPECT_EQ(WithThousands(1000), "1,000");
  EXPECT_EQ(WithThousands(-123456), "-123,456");
}

TEST(Endpoint, LoopbackInEverySpellingIsLocal) {
  for (const char* const local :
       {"127.0.0.1:80", "127.1:80", "127.255.0.9:80", "localhost:80", "LocalHost.:80", "[::1]:80",
        "::1:80", "[0:0:0:0:0:0:0:1]:80", "[::ffff:127.0.0.1]:80", "dns:///127.0.0.1:80",
        "dns:localhost:80", "dns://8.8.8.8/localhost:80", "ipv4:127.0.0.1:80", "ipv6:[::1]:80",
        "ipv6:%5B::1%5D:80", "unix:/run/x", "unix:///run/x", "unix-abstract:x"}) {
    EXPECT_TRUE(IsLocalEndpoint(local)) << local;
  }
  for (const char* const remote :
       {"10.0.0.1:80", "127.example.org:80", "localhost.example.org:80", "[::2]:80",
        "dns:///ateapi:80", "ipv4:10.0.0.1:80", "dns://127.0.0.1/ateapi:80"}) {
    EXPECT_FALSE(IsLocalEndpoint(remote)) << remote;
  }
}

TEST(Endpoint, TheProxyIsTheOneThatGrpcTakes) {
  std::map<std::string, std::string> variables = {{"http_proxy", "http://me:secret@proxy:3128"}};
  const auto environment = [&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  const std::optional<Proxy> proxy = ProxyFor("ateapi.example.org:80", environment);
  ASSERT_TRUE(proxy.has_value());
  EXPECT_EQ(proxy->address, "http://proxy:3128");
  EXPECT_EQ(proxy->variable, "http_proxy");
  EXPECT_FALSE(ProxyFor("[::1]:80", environment).has_value());
  variables["no_proxy"] = "else.org, example.org";
  EXPECT_FALSE(ProxyFor("ateapi.example.org:80", environment).has_value());
  EXPECT_TRUE(ProxyFor("ateapi.example.net:80", environment).has_value());
}

TEST(ErrorText, NamesTheNextStep) {
  ConnectionOptions connection;
  connection.endpoint = "127.0.0.1:1";
  const auto text = [&](const char* message) {
    return ErrorText(MarkConnectionFailure(absl::UnavailableError(message)), connection);
  };
  EXPECT_THAT(text("… Connection refused"), HasSubstr("nothing listens at 127.0.0.1:1"));
  EXPECT_THAT(text("… certificate verify failed"), HasSubstr("--ca-cert"));
  EXPECT_THAT(text("… wrong version number"), HasSubstr("--plaintext"));
  EXPECT_EQ(ErrorText(absl::NotFoundError("no actor \x1b"), connection), "no actor \\x1b");
}

}  // namespace
}  // namespace atestore::cli
