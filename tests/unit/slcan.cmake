unit_test(slcan slcan.c LIBS bw_source)
