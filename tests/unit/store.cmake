unit_test(store store.c LIBS bw_store PkgConfig::SQLITE)
unit_test(store_trips store_trips.c LIBS bw_store bw_proto PkgConfig::SQLITE)
