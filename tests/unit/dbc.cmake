unit_test(dbc dbc.c LIBS bw_source)
