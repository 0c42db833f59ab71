#include "bureau/cases/keeper.h"

#include "bureau/cases/backlog.h"
#include "bureau/registry/registry.h"
#include "bureau/store/silence.h"
#include "proto/utc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double MOVING_MPS = 1;
static const char BUREAU[] = "bureau", COUNTY[] = "county"; /* what an outage is of */

struct turn {
    struct store *store;
    const struct case_policy *policy;
    const struct silence_settings *settings;
    struct silence_bureau bureau;
    struct store_hearing hearing;
    size_t n, size;
    struct judged {
        char vehicle[BW_ID_LEN], school_id[BW_ID_LEN];
        int64_t heard_utc_ms, window_utc_ms;
        enum silence_verdict verdict;
    } * judged;
    struct silence_count county;
    int64_t lost_utc_ms; /* the first of those that are lost at once */
};

/* --- cases that it opens and closes --- */

static int open_case(struct turn *turn, const struct store_case_opening *what)
{
    struct store_case_opening opening = *what;
    int64_t id;
    bool opened;
    opening.source = CASE_BY_SILENCE;
    opening.utc_ms = turn->bureau.now_utc_ms;
    opening.who = KEEPER_WHO;
    opening.role = CASE_ROLE_SYSTEM;
    return store_case_open(turn->store, turn->policy, &opening, &id, &opened);
}

static int take_id(void *context, const struct store_case *row)
{
    *(int64_t *)context = row->id;
    return 0;
}

static int act(struct turn *turn, int64_t id, enum case_action action, uint8_t level, const char *text)
{
    const struct store_case_deed deed = {.action = action,
                                         .role = CASE_ROLE_SYSTEM,
                                         .who = KEEPER_WHO,
                                         .text = text,
                                         .answer = CASE_NO_ANSWER,
                                         .level = level,
                                         .utc_ms = turn->bureau.now_utc_ms};
    enum case_refusal refusal;
    const int err = store_case_act(turn->store, turn->policy, id, 0, &deed, &refusal, NULL);
    return err == -EPERM ? 0 : err; /* somebody was faster */
}

static int open_outage(struct turn *turn, const char *subject, const char *text, int64_t since_utc_ms)
{
    return open_case(turn, &(struct store_case_opening){.kind = CASE_OUTAGE,
                                                        .subject = subject,
                                                        .vehicle = "",
                                                        .severity = BW_NOTICE,
                                                        .happened_utc_ms = since_utc_ms,
                                                        .text = text});
}

/* 1: such a case is going. */
static int outage_going(struct turn *turn, const char *subject, int64_t *ret_id)
{
    const int err = store_case_of(turn->store, subject, CASE_OUTAGE, take_id, ret_id);
    return err == -ENOENT ? 0 : err < 0 ? err : 1;
}

static int end_outage(struct turn *turn, const char *subject)
{
    int64_t id = 0;
    const int going = outage_going(turn, subject, &id);
    return going == 1 ? act(turn, id, CASE_DO_EXPLAIN, 0, KEEPER_OVER) : going;
}

/* --- what the bureau itself could hear --- */

struct expected {
    int64_t from_utc_ms, until_utc_ms;
};

static int is_expected(void *context, const struct bw_permit *permit)
{
    const struct expected *expected = context;
    return silence_permit_overlaps(permit, expected->from_utc_ms, expected->until_utc_ms);
}

/* 1: by some permit somebody may have been under way in that time. */
static int may_run(struct turn *turn, int64_t from_utc_ms, int64_t until_utc_ms)
{
    struct expected expected = {from_utc_ms, until_utc_ms};
    return store_permits(turn->store, NULL, is_expected, &expected);
}

static int64_t longest_break_ms(const struct silence_settings *settings)
{
    const uint32_t s =
        settings->outage_after_s > 2 * settings->check_s ? settings->outage_after_s : 2 * settings->check_s;
    return s * (int64_t)1000;
}

/* The bureau hears again. What it was not told of, because it did not run itself, it tells of now. */
static int hears(struct turn *turn)
{
    struct store_hearing *hearing = &turn->hearing;
    const int64_t now_utc_ms = turn->bureau.now_utc_ms, since_utc_ms = hearing->alive_utc_ms;
    int64_t id = 0;
    int rc = outage_going(turn, BUREAU, &id);
    if (rc < 0)
        return rc;
    const bool told = rc == 1;
    const bool broke = since_utc_ms == 0 || now_utc_ms - since_utc_ms > longest_break_ms(turn->settings) ||
                       now_utc_ms < since_utc_ms;
    hearing->alive_utc_ms = now_utc_ms;
    if (broke || hearing->up_since_utc_ms == 0)
        hearing->up_since_utc_ms = now_utc_ms;
    rc = 0;
    if (!told && broke && since_utc_ms != 0 && since_utc_ms < now_utc_ms) {
        rc = may_run(turn, since_utc_ms, now_utc_ms);
        if (rc == 1)
            rc = open_outage(turn, BUREAU, KEEPER_BUREAU, since_utc_ms);
    }
    return rc < 0 ? rc : end_outage(turn, BUREAU);
}

static int is_deaf(struct turn *turn)
{
    struct store_hearing *hearing = &turn->hearing;
    const int64_t now_utc_ms = turn->bureau.now_utc_ms;
    if (hearing->alive_utc_ms == 0) /* it has never heard: its clock begins now */
        hearing->alive_utc_ms = now_utc_ms;
    if (now_utc_ms - hearing->alive_utc_ms <= longest_break_ms(turn->settings))
        return 0;
    hearing->up_since_utc_ms = 0;
    int64_t id = 0;
    const int going = outage_going(turn, BUREAU, &id);
    if (going != 0)
        return going < 0 ? going : 0;
    const int rc = may_run(turn, hearing->alive_utc_ms, now_utc_ms);
    return rc == 1 ? open_outage(turn, BUREAU, KEEPER_BROKER, hearing->alive_utc_ms) : rc;
}

static int listen(struct turn *turn, bool connected)
{
    int rc = store_hearing(turn->store, &turn->hearing);
    if (rc == 0)
        rc = connected ? hears(turn) : is_deaf(turn);
    turn->bureau.up_since_utc_ms = turn->hearing.up_since_utc_ms;
    turn->bureau.outage_begin_utc_ms = turn->hearing.outage_begin_utc_ms;
    turn->bureau.outage_end_utc_ms = turn->hearing.outage_end_utc_ms;
    return rc;
}

/* --- the vehicles --- */

struct windows {
    struct silence_window window;
    int64_t now_utc_ms;
};

static int add_permit(void *context, const struct bw_permit *permit)
{
    struct windows *windows = context;
    silence_add_permit(&windows->window, permit, windows->now_utc_ms);
    return 0;
}

static struct judged *next_judged(struct turn *turn)
{
    if (turn->n == turn->size) {
        const size_t size = turn->size > 0 ? 2 * turn->size : 256;
        struct judged *more =
            size <= KEEPER_VEHICLES_MAX ? realloc(turn->judged, size * sizeof(*more)) : NULL;
        if (more == NULL)
            return NULL;
        turn->judged = more;
        turn->size = size;
    }
    return &turn->judged[turn->n];
}

static int judge(void *context, const struct store_heard *row)
{
    struct turn *turn = context;
    struct windows windows = {.now_utc_ms = turn->bureau.now_utc_ms};
    const int rc = store_permits(turn->store, row->vehicle, add_permit, &windows);
    if (rc != 0)
        return rc;
    const struct silence_vehicle vehicle = {.enrolled = row->enrolled,
                                            .window = windows.window,
                                            .heard_utc_ms = row->heard_utc_ms,
                                            .moving = row->speed_mps > MOVING_MPS, /* not when NaN */
                                            .carrying = row->aboard > 0,
                                            .trip_ended_utc_ms = row->trip_ended_utc_ms};
    const enum silence_verdict verdict = silence_judge(turn->settings, &vehicle, &turn->bureau);
    const uint32_t lost = turn->county.lost_at_once;
    silence_count(&turn->county, turn->settings, &vehicle, &turn->bureau, verdict);
    if (turn->county.lost_at_once > lost &&
        (turn->lost_utc_ms == 0 || vehicle.heard_utc_ms < turn->lost_utc_ms))
        turn->lost_utc_ms = vehicle.heard_utc_ms;
    struct judged *judged = next_judged(turn);
    if (judged == NULL)
        return turn->size >= KEEPER_VEHICLES_MAX ? 0 : -ENOMEM;
    *judged = (struct judged){.heard_utc_ms = vehicle.heard_utc_ms,
                              .window_utc_ms = windows.window.begin_utc_ms,
                              .verdict = verdict};
    (void)snprintf(judged->vehicle, sizeof(judged->vehicle), "%s", row->vehicle);
    (void)snprintf(judged->school_id, sizeof(judged->school_id), "%s", row->school_id);
    turn->n++;
    return 0;
}

/* A vehicle that keeps silent: a case, unless there was one of just this silence. */
static int accuse(struct turn *turn, const struct judged *judged)
{
    const bool lost = judged->verdict == SILENCE_LOST;
    const int64_t since_utc_ms = lost ? judged->heard_utc_ms : judged->window_utc_ms;
    int64_t last_utc_ms = 0;
    const int rc = store_case_last(turn->store, judged->vehicle, CASE_SILENT, &last_utc_ms);
    if (rc != 0 || last_utc_ms >= since_utc_ms)
        return rc;
    return open_case(turn, &(struct store_case_opening){
                               .kind = CASE_SILENT,
                               .vehicle = judged->vehicle,
                               .severity = lost ? BW_MINOR : BW_NOTICE, /* it may simply not have run */
                               .happened_utc_ms = since_utc_ms,
                               .text = lost                                    ? KEEPER_LOST
                                       : judged->verdict == SILENCE_NEVER_SEEN ? KEEPER_NEVER_SEEN
                                                                               : KEEPER_ABSENT});
}

static int accuse_school(struct turn *turn, size_t first, size_t end, enum silence_county county)
{
    struct silence_count school = {0};
    int rc = 0;
    for (size_t i = first; i < end; i++)
        school.of[turn->judged[i].verdict]++;
    for (size_t i = first; i < end && rc == 0; i++)
        if (silence_is_case(turn->judged[i].verdict, county, &school))
            rc = accuse(turn, &turn->judged[i]);
    return rc;
}

static int tell_county(struct turn *turn, enum silence_county county)
{
    struct store_hearing *hearing = &turn->hearing;
    char text[96];
    if (county != SILENCE_COUNTY_BREAK && hearing->outage_begin_utc_ms != 0 &&
        county != SILENCE_COUNTY_DEAF) {
        hearing->outage_end_utc_ms = turn->bureau.now_utc_ms;
        hearing->outage_begin_utc_ms = 0;
        return end_outage(turn, COUNTY);
    }
    if (county != SILENCE_COUNTY_BREAK || hearing->outage_begin_utc_ms != 0)
        return 0;
    hearing->outage_begin_utc_ms = turn->lost_utc_ms;
    (void)snprintf(text, sizeof(text), "%s lost=%" PRIu32 " heard=%" PRIu32, KEEPER_COUNTY,
                   turn->county.lost_at_once, turn->county.of[SILENCE_HEARD]);
    return open_outage(turn, COUNTY, text, turn->lost_utc_ms);
}

/* --- cases that are there --- */

struct going {
    const struct turn *turn;
    size_t n_up, n_silent;
    struct up {
        int64_t id;
        uint8_t level;
    } up[KEEPER_STEPS_MAX];
    struct silent {
        int64_t id, from_utc_ms, until_utc_ms;
        char vehicle[BW_ID_LEN];
        bool explained;
    } silent[KEEPER_BACKLOGS_MAX];
};

static const struct judged *find_judged(const struct turn *turn, const char *vehicle)
{
    for (size_t i = 0; i < turn->n; i++)
        if (strcmp(turn->judged[i].vehicle, vehicle) == 0)
            return &turn->judged[i];
    return NULL;
}

static int look_at_case(void *context, const struct store_case *row)
{
    struct going *going = context;
    const struct case_clock clock = {
        .state = row->state, .opened_utc_ms = row->opened_utc_ms, .deadline_utc_ms = row->deadline_utc_ms};
    const uint8_t level = case_level(going->turn->policy, &clock, going->turn->bureau.now_utc_ms);
    if (level > row->level && going->n_up < KEEPER_STEPS_MAX)
        going->up[going->n_up++] = (struct up){row->id, level};
    if (row->kind != CASE_SILENT || row->state == CASE_RECTIFIED || going->n_silent == KEEPER_BACKLOGS_MAX)
        return 0;
    const struct judged *judged = find_judged(going->turn, row->vehicle);
    if (judged == NULL || judged->heard_utc_ms <= row->opened_utc_ms)
        return 0;
    struct silent *silent = &going->silent[going->n_silent++];
    *silent = (struct silent){
        .id = row->id, .from_utc_ms = row->happened_utc_ms, .until_utc_ms = row->opened_utc_ms};
    (void)snprintf(silent->vehicle, sizeof(silent->vehicle), "%s", row->vehicle);
    return 0;
}

/* What was found, written: only here others wait for the store. */
static int write_found(struct turn *turn, const struct going *going)
{
    enum silence_county county = silence_judge_county(turn->settings, &turn->county, &turn->bureau);
    int rc = tell_county(turn, county);
    if (turn->hearing.outage_end_utc_ms == turn->bureau.now_utc_ms)
        county = SILENCE_COUNTY_BREAK; /* it is over just now: who was judged as lost fell silent in it */
    for (size_t first = 0, end; first < turn->n && rc == 0; first = end) {
        for (end = first + 1;
             end < turn->n && strcmp(turn->judged[end].school_id, turn->judged[first].school_id) == 0;)
            end++;
        rc = accuse_school(turn, first, end, county);
    }
    for (size_t i = 0; i < going->n_up && rc == 0; i++)
        rc = act(turn, going->up[i].id, CASE_DO_ESCALATE, going->up[i].level, "");
    for (size_t i = 0; i < going->n_silent && rc == 0; i++)
        if (going->silent[i].explained)
            rc = act(turn, going->silent[i].id, CASE_DO_EXPLAIN, 0, KEEPER_BACKLOG);
    return rc == 0 ? store_hearing_put(turn->store, &turn->hearing) : rc;
}

static int look(struct turn *turn, struct going *going)
{
    int32_t today;
    int minute, weekday;
    utc_local(turn->bureau.now_utc_ms, REGISTRY_UTC_OFFSET_MIN, &today, &minute, &weekday);
    int rc = store_heard(turn->store, today, judge, turn);
    if (rc == 0)
        rc = store_cases_going(turn->store, 0, INT32_MAX, look_at_case, going);
    for (size_t i = 0; i < going->n_silent && rc == 0; i++) {
        struct silent *silent = &going->silent[i];
        const int arrived =
            backlog_arrived(turn->store, silent->vehicle, silent->from_utc_ms, silent->until_utc_ms);
        silent->explained = arrived == 1;
        rc = arrived < 0 ? arrived : 0;
    }
    return rc;
}

static int take_turn(struct turn *turn, struct going *going, bool connected)
{
    int rc = store_begin(turn->store);
    if (rc == 0)
        rc = listen(turn, connected);
    if (rc == 0)
        rc = store_hearing_put(turn->store, &turn->hearing);
    if (rc == 0)
        rc = store_commit(turn->store);
    if (rc == 0)
        rc = look(turn, going);
    if (rc == 0)
        rc = store_begin(turn->store);
    if (rc == 0)
        rc = write_found(turn, going);
    return rc == 0 ? store_commit(turn->store) : rc;
}

int keeper_turn(struct store *store, const struct case_policy *policy, const struct silence_settings *silence,
                bool connected, int64_t now_utc_ms)
{
    struct turn turn = {
        .store = store, .policy = policy, .settings = silence, .bureau.now_utc_ms = now_utc_ms};
    struct going *going = calloc(1, sizeof(*going));
    if (going == NULL)
        return -ENOMEM;
    going->turn = &turn;
    const int rc = take_turn(&turn, going, connected);
    if (rc != 0)
        store_rollback(store);
    free(going);
    free(turn.judged);
    return rc;
}

static int take_latest(void *context, const struct store_heard *row)
{
    int64_t *latest_utc_ms = context;
    if (row->heard_utc_ms > *latest_utc_ms)
        *latest_utc_ms = row->heard_utc_ms;
    return 0;
}

int keeper_clock_fits(struct store *store, int64_t now_utc_ms)
{
    int64_t latest_utc_ms = 0;
    const int rc = store_heard(store, 0, take_latest, &latest_utc_ms);
    if (rc != 0)
        return rc;
    return latest_utc_ms != 0 && now_utc_ms - latest_utc_ms <= KEEPER_CLOCK_DAYS * UTC_MS_PER_DAY;
}
