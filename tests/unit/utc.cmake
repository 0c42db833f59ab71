unit_test(utc utc.c LIBS bw_utc)
