# The store is played by the test itself, so that it can fail on cue: bw_ingest would bring the real one.
unit_test(ingest_batch ingest_batch.c LIBS bw_casework bw_proto)
target_sources(test_ingest_batch PRIVATE ${CMAKE_SOURCE_DIR}/bureau/ingest/batch.c
                                         ${CMAKE_SOURCE_DIR}/bureau/ingest/vehicles.c
                                         ${CMAKE_SOURCE_DIR}/bureau/ingest/judge.c
                                         ${CMAKE_SOURCE_DIR}/bureau/store/hole.c)
