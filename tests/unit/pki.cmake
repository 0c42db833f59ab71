unit_test(pki pki.c LIBS bw_pki PkgConfig::CRYPTO)
