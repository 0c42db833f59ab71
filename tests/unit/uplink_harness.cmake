# Not a unit test: the program that tests/integration/uplink drives.
add_executable(uplink_harness ${CMAKE_SOURCE_DIR}/tests/integration/uplink_harness.c)
target_link_libraries(uplink_harness PRIVATE bw_flags bw_uplink)
