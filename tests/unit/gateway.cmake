unit_test(cabinbus cabinbus.c LIBS bw_gateway)
unit_test(gateway_config gateway_config.c LIBS bw_gateway)
unit_test(issuedfile issuedfile.c LIBS bw_gateway)
unit_test(watch watch.c LIBS bw_gateway PkgConfig::SQLITE)
