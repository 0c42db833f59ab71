unit_test(tpv tpv.c LIBS bw_source)
