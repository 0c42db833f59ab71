/* Passwords from the terminal, without echo, or from another program on standard input; never from the
 * command line, which every user of the machine can read. */
#ifndef BUSWARDEN_SECRETLINE_H
#define BUSWARDEN_SECRETLINE_H

#include "bureau/access/password.h"

/* A terminal is asked twice, else one line is read. An exit code; says on stderr why not. */
int secretline_new_password(const char *name, char ret[PASSWORD_LEN]);

#endif
