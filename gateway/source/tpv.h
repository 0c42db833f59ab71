/* One line of `gpspipe -w`, as the gpsd source would have pushed it. */
#ifndef BUSWARDEN_TPV_H
#define BUSWARDEN_TPV_H

#include "gateway/source/report.h"

/* `line` need not end with NUL; trailing white space is accepted. The whole line is checked to be one JSON
 * object (RFC 8259; that strings are UTF-8 is not checked); numbers are read with strtod(): the program stays
 * in the C locale.
 *
 *   0        a position report. *ret_reason is NULL, or says why gps_accept() refused its fix (mode is 0
 * then). -ENOMSG  no position report: another class, or a blank line. -EINVAL  malformed; *ret_reason says
 * how.
 *
 * ret_report is written in the first case only, ret_reason always. */
int tpv_parse(const char *line, size_t len, const struct gps_window *window, struct gps_report *ret_report,
              const char **ret_reason);

#endif
