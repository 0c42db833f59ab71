unit_test(source_gps source_gps.c LIBS bw_source)
