/* How the kernel's driver of a CAN interface is set up, over rtnetlink. */
#ifndef BUSWARDEN_CANLINK_H
#define BUSWARDEN_CANLINK_H

#include <stdbool.h>

struct canlink {
    bool bus_off;   /* now */
    bool stays_off; /* restart-ms is 0: somebody would have to restart it by hand */
};

/* 0; -ENOENT for an interface that has no controller (vcan), else a negative errno. Does not block: the
 * kernel answers while it is asked. */
int canlink_query(unsigned index, struct canlink *ret);

#endif
