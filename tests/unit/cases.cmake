unit_test(case_state case_state.c LIBS bw_casework)
unit_test(case_policy case_policy.c LIBS bw_casework)
unit_test(case_silence case_silence.c LIBS bw_casework)
unit_test(store_cases store_cases.c LIBS bw_store bw_proto PkgConfig::SQLITE)
