/* The `selftest` subcommand: the fitter's walk, and its record. */
#ifndef BUSWARDEN_SELFTEST_H
#define BUSWARDEN_SELFTEST_H

/* argv[0] is its name. Returns the exit code. */
int selftest_main(int argc, char **argv);

#endif
