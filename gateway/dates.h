/* Which dates of a receiver may be believed. */
#ifndef BUSWARDEN_DATES_H
#define BUSWARDEN_DATES_H

#include "gateway/source/source.h"

/* No true date lies before the software was made; five years after the software or the licence, whichever is
 * newer, a date is likelier a receiver's fault. licence may be NULL. `recorded`: judging a recording, which
 * may be older than this software but not than the permits it is judged by. */
struct gps_window dates_believable(const struct bw_licence *licence, bool recorded);

#endif
