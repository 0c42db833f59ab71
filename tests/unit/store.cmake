unit_test(store store.c LIBS bw_store PkgConfig::SQLITE)
unit_test(store_alerts store_alerts.c LIBS bw_store PkgConfig::SQLITE)
unit_test(store_trips store_trips.c LIBS bw_store bw_proto PkgConfig::SQLITE)
# What SQLite would walk to answer each statement.
find_program(PYTHON3 python3 REQUIRED)
get_target_property(store_sources bw_store SOURCES)
list(TRANSFORM store_sources PREPEND bureau/store/)
add_test(NAME unit.store_plans COMMAND ${PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/store_plans.py
                                       ${CMAKE_BINARY_DIR}/compile_commands.json ${store_sources})
set_tests_properties(unit.store_plans PROPERTIES TIMEOUT 180 LABELS unit WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
