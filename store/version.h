#pragma once

// The version of atestore, the one in CMakeLists.txt. Before 1.0 a new minor version may break the
// API and the ABI. The inline namespaces atestore::v0 and mockcluster::v0 carry the major version
// into every symbol.
#define ATESTORE_VERSION_MAJOR 0
#define ATESTORE_VERSION_MINOR 2
#define ATESTORE_VERSION_PATCH 0
#define ATESTORE_VERSION_STRING "0.2.0"
// For comparisons: 10000 × major + 100 × minor + patch.
#define ATESTORE_VERSION \
  (ATESTORE_VERSION_MAJOR * 10000 + ATESTORE_VERSION_MINOR * 100 + ATESTORE_VERSION_PATCH)
