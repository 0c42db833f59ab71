/* One line of `candump -L`: "(1436509052.249713) vcan0 044#2A366C2BBA". */
#ifndef BUSWARDEN_CANDUMP_H
#define BUSWARDEN_CANDUMP_H

#include "gateway/source/source.h"

/* `line` need not end with NUL; a trailing CR, LF and the direction mark of `candump -x` are accepted.
 * Digits beyond the microsecond are cut. Returns 0; -ENOMSG for what is well known but carries no data for us
 * (remote, error and CAN FD frames, blank lines); -EINVAL for what is malformed. In both cases *ret_reason
 * says why, the rest is untouched. */
int candump_parse(const char *line, size_t len, int64_t *ret_utc_us, struct can_frame_in *ret_frame,
                  const char **ret_reason);

#endif
