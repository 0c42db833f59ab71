/* From what has happened (events of alerts, steps of cases) to notices and their deliveries. */
#ifndef BUSWARDEN_NOTIFY_EXPAND_H
#define BUSWARDEN_NOTIFY_EXPAND_H

#include "bureau/notify/channel.h"
#include "bureau/store/cases.h"
#include "bureau/store/notices.h"

enum { EXPAND_BATCH = 50, EXPAND_NEAR_M = 300 /* of a stop, to be named by it */ };

/* Takes up to EXPAND_BATCH of each source after its cursor; notices, deliveries and the cursor are committed
 * together or not at all. Where there is no cursor yet, what has happened so far is not told. *ret_more:
 * there may be more at once. An event of an alert whose own bytes cannot be decoded is stepped over: the
 * audit has it as `notify-skip`, with its number, by EXPAND_WHO. A store that fails, a damaged file
 * (-EBADMSG) too, ends the turn with its error, and the next one begins at the same place. */
int expand_turn(struct store *store, const struct notify_settings *settings, int64_t now_utc_ms,
                bool *ret_more);
#define EXPAND_WHO "bureau"

/* Pure. Is this phase worth telling, and as what; 0 = no. `before` is the severity of the phase before it. */
enum store_notice_what expand_alert(const struct bw_alert *alert, enum bw_severity before);
/* Pure. Is this step of a case worth telling, and as what; 0 = no. */
enum store_notice_what expand_case_step(const struct store_case_step *step);
/* Pure. */
bool expand_wants(const struct notify_channel *channel, const struct store_notice *notice);
/* Pure. Of a case that an alert opened the alert's own notice tells, where that reaches the channel. A notice
 * about a device may open one, and by default channels take none (`minimum`): they hear of the case. */
bool expand_is_told_by_alert(const struct notify_channel *channel, const struct store_case_step *step);

#endif
