unit_test(corridor corridor.c LIBS bw_compliance)
unit_test(lifecycle lifecycle.c LIBS bw_compliance)
unit_test(motion motion.c LIBS bw_compliance)
unit_test(rules rules.c LIBS bw_compliance)
