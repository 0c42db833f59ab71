unit_test(registers registers.c LIBS bw_source)
