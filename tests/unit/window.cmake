unit_test(window window.c LIBS bw_uplink)
