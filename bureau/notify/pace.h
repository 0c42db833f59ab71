/* When a channel may send, and what. Pure: no clock, no chance but what is handed in. */
#ifndef BUSWARDEN_NOTIFY_PACE_H
#define BUSWARDEN_NOTIFY_PACE_H

#include "bureau/notify/channel.h"

/* Of `limit` sends in a window a quarter (at least one, where there are two) is kept for what is urgent. */
unsigned pace_ordinary_limit(unsigned limit);

enum pace_next { PACE_WAIT, PACE_ONE, PACE_DIGEST };
/* With `used` attempts in the window and `waiting` ordinary notices: one by one as long as all of them fit
 * in, else one message about all of them, else wait until the window moves on. */
enum pace_next pace_ordinary(unsigned limit, unsigned used, size_t waiting);
/* Urgent: alone, as long as the whole limit lasts. */
enum pace_next pace_urgent(unsigned limit, unsigned used, size_t waiting);

/* Quiet from `from_min` up to, not including, `until_min`, which may be on the next day. */
bool pace_is_quiet(const struct notify_quiet *quiet, int64_t now_utc_ms);

struct pace_backoff {
    unsigned first_s, longest_s;
};
/* After `attempts` (1, 2, ...) failed ones: doubling from first_s to longest_s, then by chance between half
 * of that and all of it, so that channels that failed together do not come back together. When the server
 * asked for a longer pause, that one, up to longest_s. */
int64_t pace_backoff_ms(const struct pace_backoff *backoff, unsigned attempts, uint32_t chance,
                        unsigned asked_s);

/* A message may go now. A clock that was set back must not hold it for longer than any pause is. */
bool pace_is_due(int64_t next_utc_ms, int64_t now_utc_ms, unsigned longest_s);

#endif
