unit_test(verify verify.c LIBS bw_verify bw_ingest PkgConfig::SQLITE)
