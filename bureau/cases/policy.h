/* Which alerts make a case, how long there is to put it right, and who hears of it when that is over. Pure.
 *
 * No article names a number of days: the deadlines are this project's, and settings ([cases] of the bureau's
 * configuration). What the articles do name stands beside each default in policy.c. */
#ifndef BUSWARDEN_CASES_POLICY_H
#define BUSWARDEN_CASES_POLICY_H

#include "bureau/cases/state.h"

/* Who looks after it: each level hears of it besides those before. */
enum case_level {
    CASE_LEVEL_SCHOOL = 1,
    CASE_LEVEL_OFFICER = 2, /* of the township, or of the bureau */
    CASE_LEVEL_HEAD = 3     /* of the bureau */
};

enum { CASE_BANDS = 3 }; /* minor (and below), serious, criminal */

struct case_policy {
    uint16_t deadline_h[CASE_KINDS][CASE_BANDS]; /* from assigning it */
    uint16_t
        acknowledge_h; /* an open case that nobody took is late after this, and as long again to assign it */
    uint16_t escalate_h[2];   /* overdue, or late by this: to level 2, to level 3 */
    uint32_t notice_days;     /* of notices of one kind about the device itself in NOTICE_SPAN_DAYS: a case */
    uint32_t recurrence_days; /* earlier cases of the vehicle and kind that count: a term */
};
enum { CASE_NOTICE_SPAN_DAYS = 7 };

extern const struct case_policy CASE_POLICY_DEFAULT;

/* What an alert of this kind and severity does. A notice accuses nobody (docs/rules.md). */
enum case_effect {
    CASE_NOTHING,
    CASE_IF_REPEATED, /* a case once it was so on notice_days days: the device must work (Art. 21) */
    CASE_OPENS,
};
enum case_effect case_effect(enum bw_kind kind, enum bw_severity severity);

int64_t case_deadline_utc_ms(const struct case_policy *policy, int kind, enum bw_severity severity,
                             int64_t from_utc_ms);

/* What time tells of a case. deadline_utc_ms 0 = none. */
struct case_clock {
    enum case_state state;
    int64_t opened_utc_ms, deadline_utc_ms;
};
bool case_is_overdue(const struct case_clock *clock, int64_t now_utc_ms);
/* The level that a case has by its age: 1 to 3; 0 when it is rectified or over, and nobody needs to be told.
 */
uint8_t case_level(const struct case_policy *policy, const struct case_clock *clock, int64_t now_utc_ms);

/* Tells the trips of one vehicle apart: two alerts are of one trip when this is the same for both. An alert
 * comes before the record of its trip, so this is the end of the trip before; and no trip lasts over midnight
 * (local). ended_utc_ms 0 = no earlier trip is known. */
int64_t case_trip_utc_ms(int64_t ended_utc_ms, int64_t raised_utc_ms);

#endif
