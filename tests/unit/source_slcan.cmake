unit_test(source_slcan source_slcan.c LIBS bw_source)
