/* Alarm output: lines of GPIO chips, by libgpiod. Each line has a rhythm for each sound; a line that is not
 * there, or that another program holds, is a fault, and is tried again every 10 s (every 2 s while something
 * is to be heard).
 *
 *              lamp       buzzer                    horn             lights
 *     LAMP     steady
 *     WARNING  steady     two beeps in 2 s,
 *                         for 10 s
 *     CHILD_1  flashing   beeping for ever
 *     CHILD_2  flashing   beeping for ever          1 s in 2 s
 *     CHILD_3  flashing   beeping for ever          1 s in 2 s       with the horn  */
#ifndef BUSWARDEN_ALARM_GPIO_H
#define BUSWARDEN_ALARM_GPIO_H

#include <uv.h>

#include "gateway/alarm/alarm.h"
#include "gateway/config.h"

/* Requests the lines, all off. Lines that fail do so in fault(). Timers run on `loop`. -ENOMEM. */
int gpio_output_create(uv_loop_t *loop, const struct config_line lines[CONFIG_LINES],
                       struct alarm_output **ret);

#endif
