unit_test(store store.c LIBS bw_store PkgConfig::SQLITE)
