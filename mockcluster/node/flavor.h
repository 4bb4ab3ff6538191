#pragma once

#include <string_view>

#include "mockcluster/options.h"

namespace mockcluster::inline v0 {

// The differences between the emulated servers.
struct FlavorTraits {
  std::string_view server;         // HELLO's "server"
  std::string_view redis_version;  // INFO's and HELLO's version (Valkey: for compatibility)
  std::string_view version;        // the product's own version
  std::string_view loading_error;  // while the data set is loaded
  std::string_view save_error;     // while snapshots fail
  Layout layout;
  bool is_valkey;
  bool marks_follow_failover;      // SETSLOT is replicated, marks follow a new primary
  bool replicas_check_marks;       // READONLY replicas respect migrating and importing marks
  bool exec_decides_missing_keys;  // inside MULTI a missing key of a migrating slot is queued
  bool no_multi_commands;          // MULTI and WATCH inside MULTI: refused by one rule
  bool cluster_while_loading;      // CLUSTER NODES, INFO, MYID, SLOTS answer while loading
  bool lenient_cursor;             // SCAN's cursor is parsed by strtoul
  bool unknown_type_is_error;      // SCAN … TYPE with an unknown name
  bool queueing_needs_memory;      // at maxmemory, no command is queued inside MULTI
  bool lua_is_module;              // HELLO lists the built-in module "lua"
  bool refusal_names_command;      // MULTI and WATCH inside MULTI: the error names them
  bool failover_takes_options;     // CLUSTER FAILOVER accepts any number of options
  bool meet_checks_ports;          // CLUSTER MEET checks the range of ports before all else
  bool shards_have_ids;            // CLUSTER SHARDS has the id of each shard
  bool counts_failed_nodes;        // CLUSTER INFO has the number of failed nodes
  bool migrates_slots;             // CLUSTER HELP describes atomic slot migrations
  bool getex_checks_expiry_first;  // GETEX with a wrong expiry fails though the key is missing
  bool info_has_cluster_info;      // INFO ALL includes the fields of CLUSTER INFO
};

const FlavorTraits& TraitsOf(Flavor flavor);

}  // namespace mockcluster::inline v0
