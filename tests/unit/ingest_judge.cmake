unit_test(ingest_judge ingest_judge.c LIBS bw_ingest)
