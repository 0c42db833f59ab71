unit_test(cabin cabin.c LIBS bw_cabin)
