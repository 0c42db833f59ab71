unit_test(source_modbus source_modbus.c LIBS bw_source PkgConfig::MODBUS)
