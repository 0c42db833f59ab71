unit_test(source_report source_report.c LIBS bw_source)
