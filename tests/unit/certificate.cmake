unit_test(certificate certificate.c LIBS bw_status bw_pki)
