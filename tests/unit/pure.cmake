# The libraries that judge import neither clock nor I/O nor heap.
find_program(NM nm REQUIRED)
foreach(library bw_cabin bw_compliance)
  add_test(NAME unit.pure_${library} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/pure.sh $<TARGET_FILE:${library}>)
  set_tests_properties(unit.pure_${library} PROPERTIES TIMEOUT 60 LABELS unit)
endforeach()
add_test(NAME unit.pure_bw_trip COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/pure.sh $<TARGET_FILE:bw_trip>
                                        $<TARGET_FILE:bw_compliance>)
set_tests_properties(unit.pure_bw_trip PROPERTIES TIMEOUT 60 LABELS unit)
