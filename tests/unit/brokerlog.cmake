unit_test(brokerlog brokerlog.c LIBS bw_ingest)
unit_test(rights rights.c LIBS bw_rights)
