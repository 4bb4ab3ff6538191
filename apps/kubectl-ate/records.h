#pragma once

#include <string>

#include "apps/kubectl-ate/table.h"
#include "proto/ateapi.pb.h"

namespace atestore::cli {

// Formats records of one kind: as a row of a table, as "kind/name", as one line of JSON.
// `wide` adds columns to the right.
Row ActorHeader(bool wide);
Row ActorRow(const ateapi::Actor& actor, bool wide);
Row AtespaceHeader();
Row AtespaceRow(const ateapi::Atespace& atespace);
Row WorkerHeader(bool wide);
Row WorkerRow(const ateapi::Worker& worker, bool wide);

// "actor/<atespace>/<id>", "atespace/<name>", "worker/<namespace>/<pool>/<pod>", printable.
std::string NameOf(const ateapi::Actor& actor);
std::string NameOf(const ateapi::Atespace& atespace);
std::string NameOf(const ateapi::Worker& worker);

// ProtoJSON without line feeds.
std::string JsonOf(const ateapi::Actor& actor);
std::string JsonOf(const google::protobuf::Message& record);

}  // namespace atestore::cli
