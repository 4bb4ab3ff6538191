# `cmake --install`: the programs, and the libraries with their headers as a CMake package
# (find_package(atestore)) and for pkg-config. Component "development" is the latter; of shared
# libraries, what programs need is "library".
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# Headers include each other from the root, so they get a root of their own.
set(ATESTORE_INSTALL_INCLUDEDIR ${CMAKE_INSTALL_INCLUDEDIR}/atestore)
set(ATESTORE_INSTALL_CMAKEDIR ${CMAKE_INSTALL_LIBDIR}/cmake/atestore)
# Before 1.0 every minor version may break the ABI.
set(ATESTORE_SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

if(BUILD_SHARED_LIBS)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  file(RELATIVE_PATH to_libraries ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set(CMAKE_INSTALL_RPATH $ORIGIN $ORIGIN/${to_libraries})
endif()

# No export macros: the shared libraries of the Debian package use each other's internals, so they
# export all symbols, and their SOVERSION is new with every minor version. What a program may
# include is this list, and what these include; tests/tidy checks that it is closed.
set(ATESTORE_PUBLIC_HEADERS
  core/endpoint.h
  core/page_token_key.h
  core/resp.h
  core/shard_request.h
  core/slot.h
  mockcluster/cluster.h
  mockcluster/fault_plan.h
  mockcluster/options.h
  store/actor_store.h
  store/advanced.h
  store/embedded/embedded_transport.h
  store/error_info.h
  store/key_listing.h
  store/options.h
  store/pages.h
  store/redis/redis_transport.h
  store/shard_transport.h
  store/version.h)

# Makes `name` a part of the package: atestore_core is atestore::core there, and here too.
function(atestore_install_library name)
  string(REGEX REPLACE "^atestore_" "" export_name ${name})
  add_library(atestore::${export_name} ALIAS ${name})
  if(NOT ATESTORE_INSTALL)
    return()
  endif()
  set_target_properties(${name} PROPERTIES
    EXPORT_NAME ${export_name}
    VERSION ${PROJECT_VERSION}
    SOVERSION ${ATESTORE_SOVERSION})
  # What a program in production does not link.
  set(component library)
  if(name MATCHES "mockcluster|embedded")
    set(component emulator)
  endif()
  install(TARGETS ${name} EXPORT atestore-targets
    RUNTIME COMPONENT development
    LIBRARY COMPONENT ${component} NAMELINK_COMPONENT development
    ARCHIVE COMPONENT development
    INCLUDES DESTINATION ${ATESTORE_INSTALL_INCLUDEDIR})
endfunction()

if(NOT ATESTORE_INSTALL)
  return()
endif()

install(TARGETS asio EXPORT atestore-targets COMPONENT development)
foreach(header IN LISTS ATESTORE_PUBLIC_HEADERS)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${header}
    DESTINATION ${ATESTORE_INSTALL_INCLUDEDIR}/${folder}
    COMPONENT development)
endforeach()
install(DIRECTORY ${PROJECT_BINARY_DIR}/proto proto
  DESTINATION ${ATESTORE_INSTALL_INCLUDEDIR}
  COMPONENT development
  FILES_MATCHING
    REGEX "/ateapi\\.(pb\\.h|proto)$"
    PATTERN "CMakeFiles" EXCLUDE)
install(EXPORT atestore-targets
  NAMESPACE atestore::
  DESTINATION ${ATESTORE_INSTALL_CMAKEDIR}
  COMPONENT development)

configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/atestoreConfig.cmake.in
  ${PROJECT_BINARY_DIR}/package/atestoreConfig.cmake
  INSTALL_DESTINATION ${ATESTORE_INSTALL_CMAKEDIR})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/package/atestoreConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/package/atestoreConfig.cmake
  ${PROJECT_BINARY_DIR}/package/atestoreConfigVersion.cmake
  DESTINATION ${ATESTORE_INSTALL_CMAKEDIR}
  COMPONENT development)

# Wherever it is installed: `cmake --install --prefix` is not known here.
file(RELATIVE_PATH ATESTORE_PREFIX_FROM_PKGCONFIG
  /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
# The emulator apart: a program in production does not link it.
foreach(name atestore atestore-embedded)
  configure_file(
    ${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in ${PROJECT_BINARY_DIR}/package/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/package/${name}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
    COMPONENT development)
endforeach()
