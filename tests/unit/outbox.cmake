unit_test(outbox outbox.c LIBS bw_outbox PkgConfig::SQLITE Threads::Threads)
unit_test(outbox_disk outbox_disk.c LIBS bw_outbox PkgConfig::SQLITE)
target_sources(test_outbox_disk PRIVATE fixture_disk.c)
