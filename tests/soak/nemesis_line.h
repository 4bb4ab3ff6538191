#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/soak/nemesis_cluster.h"

namespace atestore {

// A line of CLUSTER NODES.
struct NemesisCluster::Line {
  std::string id;
  size_t node = 0;  // its number in the fixture
  bool is_myself = false;
  bool is_primary = false;
  bool is_handshake = false;
  int64_t epoch = 0;
  std::string primary_id;                            // of a replica
  std::vector<std::pair<uint16_t, uint16_t>> slots;  // owned, first … last

  bool Owns(uint16_t slot) const {
    return std::any_of(slots.begin(), slots.end(), [slot](const auto& range) {
      return range.first <= slot && slot <= range.second;
    });
  }

  static std::optional<Line> Parse(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    if (words.size() < 8) return std::nullopt;
    Line line{.id = words[0],
              .is_myself = words[2].find("myself") != std::string::npos,
              .is_primary = words[2].find("master") != std::string::npos,
              .is_handshake = words[2].find("handshake") != std::string::npos,
              .epoch = std::stoll(words[6])};
    if (!line.is_primary) line.primary_id = words[3];
    for (size_t i = 8; i < words.size(); ++i) {
      if (words[i].front() == '[') continue;  // a migration mark
      const size_t dash = words[i].find('-');
      const auto first = static_cast<uint16_t>(std::stoi(words[i]));
      line.slots.emplace_back(first,
                              dash == std::string::npos
                                  ? first
                                  : static_cast<uint16_t>(std::stoi(words[i].substr(dash + 1))));
    }
    return line;
  }
};

}  // namespace atestore
