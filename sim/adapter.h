/* A LAWICEL (SLCAN) adapter on a pseudo terminal: to the gateway it looks like the CAN adapter on a serial
 * line. */
#ifndef BUSWARDEN_SIM_ADAPTER_H
#define BUSWARDEN_SIM_ADAPTER_H

#include "sim/can.h"

struct adapter;

/* Opens a pseudo terminal and makes link_path a symbolic link to it (a symbolic link that is there already is
 * replaced, a file is not: -EEXIST). 0 or a negative errno. */
int adapter_create(const char *link_path, struct adapter **ret);
/* Removes the link. */
void adapter_free(struct adapter *adapter);

/* What to poll for. */
int adapter_fd(const struct adapter *adapter);
short adapter_events(const struct adapter *adapter);
/* Answer the commands that came, write what waits. Never blocks. */
int adapter_serve(struct adapter *adapter);

/* Pass a frame of the bus on, if the channel is open. A reader that does not keep up loses whole frames, as
 * with a real adapter; they are counted. */
int adapter_send(struct adapter *adapter, const struct can_frame *frame);
bool adapter_is_open(const struct adapter *adapter);
uint64_t adapter_frames_lost(const struct adapter *adapter);

#endif
