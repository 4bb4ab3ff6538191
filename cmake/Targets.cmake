# What all targets of this project share. No global flags: sanitizers come from the presets.
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endif()

add_library(atestore_options INTERFACE)
target_compile_features(atestore_options INTERFACE cxx_std_20)
target_include_directories(atestore_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
target_compile_options(atestore_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
  $<$<BOOL:${ATESTORE_WARNINGS_AS_ERRORS}>:-Werror>)

# Tests run once after each compilation, so what they save in running is less than -O2 costs. The
# last -O counts. Debug builds keep theirs.
set(ATESTORE_TEST_OPTIONS $<$<CONFIG:RelWithDebInfo>:-O1>)

# A library of this project. INSTALL: part of the package (Install.cmake), and shared when
# BUILD_SHARED_LIBS is on; all others are static.
function(atestore_library name)
  cmake_parse_arguments(ARG "INSTALL" "" "SOURCES;LINK" ${ARGN})
  set(kind STATIC)
  if(ARG_INSTALL)
    unset(kind)
  endif()
  add_library(${name} ${kind} ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE $<BUILD_INTERFACE:atestore_options>)
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}>)
  target_compile_features(${name} PUBLIC cxx_std_20)
  if(ARG_INSTALL)
    atestore_install_library(${name})
  endif()
endfunction()

# A program in bin/.
function(atestore_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} atestore_options)
endfunction()

# What scripts/test builds under ASan + UBSan and under TSan: the tests that need no servers, and
# those with threads.
add_custom_target(serverless_tests)
add_custom_target(threaded_tests)

# The same for everybody, so that a test which fails, fails because of a change. Other seeds belong
# to scripts/soak.
set(ATESTORE_PROPERTY_SEED 20261128 CACHE STRING "Seed of the rapidcheck properties")

# A test program, run by ctest under the given label (unit, property, control, differential, e2e).
# TIMEOUT: seconds that it may take on a quiet machine; others get four times that.
# CASES: of each rapidcheck property; rapidcheck's 100 without.
# THREADS: it has more than one thread of its own making; label "threads" too.
function(atestore_test name)
  cmake_parse_arguments(ARG "THREADS" "LABEL;TIMEOUT;CASES" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} atestore_options GTest::gmock_main)
  target_compile_options(${name} PRIVATE ${ATESTORE_TEST_OPTIONS})
  add_test(NAME ${name} COMMAND ${name})
  math(EXPR limit "4 * ${ARG_TIMEOUT}")
  set(labels ${ARG_LABEL})
  if(ARG_THREADS)
    list(APPEND labels threads)
    add_dependencies(threaded_tests ${name})
  endif()
  if(ARG_LABEL STREQUAL "unit" OR ARG_LABEL STREQUAL "property")
    add_dependencies(serverless_tests ${name})
  endif()
  if(NOT ARG_CASES)
    set(ARG_CASES 100)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT ${limit}
    ENVIRONMENT "RC_PARAMS=seed=${ATESTORE_PROPERTY_SEED} max_success=${ARG_CASES}")
endfunction()
