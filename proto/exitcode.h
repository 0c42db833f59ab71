/* Exit codes of every command: what people and tests rely on. */
#ifndef BUSWARDEN_EXITCODE_H
#define BUSWARDEN_EXITCODE_H

enum {
    EXIT_DONE = 0,   /* done */
    EXIT_NO = 1,     /* the answer is no */
    EXIT_USAGE = 2,  /* wrong use or bad input */
    EXIT_CANNOT = 3, /* could not run */
};

#endif
