unit_test(topic topic.c LIBS bw_proto)
