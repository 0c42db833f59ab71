unit_test(store_sightings store_sightings.c LIBS bw_store PkgConfig::SQLITE)
unit_test(verdict verdict.c LIBS bw_sightings)
unit_test(picture picture.c LIBS bw_darkroom PkgConfig::TURBOJPEG)
unit_test(sandbox sandbox.c LIBS bw_darkroom)
