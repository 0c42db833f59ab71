unit_test(canraw canraw.c LIBS bw_source)
