unit_test(worker worker.c LIBS bw_worker)
