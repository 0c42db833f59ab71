/* Asking the running gateway over its control socket. */
#ifndef BUSWARDEN_STATUSCLIENT_H
#define BUSWARDEN_STATUSCLIENT_H

#include <jansson.h>

/* A descriptor connected to the control socket, or a negative errno: -ENAMETOOLONG for a path that no socket
 * can have, -ENOENT and -ECONNREFUSED when nobody listens there. Waits 5 s at most, also for each read. */
int status_dial(const char *path);

enum { STATUS_REASON_LEN = 256 };
/* What status_json() made there: a new reference. 0, or a negative errno with words in ret_reason; -EBADMSG
 * when what came (256 KiB at most) is no answer of a gateway. */
int status_ask(const char *path, json_t **ret, char ret_reason[STATUS_REASON_LEN]);

#endif
