unit_test(api_json api_json.c LIBS bw_api)
unit_test(api api.c LIBS bw_api bw_access bw_proto)
target_sources(test_api PRIVATE fixture_api.c api_who.c api_lists.c api_stream.c api_limits.c)
unit_test(shares shares.c LIBS bw_api PkgConfig::SODIUM)
# What a healthy disk and a quick test never show.
target_link_options(test_api PRIVATE LINKER:--wrap=store_last_event,--wrap=store_audit,--wrap=store_repeats,--wrap=clock_gettime)
