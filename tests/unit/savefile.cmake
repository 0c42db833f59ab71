unit_test(savefile_powercut savefile_powercut.c)
# The disk is played by the test: the file's own code, with none of the system's calls.
target_sources(test_savefile_powercut PRIVATE ${CMAKE_SOURCE_DIR}/proto/savefile.c)
target_link_options(
  test_savefile_powercut PRIVATE
  LINKER:--wrap=open,--wrap=write,--wrap=fsync,--wrap=fchmod,--wrap=rename,--wrap=unlink,--wrap=close)
