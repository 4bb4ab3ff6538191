#include "mockcluster/node/flavor.h"

namespace mockcluster::inline v0 {
namespace {

constexpr std::string_view kRedisSaveError =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is configured "
    "to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error "
    "option). Please check the Redis logs for details about the RDB error.";

constexpr std::string_view kValkeySaveError =
    "MISCONF Valkey is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is configured "
    "to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error "
    "option). Please check the Valkey logs for details about the RDB error.";

constexpr FlavorTraits kRedis70Traits = {
    .server = "redis",
    .redis_version = "7.0.15",
    .version = "7.0.15",
    .loading_error = "LOADING Redis is loading the dataset in memory",
    .save_error = kRedisSaveError,
    .layout = Layout::kSingleTable,
    .is_valkey = false,
    .marks_follow_failover = false,
    .replicas_check_marks = false,
    .exec_decides_missing_keys = false,
    .no_multi_commands = false,
    .cluster_while_loading = false,
    .lenient_cursor = true,
    .unknown_type_is_error = false,
    .queueing_needs_memory = true,
    .lua_is_module = false,
    .refusal_names_command = false,
    .failover_takes_options = false,
    .meet_checks_ports = false,
    .shards_have_ids = false,
    .counts_failed_nodes = false,
    .migrates_slots = false,
    .getex_checks_expiry_first = false,
    .info_has_cluster_info = false,
};

constexpr FlavorTraits kValkey80Traits = {
    .server = "valkey",
    .redis_version = "7.2.4",
    .version = "8.0.1",
    .loading_error = "LOADING Valkey is loading the dataset in memory",
    .save_error = kValkeySaveError,
    .layout = Layout::kPerSlot,
    .is_valkey = true,
    .marks_follow_failover = true,
    .replicas_check_marks = true,
    .exec_decides_missing_keys = false,
    .no_multi_commands = true,
    .cluster_while_loading = true,
    .lenient_cursor = false,
    .unknown_type_is_error = true,
    .queueing_needs_memory = false,
    .lua_is_module = false,
    .refusal_names_command = false,
    .failover_takes_options = false,
    .meet_checks_ports = false,
    .shards_have_ids = false,
    .counts_failed_nodes = false,
    .migrates_slots = false,
    .getex_checks_expiry_first = false,
    .info_has_cluster_info = false,
};

constexpr FlavorTraits MakeValkey91Traits() {
  FlavorTraits traits = kValkey80Traits;
  traits.version = "9.1.2";
  traits.exec_decides_missing_keys = true;
  traits.lua_is_module = true;
  traits.refusal_names_command = true;
  traits.failover_takes_options = true;
  traits.meet_checks_ports = true;
  traits.shards_have_ids = true;
  traits.counts_failed_nodes = true;
  traits.migrates_slots = true;
  traits.getex_checks_expiry_first = true;
  traits.info_has_cluster_info = true;
  return traits;
}

constexpr FlavorTraits kValkey91Traits = MakeValkey91Traits();

}  // namespace

const FlavorTraits& TraitsOf(Flavor flavor) {
  switch (flavor) {
    case Flavor::kRedis70:
      return kRedis70Traits;
    case Flavor::kValkey80:
      return kValkey80Traits;
    case Flavor::kValkey91:
      break;
  }
  return kValkey91Traits;
}

}  // namespace mockcluster::inline v0
