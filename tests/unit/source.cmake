unit_test(source source.c LIBS bw_source)
