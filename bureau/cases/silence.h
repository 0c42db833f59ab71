/* Does a vehicle that says nothing keep silent, or has it nothing to say? Pure: what is known of the vehicle,
 * of its permits and of the bureau itself -> a verdict with its reason.
 *
 * A permit says when a vehicle may run, not that it does; no calendar of school days is kept. So nobody is
 * asked about a day on which most of the county stands still, a vehicle that stopped with nobody aboard has
 * stopped, and what happened while the bureau could not hear is nobody's fault. Manual: docs/cases.md. */
#ifndef BUSWARDEN_CASES_SILENCE_H
#define BUSWARDEN_CASES_SILENCE_H

#include "proto/model.h"

/* [silence] of the bureau's configuration. */
struct silence_settings {
    uint32_t check_s;          /* how often is looked */
    uint32_t after_s;          /* a word is missing after this long: valleys have no signal */
    uint32_t outage_after_s;   /* the broker away, or the bureau itself, for longer than this: an outage. A
                                  shorter break is none: vehicles send again what it cost */
    uint32_t outage_percent;   /* of the vehicles on their way, silent at once: an outage */
    uint32_t outage_vehicles;  /* and no fewer than this */
    uint32_t running_percent;  /* of the vehicles that may run: heard of, else it is no school day */
    uint32_t schedule_max_min; /* a longer window is no timetable: it may run then, it need not */
};
extern const struct silence_settings SILENCE_DEFAULT;

/* The part of a permit's day that began last: [begin, end); 0, 0 = none did today. */
struct silence_window {
    int64_t begin_utc_ms, end_utc_ms;
};
/* Widens *window (0, 0 at first) by a permit: of several the one that began last counts. */
void silence_add_permit(struct silence_window *window, const struct bw_permit *permit, int64_t now_utc_ms);

/* True when a permit's window, of any day, overlaps a time. Of long times the first fortnight is looked at:
 * every weekday is in it. */
bool silence_permit_overlaps(const struct bw_permit *permit, int64_t from_utc_ms, int64_t until_utc_ms);

struct silence_vehicle {
    bool enrolled; /* has a key: a device was given to it */
    struct silence_window window;
    int64_t heard_utc_ms;      /* its last word, by its own time if that is the older one; 0 = never */
    bool moving;               /* by its last word: faster than 1 m/s */
    bool carrying;             /* by its last word: somebody was aboard for certain */
    int64_t trip_ended_utc_ms; /* its last trip; 0 = none */
};

/* What the bureau itself could hear. */
struct silence_bureau {
    int64_t now_utc_ms;
    int64_t up_since_utc_ms;     /* running, and the broker connected, but for short breaks; 0 = not now */
    int64_t outage_begin_utc_ms; /* of SILENCE_COUNTY_BREAK, while it goes on; 0 = none does */
    int64_t outage_end_utc_ms;   /* of the last one; 0 = none was */
};

enum silence_verdict {
    SILENCE_NOT_EXPECTED, /* no device, or no window that has begun */
    SILENCE_HEARD,        /* just now */
    SILENCE_DONE,         /* its window was over when it fell silent */
    SILENCE_PARKED,       /* it stopped, and nobody was aboard */
    SILENCE_WAITING,      /* for a word: not long enough yet */
    SILENCE_UNJUDGED,     /* the bureau could not have heard it */
    SILENCE_LOST,         /* under way, and then nothing */
    SILENCE_ABSENT,       /* not a word in all of its window */
    SILENCE_NEVER_SEEN,   /* the same, and never a word before */
    SILENCE_VERDICTS
};
const char *silence_verdict_name(enum silence_verdict verdict);

enum silence_verdict silence_judge(const struct silence_settings *settings,
                                   const struct silence_vehicle *vehicle,
                                   const struct silence_bureau *bureau);

/* How many of each verdict, of the whole county or of one school. */
struct silence_count {
    uint32_t of[SILENCE_VERDICTS];
    uint32_t lost_at_once; /* of the lost: lately, or in the outage that goes on */
};
void silence_count(struct silence_count *count, const struct silence_settings *settings,
                   const struct silence_vehicle *vehicle, const struct silence_bureau *bureau,
                   enum silence_verdict verdict);

enum silence_county {
    SILENCE_COUNTY_FINE,
    SILENCE_COUNTY_DEAF,  /* the bureau does not hear: an outage when somebody may be under way */
    SILENCE_COUNTY_BREAK, /* too many are lost at once */
    SILENCE_COUNTY_QUIET, /* hardly anybody runs: a holiday; nobody is absent */
};
enum silence_county silence_judge_county(const struct silence_settings *settings,
                                         const struct silence_count *county,
                                         const struct silence_bureau *bureau);

/* True when this verdict is worth a case: `school` counts the vehicle's own. */
bool silence_is_case(enum silence_verdict verdict, enum silence_county county,
                     const struct silence_count *school);

#endif
