/* What happens to cases by itself: overdue ones go up, silence and outages open some and close those that are
 * explained. One turn looks once; the thread takes one every [silence] check_s, and once a day a pass of
 * retention. */
#ifndef BUSWARDEN_CASES_KEEPER_H
#define BUSWARDEN_CASES_KEEPER_H

#include "bureau/cases/silence.h"
#include "bureau/retention/settings.h"
#include "bureau/store/cases.h"

enum {
    KEEPER_VEHICLES_MAX = 32768, /* a province; those beyond are not judged */
    KEEPER_STEPS_MAX = 256,      /* of cases that go up, in one turn */
    KEEPER_REASON_LEN = 160,
    KEEPER_PURGE_RETRY_MS = 60000,
    KEEPER_BACKLOGS_MAX = 16, /* of vehicles whose late records are looked through, in one turn */
};

struct keeper_config {
    const char *store_path;
    const struct case_policy *policy; /* borrowed, as the next */
    const struct silence_settings *silence;
    const struct retention_settings *retention; /* a pass once a day */
    /* Whether the broker is connected; called on the thread. */
    bool (*connected)(void *context);
    void *context;
    uint32_t purge_retry_ms; /* from a pass that failed to the next one; 0 = KEEPER_PURGE_RETRY_MS */
};

struct keeper;
/* Opens the store and starts the thread. */
int keeper_start(const struct keeper_config *config, struct keeper **ret);
void keeper_stop(struct keeper *keeper); /* NULL is fine */
/* Turns so far, at least one every 60 s. From any thread. */
uint64_t keeper_turns(struct keeper *keeper);
/* Why the last turn failed, and the last pass of retention; "" = it did not. From any thread. */
void keeper_reason(struct keeper *keeper, char *ret, size_t size);
void keeper_purge_reason(struct keeper *keeper, char *ret, size_t size);

/* One turn, for tests: `connected` and the time as given. 0 or what the store says. */
int keeper_turn(struct store *store, const struct case_policy *policy, const struct silence_settings *silence,
                bool connected, int64_t now_utc_ms);

/* 1: a vehicle's own clock (its receiver's) was heard of no more than KEEPER_CLOCK_DAYS before this instant.
 * 0: none was; a bureau whose clock has jumped ahead must not take its evidence for old and delete it. */
enum { KEEPER_CLOCK_DAYS = 90 };
int keeper_clock_fits(struct store *store, int64_t now_utc_ms);

/* What the steps of these turns say ("text" of a step), for people by the console: a word, and what belongs
 * to it as name=value. */
#define KEEPER_LOST       "silent:lost"
#define KEEPER_ABSENT     "silent:absent"
#define KEEPER_NEVER_SEEN "silent:never_seen"
#define KEEPER_BROKER     "outage:broker"
#define KEEPER_BUREAU     "outage:bureau"
#define KEEPER_COUNTY     "outage:county"
#define KEEPER_BACKLOG    "explained:backlog"
#define KEEPER_OVER       "explained:over"
#define KEEPER_WHO        "keeper"

#endif
