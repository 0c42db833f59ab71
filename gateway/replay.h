/* `buswarden-gateway replay`: judges recorded data offline with the very engine of the vehicle. */
#ifndef BUSWARDEN_REPLAY_H
#define BUSWARDEN_REPLAY_H

/* The subcommand; argv[0] is its name. Returns the exit code. */
int replay_main(int argc, char **argv);

#endif
