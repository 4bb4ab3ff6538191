#include "mockcluster/keyspace/keyspace.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "mockcluster/keyspace/hash.h"
#include "mockcluster/keyspace/per_slot.h"
#include "mockcluster/keyspace/single.h"
#include "mockcluster/keyspace/synthetic.h"

namespace mockcluster::inline v0 {

std::string_view TypeName(ValueType type) {
  switch (type) {
    case ValueType::kString:
      return "string";
    case ValueType::kList:
      return "list";
    case ValueType::kSet:
      return "set";
    case ValueType::kZset:
      return "zset";
    case ValueType::kHash:
      return "hash";
    case ValueType::kStream:
      return "stream";
  }
  return "none";
}

uint64_t HashKey(std::string_view key, uint64_t seed) {
  return XXH3_64bits_withSeed(key.data(), key.size(), seed);
}

std::unique_ptr<Keyspace> CreateKeyspace(const KeyspaceOptions& options) {
  if (options.synthetic) return std::make_unique<SyntheticKeyspace>(options);
  if (options.layout == Layout::kSingleTable) {
    return std::make_unique<SingleTableKeyspace>(options.hash_seed);
  }
  return std::make_unique<PerSlotKeyspace>(options.hash_seed);
}

}  // namespace mockcluster::inline v0
