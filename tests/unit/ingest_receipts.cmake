unit_test(ingest_receipts ingest_receipts.c LIBS bw_ingest)
