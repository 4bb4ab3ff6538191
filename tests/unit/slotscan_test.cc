// The command line and the output of slotscan.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "apps/slotscan/flags.h"
#include "apps/slotscan/output.h"
#include "store/embedded/embedded_transport.h"

namespace slotscan {
namespace {

std::variant<Flags, int> Parse(std::vector<std::string> words) {
  words.insert(words.begin(), "slotscan");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  return ParseFlags(static_cast<int>(arguments.size()), arguments.data());
}

TEST(SlotscanFlags, TheResumeCommandIsTheCommandWithoutThePassword) {
  const std::vector<std::string> words{
      "-h",      "node",       "-p",       "7000",    "--user", "me",       "-a",
      "se cret", "--tls",      "--cacert", "ca file", "--cert", "c.pem",    "--key",
      "k.pem",   "--sni",      "name",     "--match", "it's *", "--values", "-o",
      "jsonl",   "--parallel", "5",        "--rate",  "100",    "--resume", "old"};
  std::variant<Flags, int> flags = Parse(words);
  ASSERT_TRUE(std::holds_alternative<Flags>(flags));
  EXPECT_EQ(ResumeCommand(std::get<Flags>(flags), {"a", "b"}),
            "slotscan -h node -p 7000 --user me --tls --cacert 'ca file' --cert c.pem --key k.pem "
            "--sni name --match 'it'\\''s *' --values -o jsonl --parallel 5 --rate 100 "
            "--resume a,b");
}

TEST(SlotscanFlags, WhatIsLeftToDefaultsStaysSo) {
  std::variant<Flags, int> flags = Parse({"--resume", "x,y", "--count", "--rate", "7", "--rate=0"});
  ASSERT_TRUE(std::holds_alternative<Flags>(flags));
  EXPECT_EQ(std::get<Flags>(flags).resume, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(ResumeCommand(std::get<Flags>(flags), {"z"}), "slotscan --count --resume z");
}

TEST(SlotscanFlags, MistakesAreUsageErrors) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"--parallel", "65"},
                                                                 {"--rate", "-1"},
                                                                 {"--output", "yaml"},
                                                                 {"--cacert", "x"},
                                                                 {"x"},
                                                                 {"-a", "x", "--askpass"},
                                                                 {"--count", "--values"},
                                                                 {"-p", "0"}}) {
    const std::variant<Flags, int> parsed = Parse(words);
    const int* exit = std::get_if<int>(&parsed);
    EXPECT_EQ(exit == nullptr ? -1 : *exit, kExitUsage) << words[0];
  }
}

// Every byte of a key and a value can be told from its line.
TEST(SlotscanOutput, AnyBytes) {
  auto cluster = std::make_shared<atestore::EmbeddedCluster>(mockcluster::ClusterOptions{});
  cluster->With([](mockcluster::Cluster& emulated) {
    EXPECT_TRUE(emulated.Put("{a}\n\\\"\xff\x80", std::string("\0\t", 2)).ok());
    EXPECT_TRUE(emulated.PutTyped("{b}\xc3\xa4\xc2\x9b", "", mockcluster::ValueType::kHash).ok());
    EXPECT_TRUE(emulated.Put("{c}", "\xfe").ok());
    EXPECT_TRUE(emulated.Put("{d}\u202e\u2028", "\u20ac").ok());
  });
  const std::unique_ptr<atestore::KeyListing> opened =
      atestore::KeyListing::Open(std::make_unique<atestore::EmbeddedTransport>(cluster),
                                 {.seeds = cluster->Endpoints()})
          .value();
  atestore::KeyListing& listing = *opened;
  auto lines = [&](const char* match, bool values, Format format) {
    std::string text;
    absl::StatusOr<atestore::KeyPage> page =
        listing.ListKeys({.match = match, .values = values}, {});
    EXPECT_TRUE(page.ok()) << page.status();
    if (page.ok()) AppendPage(*page, values, format, &text);
    return text;
  };
  EXPECT_EQ(lines("{a}*", false, Format::kPlain), "{a}\\n\\\\\"\\xff\\x80\n");
  EXPECT_EQ(lines("{a}*", true, Format::kPlain), "{a}\\n\\\\\"\\xff\\x80\t\\x00\\t\n");
  EXPECT_EQ(lines("{b}*", true, Format::kPlain), "{b}\xc3\xa4\\xc2\\x9b\n");
  EXPECT_EQ(lines("{c}", true, Format::kPlain), "{c}\t\\xfe\n");
  EXPECT_EQ(lines("{a}*", true, Format::kJsonLines),
            "{\"keyBase64\":\"e2F9Clwi/4A=\",\"value\":\"\\u0000\\u0009\"}\n");
  EXPECT_EQ(lines("{b}*", true, Format::kJsonLines),
            "{\"key\":\"{b}\xc3\xa4\\u009b\",\"value\":null,\"why\":\"not a string\"}\n");
  EXPECT_EQ(lines("{c}", true, Format::kJsonLines), "{\"key\":\"{c}\",\"valueBase64\":\"/g==\"}\n");
  EXPECT_EQ(lines("{c}", false, Format::kJsonLines), "{\"key\":\"{c}\"}\n");
  EXPECT_EQ(lines("{d}*", true, Format::kPlain), "{d}\\xe2\\x80\\xae\\xe2\\x80\\xa8\t\u20ac\n");
  EXPECT_EQ(lines("{d}*", true, Format::kJsonLines),
            "{\"key\":\"{d}\\u202e\\u2028\",\"value\":\"\u20ac\"}\n");
}

}  // namespace
}  // namespace slotscan
