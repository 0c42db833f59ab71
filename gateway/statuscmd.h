/* The `status` subcommand. */
#ifndef BUSWARDEN_STATUSCMD_H
#define BUSWARDEN_STATUSCMD_H

/* argv[0] is its name. Returns the exit code. */
int status_main(int argc, char **argv);

#endif
