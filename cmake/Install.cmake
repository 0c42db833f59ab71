# What is installed where. The components gateway and bureau are a Debian package each; the simulator is in neither.
include(GNUInstallDirs)
install(TARGETS buswarden-gateway RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT gateway)
install(TARGETS buswarden-bureau RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT bureau)
install(TARGETS buswarden-sim RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT sim)
install(DIRECTORY bureau/console/ DESTINATION ${CMAKE_INSTALL_DATADIR}/buswarden/console COMPONENT bureau)
install(FILES deploy/systemd/buswarden.udev DESTINATION lib/udev/rules.d RENAME 60-buswarden.rules COMPONENT gateway)
foreach(part gateway bureau)
  install(FILES deploy/systemd/buswarden-${part}.service DESTINATION lib/systemd/system COMPONENT ${part})
  install(FILES deploy/systemd/buswarden.sysusers DESTINATION lib/sysusers.d RENAME buswarden-${part}.conf COMPONENT ${part})
  install(FILES deploy/${part}.conf.example docs/operations.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/buswarden-${part}
          COMPONENT ${part})
endforeach()
install(TARGETS buswarden_mosquitto LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/buswarden COMPONENT bureau)
install(FILES deploy/mosquitto/buswarden.conf deploy/mosquitto/buswarden.acl
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/buswarden-bureau/mosquitto COMPONENT bureau)
