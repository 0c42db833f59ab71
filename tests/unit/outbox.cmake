unit_test(outbox outbox.c LIBS bw_outbox PkgConfig::SQLITE Threads::Threads)
