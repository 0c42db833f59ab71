unit_test(gtfs gtfs.c LIBS bw_gtfs PkgConfig::ZIP)
