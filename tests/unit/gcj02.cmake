unit_test(gcj02 gcj02.c LIBS bw_registry)
