unit_test(registry registry.c LIBS bw_registry)
unit_test(registry_answers registry_answers.c LIBS bw_registry)
unit_test(registry_diff registry_diff.c LIBS bw_store PkgConfig::SQLITE)
unit_test(registry_edit registry_edit.c LIBS bw_registry PkgConfig::JANSSON)
