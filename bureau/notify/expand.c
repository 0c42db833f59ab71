#include "bureau/notify/expand.h"

#include "bureau/notify/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum store_notice_what expand_alert(const struct bw_alert *alert, enum bw_severity before)
{
    /* The first phase that is held of an alert tells of it, whichever it is. */
    if (before == BW_SEVERITY_NONE)
        return STORE_NOTICE_RAISED;
    if (alert->phase == BW_CLEARED) /* nobody goes on looking for a child that has been found */
        return alert->kind == BW_CHILD_LEFT_BEHIND ? STORE_NOTICE_OVER : 0;
    return alert->severity > before ? STORE_NOTICE_GRAVER : 0;
}

enum store_notice_what expand_case_step(const struct store_case_step *step)
{
    switch (step->action) {
    case CASE_DO_OPEN:
        return STORE_NOTICE_CASE_OPENED;
    case CASE_DO_ASSIGN:
    case CASE_DO_RETURN:
        return STORE_NOTICE_CASE_ASSIGNED;
    case CASE_DO_ESCALATE:
        return STORE_NOTICE_CASE_ESCALATED;
    default:
        return 0;
    }
}

bool expand_wants(const struct notify_channel *channel, const struct store_notice *notice)
{
    const char *about = notice->source == STORE_NOTICE_OF_CASE ? "cases" : "alerts";
    if (!notify_listed(channel->about, about))
        return false;
    if (channel->kinds[0] != '\0' && !notify_listed(channel->kinds, notify_kind_name(notice->kind)))
        return false;
    if (channel->schools[0] != '\0' && !notify_listed(channel->schools, notice->school_id))
        return false;
    if (channel->division[0] != '\0' && strcmp(channel->division, notice->division) != 0)
        return false;
    return notice->urgent || notice->severity >= channel->minimum;
}

bool expand_is_told_by_alert(const struct notify_channel *channel, const struct store_case_step *step)
{
    const struct store_case *of = step->of;
    if (step->action != CASE_DO_OPEN || of->source != CASE_BY_ALERT)
        return false;
    const struct store_notice alert = {
        .source = STORE_NOTICE_OF_ALERT,
        .kind = of->kind,
        .severity = step->severity,
        .urgent = of->kind == BW_CHILD_LEFT_BEHIND,
        .school_id = of->school_id,
        .division = of->division,
    };
    return expand_wants(channel, &alert);
}

struct expansion {
    struct store *store;
    const struct notify_settings *settings;
    int64_t now_utc_ms, position;
    int n;
};

/* step: that the notice is of; NULL = of an alert. */
static int deliver(const struct expansion *expansion, const struct store_notice *notice,
                   const struct store_case_step *step)
{
    int64_t id = 0;
    int err = 0;
    for (size_t i = 0; i < expansion->settings->n_channels && err == 0; i++) {
        const struct notify_channel *channel = &expansion->settings->channels[i];
        if (!expand_wants(channel, notice) || (step && expand_is_told_by_alert(channel, step)))
            continue;
        if (id == 0)
            err = store_notice_add(expansion->store, notice, expansion->now_utc_ms, &id);
        if (err == 0)
            err = store_delivery_add(expansion->store, id, channel->name);
    }
    return err == -EEXIST ? 0 : err; /* told of before: the cursor was lost */
}

/* --- where it happened --- */

struct nearest {
    const char *stop_id; /* "" = whichever is nearest */
    double lat_deg, lon_deg, distance_m;
    char name[BW_NAME_LEN];
};

/* Good to a few parts in a thousand over the distances that count here. */
static double distance_m(double lat_a_deg, double lon_a_deg, double lat_b_deg, double lon_b_deg)
{
    const double m_per_deg = 111195, rad_per_deg = 0.017453292519943295;
    const double north_m = (lat_b_deg - lat_a_deg) * m_per_deg;
    const double east_m = (lon_b_deg - lon_a_deg) * m_per_deg * cos(lat_a_deg * rad_per_deg);
    return hypot(north_m, east_m);
}

static int look_at_stop(void *context, const char *stop_id, const char *name, double lat_deg, double lon_deg)
{
    struct nearest *nearest = context;
    double away_m = distance_m(nearest->lat_deg, nearest->lon_deg, lat_deg, lon_deg);
    if (*nearest->stop_id != '\0')
        away_m = strcmp(stop_id, nearest->stop_id) == 0 ? 0 : INFINITY;
    if (!(away_m < nearest->distance_m))
        return 0;
    nearest->distance_m = away_m;
    (void)snprintf(nearest->name, sizeof(nearest->name), "%s", name);
    return 0;
}

/* The stop that the evidence names, else the nearest one of the vehicle's routes; "" = none is near. */
static int stop_name(struct store *store, const char *vehicle, const struct bw_alert *alert,
                     char ret[BW_NAME_LEN])
{
    const bool is_named = alert->kind == BW_UNAPPROVED_STOP;
    struct nearest nearest = {.stop_id = is_named ? alert->evidence.unapproved_stop.stop_id : "",
                              .lat_deg = alert->position.lat_deg,
                              .lon_deg = alert->position.lon_deg,
                              .distance_m = EXPAND_NEAR_M};
    ret[0] = '\0';
    if (!alert->has_position && *nearest.stop_id == '\0')
        return 0;
    const int err = store_vehicle_stops(store, vehicle, look_at_stop, &nearest);
    if (err == 0)
        (void)snprintf(ret, BW_NAME_LEN, "%s", nearest.name);
    return err;
}

static int find_home(struct store *store, const char *vehicle, const struct bw_alert *alert,
                     struct store_home *ret)
{
    char route[BW_NAME_LEN] = "";
    int err = store_vehicle_home(store, vehicle, ret);
    if (err == 0 && alert->kind == BW_OFF_ROUTE)
        err = store_route_name(store, alert->evidence.off_route.route_id, route);
    if (err == 0 && route[0] != '\0')
        memcpy(ret->route, route, sizeof(route));
    return err;
}

/* --- alerts --- */

static void count_aboard(const struct bw_alert *alert, struct store_notice *notice)
{
    if (alert->kind == BW_OVERLOAD) {
        notice->aboard = alert->evidence.overload.peak;
        notice->capacity = alert->evidence.overload.capacity;
    } else if (alert->kind == BW_CHILD_LEFT_BEHIND) {
        notice->aboard = alert->evidence.left_behind.aboard;
    }
}

static int tell_alert(const struct expansion *expansion, const struct store_alert *row,
                      enum store_notice_what what)
{
    struct store_home home = {.capacity = 0};
    char stop[BW_NAME_LEN] = "";
    int64_t case_id = 0;
    int err = find_home(expansion->store, row->vehicle, &row->alert, &home);
    if (err == 0)
        err = stop_name(expansion->store, row->vehicle, &row->alert, stop);
    if (err == 0)
        err = store_alert_case(expansion->store, row->id, &case_id);
    if (err < 0)
        return err;
    struct store_notice notice = {
        .source = STORE_NOTICE_OF_ALERT,
        .source_id = row->event,
        .what = what,
        .kind = (int)row->alert.kind,
        .severity = row->alert.severity,
        .urgent = row->alert.kind == BW_CHILD_LEFT_BEHIND,
        .late = row->late,
        .time_utc_ms = row->alert.time_utc_ms,
        .case_id = case_id,
        .vehicle = row->vehicle,
        .plate = home.plate,
        .school_id = home.school_id,
        .school = home.school,
        .division = home.division,
        .route = home.route,
        .stop = stop,
    };
    count_aboard(&row->alert, &notice);
    return deliver(expansion, &notice, NULL);
}

/* Nobody is accused by what cannot be read. */
static int step_over(const struct expansion *expansion)
{
    char subject[32];
    (void)snprintf(subject, sizeof(subject), "%" PRId64, expansion->position);
    return store_audit(expansion->store, EXPAND_WHO, "notify-skip", subject, expansion->now_utc_ms);
}

static int on_alert(void *context, const struct store_alert *row)
{
    struct expansion *expansion = context;
    enum bw_severity before = BW_SEVERITY_NONE;
    expansion->position = row->event;
    expansion->n++;
    if (row->damaged)
        return step_over(expansion);
    const int err = store_alert_severity_before(expansion->store, row->id, row->event, &before);
    if (err < 0 && err != -EILSEQ) /* of the phase before nothing is known: this one tells of it */
        return err;
    const enum store_notice_what what = expand_alert(&row->alert, before);
    return what != 0 ? tell_alert(expansion, row, what) : 0;
}

/* --- cases --- */

/* Whose notice it is: the school's that has to answer, else the vehicle's. What re-judging found a school
 * hears of when the case is assigned to it (bureau/store/cases.h). */
static void set_school(const struct store_case *of, struct store_notice *notice)
{
    const bool is_assigned = *of->assigned_school_id != '\0';
    const bool is_hidden = of->source == CASE_BY_REJUDGING && !is_assigned;
    notice->school_id = is_assigned ? of->assigned_school_id : is_hidden ? "" : of->school_id;
    notice->school = is_assigned ? of->assigned_school : of->school;
}

/* The step's words are free text, which may name anybody: they are not told. */
static int tell_case_step(const struct expansion *expansion, const struct store_case_step *step,
                          enum store_notice_what what)
{
    const struct store_case *of = step->of;
    struct store_home home = {.capacity = 0};
    const int err = *of->vehicle ? store_vehicle_home(expansion->store, of->vehicle, &home) : 0;
    if (err < 0)
        return err;
    struct store_notice notice = {
        .source = STORE_NOTICE_OF_CASE,
        .source_id = step->number,
        .what = what,
        .kind = of->kind,
        .severity = step->severity > BW_MINOR ? step->severity : BW_MINOR, /* a case is no mere notice */
        .urgent = of->kind == BW_CHILD_LEFT_BEHIND,
        .late = what == STORE_NOTICE_CASE_OPENED && of->late,
        .time_utc_ms = what == STORE_NOTICE_CASE_OPENED ? of->happened_utc_ms : step->utc_ms,
        .deadline_utc_ms = step->deadline_utc_ms,
        .case_id = step->case_id,
        .vehicle = of->vehicle,
        .plate = of->plate,
        .division = of->division,
        .route = home.route,
        .stop = "",
    };
    set_school(of, &notice);
    return deliver(expansion, &notice, step);
}

static int on_case_step(void *context, const struct store_case_step *step)
{
    struct expansion *expansion = context;
    const enum store_notice_what what = expand_case_step(step);
    expansion->position = step->number;
    expansion->n++;
    return what != 0 ? tell_case_step(expansion, step, what) : 0;
}

/* --- a turn --- */

static int read_alerts(struct expansion *expansion)
{
    return store_alert_events(expansion->store, NULL, expansion->position, EXPAND_BATCH, on_alert, expansion);
}

static int read_case_steps(struct expansion *expansion)
{
    return store_case_steps_after(expansion->store, expansion->position, NULL, EXPAND_BATCH, on_case_step,
                                  expansion);
}

static const struct source {
    enum store_notice_source source;
    int (*last)(struct store *store, int64_t *ret);
    int (*read)(struct expansion *expansion);
} SOURCES[] = {
    {STORE_NOTICE_OF_ALERT, store_last_event, read_alerts},
    {STORE_NOTICE_OF_CASE, store_last_case_step, read_case_steps},
};
enum { N_SOURCES = sizeof(SOURCES) / sizeof(SOURCES[0]) };

static int expand_batch(struct expansion *expansion, const struct source *from)
{
    int err = store_begin(expansion->store);
    if (err < 0)
        return err;
    err = from->read(expansion);
    if (err == 0)
        err = store_notice_cursor_set(expansion->store, from->source, expansion->position);
    if (err == 0)
        err = store_commit(expansion->store);
    if (err < 0)
        store_rollback(expansion->store);
    return err;
}

static int expand_source(struct expansion *expansion, const struct source *from)
{
    int64_t last = 0;
    expansion->n = 0;
    int err = from->last(expansion->store, &last);
    if (err == 0)
        err = store_notice_cursor(expansion->store, from->source, &expansion->position);
    if (err == -ENOENT) /* the first time: what has happened so far is not told */
        return store_notice_cursor_set(expansion->store, from->source, last);
    return err < 0 || last <= expansion->position ? err : expand_batch(expansion, from);
}

int expand_turn(struct store *store, const struct notify_settings *settings, int64_t now_utc_ms,
                bool *ret_more)
{
    struct expansion expansion = {.store = store, .settings = settings, .now_utc_ms = now_utc_ms};
    int first_err = 0;
    *ret_more = false;
    for (size_t i = 0; i < N_SOURCES; i++) { /* one that fails holds back no other */
        const int err = expand_source(&expansion, &SOURCES[i]);
        first_err = first_err < 0 ? first_err : err;
        *ret_more = *ret_more || (err == 0 && expansion.n >= EXPAND_BATCH);
    }
    return first_err;
}
