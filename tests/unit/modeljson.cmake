unit_test(modeljson modeljson.c LIBS bw_modeljson)
