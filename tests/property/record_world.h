#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "mockcluster/options.h"
#include "tests/property/faulty_transport.h"
#include "tests/property/write_history.h"

namespace atestore {

// One generated history: everything that it depends on.
struct RecordCase {
  uint64_t seed = 0;
  mockcluster::Flavor flavor = mockcluster::Flavor::kValkey80;
  size_t programs = 3;
  size_t operations = 4;  // of each program
  uint32_t faults_per_1000_commands = 0;
  RequestFaults requests;
  WriteMistake mistake = WriteMistake::kNone;

  // Every size and rate from the seed.
  static RecordCase Generate(uint64_t seed);
};

std::ostream& operator<<(std::ostream& out, const RecordCase& record_case);

struct RecordRun {
  std::vector<WriteOperation> history;
  size_t faults = 0;  // of the cluster
  size_t late = 0;    // requests that arrived after their caller had given up
};

// Several programs write and read one actor's record while everything goes wrong that may; at the
// end, when nothing does any more, the record is read.
RecordRun RunRecordHistory(const RecordCase& record_case);

// Several programs create actors in one atespace, others delete it. What is wrong with the outcome;
// empty: nothing.
std::string RunAtespaceHistory(const RecordCase& record_case);

}  // namespace atestore
