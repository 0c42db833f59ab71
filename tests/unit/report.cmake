unit_test(report report.c LIBS bw_report bw_store bw_utc PkgConfig::SQLITE)
unit_test(report_whole report_whole.c LIBS bw_report PkgConfig::ZIP)
