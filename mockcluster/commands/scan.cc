#include <string>
#include <vector>

#include "core/glob.h"
#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/node/data.h"

namespace mockcluster::inline v0 {
namespace {

struct ScanOptions {
  uint64_t count = 10;
  std::optional<std::string_view> pattern;  // nullopt: every key
  std::optional<std::string_view> type;
};

std::optional<ValueType> TypeByName(std::string_view name) {
  std::string lower(name);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + 32);
  }
  for (ValueType type : {ValueType::kString, ValueType::kList, ValueType::kSet, ValueType::kZset,
                         ValueType::kHash, ValueType::kStream}) {
    if (TypeName(type) == lower) return type;
  }
  return std::nullopt;
}

// False after an error reply.
bool ParseScanOptions(CommandContext& context, ScanOptions& options) {
  std::span<const std::string_view> words = context.arguments.subspan(2);
  for (size_t index = 0; index < words.size(); index += 2) {
    if (index + 1 == words.size()) {
      context.reply.Error(kSyntaxError);
      return false;
    }
    std::string_view value = words[index + 1];
    if (IsWord(words[index], "COUNT")) {
      std::optional<int64_t> count = ParseInteger(value);
      if (!count || *count < 1) {
        context.reply.Error(count ? kSyntaxError : kNotAnInteger);
        return false;
      }
      options.count = static_cast<uint64_t>(*count);
    } else if (IsWord(words[index], "MATCH")) {
      options.pattern = value;
      if (value == "*") options.pattern.reset();
    } else if (IsWord(words[index], "TYPE")) {
      options.type = value;
      if (context.node.traits().unknown_type_is_error && !TypeByName(value)) {
        context.reply.Error("ERR unknown type name '" + std::string(value) + "'");
        return false;
      }
    } else {
      context.reply.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

// Keys that a listing shows, as bulk strings. A primary removes the expired ones it came across.
class KeyList {
 public:
  KeyList(CommandContext& context, std::optional<std::string_view> pattern,
          std::optional<std::string_view> type)
      : context_(context),
        pattern_(pattern),
        any_type_(!type),
        type_(type ? TypeByName(*type) : std::nullopt),
        writer_(&bulks_, context.reply.version()) {}

  // The order of the filters is the server's: a key that fails MATCH is not expired.
  void Add(const Entry& entry) {
    if (pattern_ && !atestore::GlobMatch(*pattern_, entry.key())) return;
    if (!any_type_ && type_ != entry.type) return;
    if (entry.ExpiredAt(context_.state.now_ms)) {
      expired_.push_back(entry.key());
      return;
    }
    ++count_;
    writer_.Bulk(entry.key());
  }

  void Finish() {
    context_.reply.Array(count_);
    context_.reply.out()->append(bulks_);
    if (context_.node.view.IsReplica()) return;
    for (const std::string& key : expired_) Remove(context_.state, context_.node, key);
  }

 private:
  CommandContext& context_;
  const std::optional<std::string_view> pattern_;
  const bool any_type_;
  const std::optional<ValueType> type_;
  std::string bulks_;
  ReplyWriter writer_;
  size_t count_ = 0;
  std::vector<std::string> expired_;
};

}  // namespace

void Scan(CommandContext& context) {
  std::optional<uint64_t> cursor =
      ParseCursor(context.arguments[1], context.node.traits().lenient_cursor);
  if (!cursor) {
    context.reply.Error("ERR invalid cursor");
    return;
  }
  ScanOptions options;
  if (!ParseScanOptions(context, options)) return;
  ScanRequest request{.cursor = *cursor, .count = options.count};
  if (options.pattern) request.pinned_slot = atestore::PinnedSlot(*options.pattern);
  KeyList keys(context, options.pattern, options.type);
  uint64_t next =
      context.process.keyspace->Scan(request, [&keys](const Entry& entry) { keys.Add(entry); });
  context.reply.Array(2);
  context.reply.Bulk(std::to_string(next));
  keys.Finish();
}

void Keys(CommandContext& context) {
  std::optional<std::string_view> pattern = context.arguments[1];
  if (*pattern == "*") pattern.reset();
  KeyList keys(context, pattern, std::nullopt);
  context.process.keyspace->ForEach(Keyspace::Hidden::kSkip,
                                    [&keys](const Entry& entry) { keys.Add(entry); });
  keys.Finish();
}

void RandomKey(CommandContext& context) {
  // Expired keys are drawn too; a server gives up after so many on a replica.
  constexpr int kAttemptsMax = 100;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const Entry* entry =
        context.process.keyspace->RandomKey([&context] { return context.state.random.Next(); });
    if (entry == nullptr) break;
    if (!entry->ExpiredAt(context.state.now_ms)) {
      context.reply.Bulk(entry->key());
      return;
    }
    if (!context.node.view.IsReplica()) Remove(context.state, context.node, entry->key());
  }
  context.reply.Null();
}

void DbSize(CommandContext& context) {
  context.reply.Integer(static_cast<int64_t>(context.process.keyspace->Size()));
}

void FlushAll(CommandContext& context) {
  if (context.arguments.size() > 2 ||
      (context.arguments.size() == 2 && !IsWord(context.arguments[1], "SYNC") &&
       !IsWord(context.arguments[1], "ASYNC"))) {
    context.reply.Error(kSyntaxError);
    return;
  }
  RemoveAll(context.state, context.node);
  context.reply.Ok();
}

}  // namespace mockcluster::inline v0
