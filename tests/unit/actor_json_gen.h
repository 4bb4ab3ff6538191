#pragma once

#include <rapidcheck.h>

#include <string>

namespace atestore {

// Generated JSON: mostly the right fields with mostly the right kinds, so that both verdicts and
// both paths are reached often.
class JsonGen {
 public:
  static rc::Gen<std::string> Text() {
    return rc::gen::weightedElement<std::string>({{12, "\"a\""},
                                                  {4, "\"\""},
                                                  {4, "\"gs://b/c\""},
                                                  {2, R"("\u00e9")"},
                                                  {1, R"("\ud800")"},
                                                  {2, R"("\ud83d\ude00")"},
                                                  {2, "\"\xc3\xa9\""},
                                                  {1, "\"\xc3\""},
                                                  {1, "'a'"},
                                                  {1, "a"},
                                                  {1, R"("\n\\\"")"},
                                                  {1, "\"\x01\""},
                                                  {1, R"("\udc00")"},
                                                  {1, R"("\u0000")"}});
  }
  static rc::Gen<std::string> Number() {
    return rc::gen::weightedElement<std::string>({{8, "5"},
                                                  {8, "\"17\""},
                                                  {2, "-3"},
                                                  {2, "\"-3\""},
                                                  {1, "0"},
                                                  {1, "1e3"},
                                                  {1, "\"1e3\""},
                                                  {1, "1.0"},
                                                  {1, "1.5"},
                                                  {1, "\"01\""},
                                                  {1, "\"9223372036854775807\""},
                                                  {1, "9223372036854775808"},
                                                  {1, "\"999999999999999999\""},
                                                  {1, "\"\""},
                                                  {1, "-0"}});
  }
  static rc::Gen<std::string> Enum() {
    return rc::gen::weightedElement<std::string>({{8, "\"STATUS_RUNNING\""},
                                                  {4, "\"SNAPSHOT_TYPE_LOCAL\""},
                                                  {4, "2"},
                                                  {2, "77"},
                                                  {2, "\"NEW\""},
                                                  {1, "\"2\""},
                                                  {1, "2.0"},
                                                  {1, "-1"}});
  }
  static rc::Gen<std::string> Key() {
    return rc::gen::weightedElement<std::string>({{4, "actorId"},
                                                  {2, "actor_id"},
                                                  {6, "version"},
                                                  {6, "status"},
                                                  {3, "ateomPodIp"},
                                                  {2, "ateom_pod_ip"},
                                                  {6, "latestSnapshotInfo"},
                                                  {2, "latest_snapshot_info"},
                                                  {6, "type"},
                                                  {6, "external"},
                                                  {6, "local"},
                                                  {4, "snapshotUriPrefix"},
                                                  {4, "snapshotPrefix"},
                                                  {4, "nodeVmsWithLocalSnapshots"},
                                                  {6, "workerSelector"},
                                                  {6, "matchLabels"},
                                                  {2, "match_labels"},
                                                  {2, "atespace"},
                                                  {4, "unknown"},
                                                  {1, "ActorId"},
                                                  {1, ""}});
  }
  static rc::Gen<std::string> Value(int depth) {
    if (depth == 0) return rc::gen::oneOf(Text(), Number(), Enum(), Scalar());
    return rc::gen::weightedOneOf<std::string>(
        {{3, Text()}, {1, Scalar()}, {3, Object(depth - 1)}, {2, List(depth - 1)}});
  }
  // The value that mostly fits `key`.
  static rc::Gen<std::string> ValueFor(const std::string& key, int depth) {
    rc::Gen<std::string> fitting = Text();
    if (key == "version") fitting = Number();
    if (key == "status" || key == "type") fitting = Enum();
    if (key == "nodeVmsWithLocalSnapshots") fitting = TextList();
    bool is_object = key.find("napshotInfo") != std::string::npos ||
                     key.find("abels") != std::string::npos || key == "latest_snapshot_info" ||
                     key == "workerSelector" || key == "external" || key == "local";
    if (is_object) fitting = Object(depth > 0 ? depth - 1 : 0);
    return rc::gen::weightedOneOf<std::string>({{12, fitting}, {1, Value(depth)}});
  }
  static rc::Gen<std::string> Object(int depth) {
    return rc::gen::exec([depth] {
      std::string text = "{";
      int members = *rc::gen::inRange(0, 5);
      for (int i = 0; i < members; ++i) {
        if (i > 0) text += ",";
        std::string key = *Key();
        text += "\"" + key + "\":" + *ValueFor(key, depth);
      }
      return text + "}";
    });
  }

 private:
  static rc::Gen<std::string> Scalar() {
    return rc::gen::element<std::string>("null", "true", "false", "1e999", "[]", "{}", "");
  }
  static rc::Gen<std::string> TextList() { return ListOf(Text()); }
  static rc::Gen<std::string> List(int depth) {
    return rc::gen::exec([depth] { return *ListOf(Value(depth)); });
  }
  static rc::Gen<std::string> ListOf(rc::Gen<std::string> element) {
    return rc::gen::exec([element] {
      std::string text = "[";
      int count = *rc::gen::inRange(0, 3);
      for (int i = 0; i < count; ++i) text += (i > 0 ? "," : "") + *element;
      return text + "]";
    });
  }
};

}  // namespace atestore
