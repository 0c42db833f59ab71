unit_test(access access.c LIBS bw_access bw_proto)
unit_test(store_accounts store_accounts.c LIBS bw_store bw_access bw_proto PkgConfig::SQLITE)
