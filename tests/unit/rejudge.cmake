unit_test(rejudge rejudge.c LIBS bw_rejudge bw_ingest)
unit_test(rejudge_compare rejudge_compare.c LIBS bw_rejudge)
