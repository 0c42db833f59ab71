include(GNUInstallDirs)
install(TARGETS buswarden-gateway buswarden-bureau buswarden-sim RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY bureau/console/ DESTINATION ${CMAKE_INSTALL_DATADIR}/buswarden/console)
