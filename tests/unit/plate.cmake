unit_test(plate plate.c LIBS bw_registry)
