# Debian packages, one a component: scripts/package makes them from the preset "package".
set(ATESTORE_LIBRARY_FOLDERS core mockcluster proto store store/embedded store/redis)
set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL
  library emulator development ateapi kubectl-ate mockcluster slotscan)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_VENDOR atestore)
set(CPACK_PACKAGE_CONTACT "The atestore maintainers <maintainers@atestore.example>")
set(CPACK_PACKAGE_HOMEPAGE_URL "")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
# Our own libraries are not installed yet when the packages are made.
list(TRANSFORM ATESTORE_LIBRARY_FOLDERS PREPEND ${PROJECT_BINARY_DIR}/
  OUTPUT_VARIABLE CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS)

set(library_package libatestore${ATESTORE_SOVERSION})
set(emulator_package libmockcluster${ATESTORE_SOVERSION})
set(needs_library "${library_package} (= ${PROJECT_VERSION}-1)")
set(needs_emulator "${emulator_package} (= ${PROJECT_VERSION}-1)")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library_package})
set(CPACK_DEBIAN_EMULATOR_PACKAGE_NAME ${emulator_package})
foreach(component EMULATOR KUBECTL-ATE SLOTSCAN)
  set(CPACK_DEBIAN_${component}_PACKAGE_DEPENDS "${needs_library}")
endforeach()
foreach(component ATEAPI MOCKCLUSTER)
  set(CPACK_DEBIAN_${component}_PACKAGE_DEPENDS "${needs_library}, ${needs_emulator}")
endforeach()
# Its package tells dpkg-shlibdeps nothing.
if(OPENTELEMETRY_CPP_FOUND)
  string(APPEND CPACK_DEBIAN_ATEAPI_PACKAGE_DEPENDS ", opentelemetry-cpp")
endif()
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION
  "actors in a Redis Cluster, listed completely and exactly once\n The shared libraries.")

set(CPACK_DEBIAN_EMULATOR_PACKAGE_SECTION libs)
set(CPACK_COMPONENT_EMULATOR_DESCRIPTION
  "emulated Redis Cluster, and a store over it\n The shared libraries.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libatestore-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "${needs_library}"
  "${needs_emulator}"
  libabsl-dev libprotobuf-dev libsimdjson-dev libssl-dev libxxhash-dev pkg-config)
list(JOIN CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS)
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
  "actors in a Redis Cluster: headers\n The headers, and the files for CMake and pkg-config.")

set(CPACK_DEBIAN_ATEAPI_PACKAGE_NAME ateapi)
set(CPACK_DEBIAN_ATEAPI_PACKAGE_SECTION net)
set(CPACK_COMPONENT_ATEAPI_DESCRIPTION
  "the actor API over a Redis Cluster\n The gRPC service and its systemd unit.")

set(CPACK_DEBIAN_KUBECTL-ATE_PACKAGE_NAME kubectl-ate)
set(CPACK_DEBIAN_KUBECTL-ATE_PACKAGE_SECTION admin)
set(CPACK_COMPONENT_KUBECTL-ATE_DESCRIPTION
  "client of the actor API\n A kubectl plugin, which also works alone.")

set(CPACK_DEBIAN_MOCKCLUSTER_PACKAGE_NAME mockcluster)
set(CPACK_DEBIAN_MOCKCLUSTER_PACKAGE_SECTION devel)
set(CPACK_COMPONENT_MOCKCLUSTER_DESCRIPTION
  "emulated Redis Cluster for tests\n One process that behaves like a cluster, failures included.")

set(CPACK_DEBIAN_SLOTSCAN_PACKAGE_NAME slotscan)
set(CPACK_DEBIAN_SLOTSCAN_PACKAGE_SECTION database)
set(CPACK_COMPONENT_SLOTSCAN_DESCRIPTION
  "lists every key of a Redis Cluster once\n Through resharding and failovers, resumable.")

foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  install(FILES ${PROJECT_SOURCE_DIR}/deploy/debian/copyright
    DESTINATION share/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME} COMPONENT ${component})
endforeach()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/
  DESTINATION share/doc/libatestore-dev COMPONENT development FILES_MATCHING PATTERN "*.md")

include(CPack)
