#include <algorithm>
#include <string>
#include <vector>

#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/data_handlers.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/commands/string_access.h"
#include "mockcluster/node/data.h"

// LCS: the longest common subsequence of two strings.
namespace mockcluster::inline v0 {
namespace {

struct LcsOptions {
  bool length_only = false;   // LEN
  bool ranges = false;        // IDX
  bool range_length = false;  // WITHMATCHLEN
  int64_t range_min = 0;      // MINMATCHLEN
};

// False after an error reply.
bool ParseOptions(CommandContext& context, LcsOptions& options) {
  for (size_t index = 3; index < context.arguments.size(); ++index) {
    const std::string_view word = context.arguments[index];
    if (IsWord(word, "IDX")) {
      options.ranges = true;
    } else if (IsWord(word, "LEN")) {
      options.length_only = true;
    } else if (IsWord(word, "WITHMATCHLEN")) {
      options.range_length = true;
    } else if (IsWord(word, "MINMATCHLEN") && index + 1 < context.arguments.size()) {
      std::optional<int64_t> number = ParseInteger(context.arguments[++index]);
      if (!number) {
        context.reply.Error(kNotAnInteger);
        return false;
      }
      options.range_min = *number;
    } else {
      context.reply.Error(kSyntaxError);
      return false;
    }
  }
  if (options.length_only && options.ranges) {
    context.reply.Error("ERR If you want both the length and indexes, please just use IDX.");
    return false;
  }
  return true;
}

// Equal parts of both strings.
struct CommonRange {
  size_t begin_a;
  size_t begin_b;
  size_t size;
};

// The lengths for all pairs of prefixes, and what follows from them.
class LcsTable {
 public:
  LcsTable(const std::string& a, const std::string& b)
      : a_(a), b_(b), lengths_((a.size() + 1) * (b.size() + 1)) {
    for (size_t i = 1; i <= a.size(); ++i) {
      for (size_t j = 1; j <= b.size(); ++j) {
        At(i, j) =
            a[i - 1] == b[j - 1] ? At(i - 1, j - 1) + 1 : std::max(At(i - 1, j), At(i, j - 1));
      }
    }
  }

  uint32_t length() { return At(a_.size(), b_.size()); }

  // The ranges of a longest subsequence, from the end; of several the server's choice.
  std::vector<CommonRange> Ranges() {
    std::vector<CommonRange> ranges;
    size_t i = a_.size();
    size_t j = b_.size();
    bool extends = false;
    while (i > 0 && j > 0) {
      if (a_[i - 1] == b_[j - 1]) {
        if (!extends) ranges.push_back({i, j, 0});
        CommonRange& range = ranges.back();
        range = {--i, --j, range.size + 1};
        extends = true;
      } else {
        (At(i - 1, j) > At(i, j - 1) ? i : j) -= 1;
        extends = false;
      }
    }
    return ranges;
  }

 private:
  uint32_t& At(size_t i, size_t j) { return lengths_[i * (b_.size() + 1) + j]; }

  const std::string& a_;
  const std::string& b_;
  std::vector<uint32_t> lengths_;
};

void ReplyRange(ReplyWriter& reply, size_t begin, size_t size) {
  reply.Array(2);
  reply.Integer(static_cast<int64_t>(begin));
  reply.Integer(static_cast<int64_t>(begin + size - 1));
}

void ReplyRanges(ReplyWriter& reply, LcsTable& table, const LcsOptions& options) {
  std::vector<CommonRange> ranges = table.Ranges();
  std::erase_if(ranges, [&options](const CommonRange& range) {
    return static_cast<int64_t>(range.size) < options.range_min;
  });
  reply.Map(2);
  reply.Bulk("matches");
  reply.Array(ranges.size());
  for (const CommonRange& range : ranges) {
    reply.Array(options.range_length ? 3 : 2);
    ReplyRange(reply, range.begin_a, range.size);
    ReplyRange(reply, range.begin_b, range.size);
    if (options.range_length) reply.Integer(static_cast<int64_t>(range.size));
  }
  reply.Bulk("len");
  reply.Integer(table.length());
}

std::string CommonText(const std::string& a, LcsTable& table) {
  std::vector<CommonRange> ranges = table.Ranges();
  std::string text;
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    text.append(a, range->begin_a, range->size);
  }
  return text;
}

}  // namespace

void Lcs(CommandContext& context) {
  std::string strings[2];
  for (size_t index : {0u, 1u}) {
    const Entry* entry = FindLive(context.state, context.node, context.arguments[index + 1]);
    if (entry == nullptr) continue;
    if (entry->type != ValueType::kString) {
      context.reply.Error("ERR The specified keys must contain string values");
      return;
    }
    strings[index] = entry->value;
  }
  LcsOptions options;
  if (!ParseOptions(context, options)) return;
  const auto& [a, b] = strings;
  if ((a.size() + 1) * (b.size() + 1) > static_cast<size_t>(kStringBytesMax) / sizeof(uint32_t)) {
    context.reply.Error(
        "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    return;
  }
  LcsTable table(a, b);
  if (options.ranges) {
    ReplyRanges(context.reply, table, options);
  } else if (options.length_only) {
    context.reply.Integer(table.length());
  } else {
    context.reply.Bulk(CommonText(a, table));
  }
}

}  // namespace mockcluster::inline v0
