unit_test(cabinbus cabinbus.c LIBS bw_gateway)
unit_test(gateway_config gateway_config.c LIBS bw_gateway)
unit_test(dates dates.c LIBS bw_gateway)
unit_test(issuedfile issuedfile.c LIBS bw_gateway)
unit_test(issuedfile_powercut issuedfile_powercut.c LIBS bw_proto)
# The disk is played by the test: the file's own code, with none of the system's calls.
target_sources(test_issuedfile_powercut PRIVATE ${CMAKE_SOURCE_DIR}/gateway/issuedfile.c)
target_link_options(
  test_issuedfile_powercut PRIVATE
  LINKER:--wrap=open,--wrap=write,--wrap=fsync,--wrap=rename,--wrap=unlink,--wrap=close)
unit_test(watch watch.c LIBS bw_gateway PkgConfig::SQLITE)
unit_test(explain explain.c LIBS bw_gateway)
unit_test(statustext statustext.c LIBS bw_status)
unit_test(walk walk.c LIBS bw_status)
