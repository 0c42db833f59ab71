# The store is played by the test itself, so that it can fail on cue: only the objects that judge and gather are linked.
unit_test(ingest_batch ingest_batch.c LIBS bw_proto)
target_sources(test_ingest_batch PRIVATE ${CMAKE_SOURCE_DIR}/bureau/ingest/batch.c
                                         ${CMAKE_SOURCE_DIR}/bureau/ingest/vehicles.c
                                         ${CMAKE_SOURCE_DIR}/bureau/ingest/judge.c)
