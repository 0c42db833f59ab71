/* Alarm output: a command of the operator's, run when an alert begins to sound, sounds otherwise, or ends.
 *
 * It is told by its environment, and by nothing else but PATH:
 *     BUSWARDEN_KIND      OVERLOAD ...                   BUSWARDEN_PHASE    RAISED, UPDATED, CLEARED
 *     BUSWARDEN_SEVERITY  notice, minor ...              BUSWARDEN_LEVEL    0 off, 1 buzzer, 2 horn, 3 horn
 * and lights BUSWARDEN_NUMBER    of the alert No shell is between; its standard error is the gateway's. It
 * switches something and ends: after 10 s it is killed with all that it started. For one kind of alert never
 * two run at once: what changed meanwhile is told afterwards, the newest only. One that could not be run,
 * failed or was killed is a fault until the next ends well, and is run again when the alert's level changes.
 */
#ifndef BUSWARDEN_ALARM_COMMAND_H
#define BUSWARDEN_ALARM_COMMAND_H

#include <uv.h>

#include "gateway/alarm/alarm.h"

enum { COMMAND_LIMIT_MS = 10000 };

/* `text`: the program's whole path and its arguments, as gateway/config.h has checked them. A program that
 * cannot be executed is a fault at once. -EINVAL when it is no such text, -ENOMEM. */
int command_output_create(uv_loop_t *loop, const char *text, struct alarm_output **ret);

#endif
