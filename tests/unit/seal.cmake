unit_test(seal seal.c LIBS bw_proto PkgConfig::SODIUM)
