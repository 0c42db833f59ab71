unit_test(uplink uplink.c LIBS bw_uplink)
