unit_test(cabin cabin.c LIBS bw_cabin)
unit_test(cabin_doubt cabin_doubt.c LIBS bw_cabin)
unit_test(cabin_counting cabin_counting.c LIBS bw_cabin)
