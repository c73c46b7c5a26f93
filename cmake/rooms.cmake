# A room is one folder of src/: a static library wa_<name> of all its sources.
function(wa_room name)
  cmake_parse_arguments(ROOM "" "PATH" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${ROOM_PATH}/*.cpp)
  if(sources)
    add_library(wa_${name} STATIC ${sources})
    target_include_directories(wa_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(wa_${name} PUBLIC ${ROOM_LINK} Threads::Threads)
  else()
    add_library(wa_${name} INTERFACE)
    target_include_directories(wa_${name} INTERFACE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(wa_${name} INTERFACE ${ROOM_LINK} Threads::Threads)
  endif()
endfunction()

# proto/*.proto → wa_proto, lite runtime; headers are included as "proto/<file>.pb.h".
function(wa_proto_room)
  file(GLOB protos CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/proto/*.proto)
  set(out ${PROJECT_BINARY_DIR}/generated)
  file(MAKE_DIRECTORY ${out})
  set(sources)
  foreach(proto ${protos})
    get_filename_component(stem ${proto} NAME_WE)
    add_custom_command(
      OUTPUT ${out}/proto/${stem}.pb.cc ${out}/proto/${stem}.pb.h
      COMMAND protobuf::protoc --cpp_out=lite:${out} -I${PROJECT_SOURCE_DIR} proto/${stem}.proto
      DEPENDS ${protos} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM)
    list(APPEND sources ${out}/proto/${stem}.pb.cc)
  endforeach()
  add_library(wa_proto STATIC ${sources})
  target_include_directories(wa_proto SYSTEM PUBLIC ${out})
  target_link_libraries(wa_proto PUBLIC protobuf::libprotobuf-lite)
  target_compile_options(wa_proto PRIVATE -w)
endfunction()

# A program is one main file; skipped while the file does not exist yet.
function(wa_program name main)
  cmake_parse_arguments(PROGRAM "" "" "LINK" ${ARGN})
  if(EXISTS ${PROJECT_SOURCE_DIR}/src/${main})
    add_executable(${name} ${PROJECT_SOURCE_DIR}/src/${main})
    target_link_libraries(${name} PRIVATE ${PROGRAM_LINK})
  endif()
endfunction()

# Unit tests of one room: every file of tests/unit/<path> in one binary unit_<name>.
function(wa_unit_tests name)
  cmake_parse_arguments(TESTS "" "PATH" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${TESTS_PATH}/*.cpp)
  if(sources)
    add_executable(unit_${name} ${sources} $<TARGET_OBJECTS:wa_unit_main>)
    target_include_directories(unit_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(unit_${name} PRIVATE ${TESTS_LINK})
    target_compile_definitions(unit_${name} PRIVATE
      WA_TEST_VECTORS="${PROJECT_SOURCE_DIR}/tests/vectors")
    add_test(NAME unit_${name} COMMAND unit_${name})
    set_tests_properties(unit_${name} PROPERTIES TIMEOUT 300)
  endif()
endfunction()
