unit_test(feed_table feed_table.c LIBS bw_feeds bw_modeljson)
unit_test(feed_gtfs feed_gtfs.c LIBS bw_feeds bw_generated bw_proto)
unit_test(feed_metrics feed_metrics.c LIBS bw_feeds bw_store bw_proto)
unit_test(negotiate negotiate.c LIBS bw_api PkgConfig::ZLIB)
