unit_test(candump candump.c LIBS bw_source)
