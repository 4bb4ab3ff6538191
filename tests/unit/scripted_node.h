#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/listing/step.h"
#include "core/resp.h"
#include "core/status.h"

namespace atestore {

// A node that answers one request of a reader as a test says, in whatever order its commands come.
// A value: change what differs from a node that owns `slot` and is well.
struct ScriptedNode {
  std::string run_id = "r1";
  int setslot_calls = 1;
  int commands = 1;  // grows with each answer
  bool migrates = false;
  std::string slots = "0-16383";  // those that it owns, as CLUSTER NODES lists them
  std::string probe = ":0";       // to the keyed EXISTS
  std::string pfcount = ":0";     // to PFCOUNT
  std::string asking = "+OK";     // to ASKING
  std::vector<std::string> keys;  // to GETKEYSINSLOT and SCAN
  std::string next_cursor = "0";  // to SCAN
  std::string exec_instead;       // not empty: to EXEC
  std::string valkey_version = "valkey_version:8.0.1\r\n";

  // The replies to `request` in wire form, one for each command.
  std::vector<std::string> Answer(const ShardRequest& request, Slot slot) {
    RespReader reader;
    reader.Feed(request.pipeline.bytes());
    std::vector<std::string> replies;
    std::vector<std::string> results;
    std::string error;
    bool in_multi = false;
    for (size_t index = 0; index < request.pipeline.size(); ++index) {
      const ReplyView words = **reader.Next();
      const std::string_view key = words[0].text();
      if (key == "EXEC") {
        replies.push_back(Exec(results, error));
      } else if (key == "MULTI") {
        in_multi = true;
        replies.push_back("+OK\r\n");
      } else {
        const std::string reply = Reply(words, slot);
        results.push_back(reply);
        if (in_multi && reply.starts_with("-")) error = reply;
        replies.push_back(in_multi && !reply.starts_with("-") ? "+QUEUED\r\n" : reply);
      }
      if (!in_multi) results.clear();
    }
    return replies;
  }

 private:
  static std::string Bulk(std::string_view text) {
    return absl::StrCat("$", text.size(), "\r\n", ToAbsl(text), "\r\n");
  }
  static std::string Array(const std::vector<std::string>& elements) {
    std::string reply = absl::StrCat("*", elements.size(), "\r\n");
    for (const std::string& element : elements) reply += element;
    return reply;
  }

  std::string Exec(const std::vector<std::string>& results, const std::string& error) const {
    if (!exec_instead.empty()) return exec_instead;
    if (!error.empty()) return "-EXECABORT Transaction discarded because of previous errors.\r\n";
    return Array(results);
  }

  std::string Reply(const ReplyView& words, Slot slot) {
    const std::string_view key = words[0].text();
    if (key == "ASKING") return asking + "\r\n";
    if (key == "EXISTS") return probe + "\r\n";
    if (key == "PFCOUNT") return pfcount + "\r\n";
    if (key == "INFO") return Bulk(Info());
    if (key == "SCAN") return Array({Bulk(next_cursor), Names()});
    if (key != "CLUSTER") return "-ERR unknown command\r\n";
    const std::string_view subcommand = words[1].text();
    if (subcommand == "INFO") return Bulk("cluster_state:ok\r\ncluster_size:1\r\n");
    if (subcommand == "GETKEYSINSLOT") return Names();
    const std::string mark = migrates ? absl::StrCat(" [", slot, "->-d]") : std::string();
    return Bulk(absl::StrCat("s h:1@2 myself,master - 0 0 1 connected ", slots, mark, "\n"));
  }

  std::string Names() const {
    std::vector<std::string> bulks;
    for (const std::string& key : keys) bulks.push_back(Bulk(key));
    return Array(bulks);
  }

  std::string Info() {
    return absl::StrCat(
        "# Server\r\nredis_version:7.2.4\r\n", valkey_version, "run_id:", run_id,
        "\r\n# Persistence\r\nloading:0\r\n# Stats\r\ntotal_commands_processed:", ++commands,
        "\r\n# Commandstats\r\ncmdstat_cluster|setslot:calls=", setslot_calls, ",usec=1\r\n");
  }
};

// Runs `step` to its end; `answer` gives the replies to each request.
inline void RunByHand(ListingStep& step,
                      const std::function<std::vector<std::string>(const ShardRequest&)>& answer) {
  for (std::vector<ShardRequest> requests = step.NextRound(); !requests.empty();
       requests = step.NextRound()) {
    for (size_t request = 0; request < requests.size(); ++request) {
      const std::vector<std::string> replies = answer(requests[request]);
      if (replies.empty()) step.OnFailure(request, UnavailableError("connection lost"));
      for (size_t command = 0; command < replies.size(); ++command) {
        RespReader reader;
        reader.Feed(replies[command]);
        step.OnReply(request, command, **reader.Next());
      }
    }
  }
}

}  // namespace atestore
