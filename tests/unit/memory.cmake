unit_test(memory memory.c LIBS bw_gateway)
