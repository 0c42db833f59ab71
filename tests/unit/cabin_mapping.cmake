unit_test(cabin_mapping cabin_mapping.c LIBS bw_cabin)
