/* Alarm output: a command of the operator's, run when an alert begins to sound, sounds otherwise, or ends.
 *
 * It is told by its environment, and by nothing else but PATH:
 *
 *     BUSWARDEN_KIND      OVERLOAD ...
 *     BUSWARDEN_PHASE     RAISED, UPDATED, CLEARED
 *     BUSWARDEN_SEVERITY  notice, minor ...
 *     BUSWARDEN_LEVEL     0 off, 1 buzzer, 2 horn, 3 horn and lights
 *     BUSWARDEN_NUMBER    of the alert; 0 = none: at the start, the alarm's test, and
 *                         the warning of OVERLOAD before departure
 *
 * No shell is between; its standard error is the gateway's. It switches something and ends: after 10 s it is
 * killed with all that it started. For one kind of alert never two run at once: what changed meanwhile is
 * told afterwards, the newest only. One that could not be run, failed or was killed is a fault until the next
 * of its kind ends well: it is run again every 10 s, unless something newer is to be told.
 *
 * At the end of the gateway none is waited for, and the unit (KillMode=mixed) then kills one that still runs:
 * so that the end of an alert may not have been told. alarm_begin() tells it at the next start.
 */
#ifndef BUSWARDEN_ALARM_COMMAND_H
#define BUSWARDEN_ALARM_COMMAND_H

#include <uv.h>

#include "gateway/alarm/alarm.h"

enum { COMMAND_LIMIT_MS = 10000, COMMAND_AGAIN_MS = 10000 };

/* `text`: the program's whole path and its arguments, as gateway/config.h has checked them. A program that
 * cannot be executed is a fault at once. -EINVAL when it is no such text, -ENOMEM. */
int command_output_create(uv_loop_t *loop, const char *text, struct alarm_output **ret);

#endif
