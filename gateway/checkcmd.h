/* The `check-config` subcommand. */
#ifndef BUSWARDEN_CHECKCMD_H
#define BUSWARDEN_CHECKCMD_H

/* argv[0] is its name. Returns the exit code. */
int checkcmd_main(int argc, char **argv);

#endif
