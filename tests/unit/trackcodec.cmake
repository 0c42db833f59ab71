unit_test(trackcodec trackcodec.c LIBS bw_proto)
