unit_test(plate plate.c LIBS bw_registry)
unit_test(nearmiss nearmiss.c LIBS bw_registry bw_sim)
