unit_test(rekey rekey.c LIBS bw_outbox bw_verify bw_ingest)
# Its fixture has more than it uses.
target_compile_options(test_rekey PRIVATE -Wno-unused-function)
