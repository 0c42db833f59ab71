#include "bureau/rejudge/trackjudge.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "gateway/compliance/corridor.h"

static const double DRIVING_MPS = 3, JUMP_MPS = 50;
/* As OFF_ROUTE's "never entered", and half again: what a gateway that began there would have raised. */
static const double DRIVEN_M = 750, DRIVEN_MS = 90000, APPROACH_M = 100;
enum {
    SPEED_NEAR_MS =
        3000, /* a speed is the lesser of two, over this and over TRACKJUDGE_LEAD_MS back and ahead: */
    SPEED_LEAST_MS = 3000, /* one wild position makes neither large; over less than this there is none */
    ABOARD_LEAST = 2,      /* one alone may be the attendant (Art. 38) */
    ENTERED_MS = 60000,    /* on a route for so long: the gateway knows that it was */
};

/* The part that goes on now, and the longest so far. */
struct stretch {
    struct trackjudge_sure now, longest;
};

struct open_span {
    bool open;
    struct trackjudge_span span;
    struct stretch sure, strict;
};

struct trackjudge {
    const struct bw_licence *licence;
    const struct bw_orders *orders;
    trackjudge_fn on_span;
    void *context;
    double far_m; /* from a route's line: beyond the widest corridor, the margin, and TRACKJUDGE_FAR_M */
    void *memory[2];
    struct engine *by_position, *by_speed; /* OVERSPEED is the latter's, all else the former's */
    bool begun;
    int64_t start_utc_ms;
    struct bw_track_fix last;         /* judged */
    int64_t inside_ms, inside_utc_ms; /* on a route: for how long in this stretch, when last */
    /* Of the part off the route that goes on now. */
    double nearest_m, driven_m;
    int64_t driven_from_utc_ms;
    bool driven;
    struct open_span open[BW_KIND_COUNT];
    size_t n, next; /* fixes in the window; the next to be judged */
    struct bw_track_fix window[TRACKJUDGE_WINDOW];
};

bool trackjudge_judges(enum bw_kind kind)
{
    return kind == BW_OVERLOAD || kind == BW_OFF_ROUTE || kind == BW_OUT_OF_HOURS || kind == BW_UNLICENSED ||
           kind == BW_OVERSPEED;
}

static void east_north(const struct bw_track_fix *a, const struct bw_track_fix *b, double *ret_east_m,
                       double *ret_north_m)
{
    const struct corridor_place place = corridor_place(a->lat_deg, a->lon_deg);
    *ret_east_m = corridor_lon_difference(b->lon_deg, a->lon_deg) * place.lon_m;
    *ret_north_m = (b->lat_deg - a->lat_deg) * place.lat_m;
}

double trackjudge_apart_m(const struct bw_track_fix *a, const struct bw_track_fix *b)
{
    double east_m, north_m;
    east_north(a, b, &east_m, &north_m);
    return sqrt(east_m * east_m + north_m * north_m);
}

/* --- speeds --- */

struct chord {
    double mps, course_deg;
};

/* Over reach_ms back and ahead of window[at], as far as there are fixes; NaN over too little. */
static struct chord chord_at(const struct trackjudge *judge, size_t at, int64_t reach_ms)
{
    static const double TURN_DEG = 360, RADIANS = 57.29577951308232;
    const int64_t now_ms = judge->window[at].utc_ms;
    size_t from = at, to = at;
    double east_m, north_m;
    while (from > 0 && now_ms - judge->window[from].utc_ms < reach_ms)
        from--;
    while (to + 1 < judge->n && judge->window[to].utc_ms - now_ms < reach_ms)
        to++;
    const int64_t ms = judge->window[to].utc_ms - judge->window[from].utc_ms;
    if (ms < SPEED_LEAST_MS)
        return (struct chord){(double)NAN, (double)NAN};
    east_north(&judge->window[from], &judge->window[to], &east_m, &north_m);
    const double course_deg = atan2(east_m, north_m) * RADIANS;
    return (struct chord){sqrt(east_m * east_m + north_m * north_m) * 1000 / (double)ms,
                          course_deg < 0 ? course_deg + TURN_DEG : course_deg};
}

/* --- spans --- */

static void stretch_end(struct stretch *stretch)
{
    const struct trackjudge_sure *now = &stretch->now, *longest = &stretch->longest;
    if (now->to_utc_ms - now->from_utc_ms > longest->to_utc_ms - longest->from_utc_ms)
        stretch->longest = *now;
    stretch->now = (struct trackjudge_sure){0};
}

static void stretch_fix(struct stretch *stretch, bool sure, int64_t since_utc_ms, int64_t utc_ms)
{
    if (!sure || (stretch->now.to_utc_ms != 0 && utc_ms - stretch->now.to_utc_ms > TRACKJUDGE_GAP_MS))
        stretch_end(stretch);
    if (!sure)
        return;
    if (stretch->now.to_utc_ms == 0)
        stretch->now = (struct trackjudge_sure){.since_utc_ms = since_utc_ms, .from_utc_ms = utc_ms};
    stretch->now.to_utc_ms = utc_ms;
}

static int close_span(struct trackjudge *judge, enum bw_kind kind, int64_t utc_ms)
{
    struct open_span *open = &judge->open[kind];
    stretch_end(&open->sure);
    stretch_end(&open->strict);
    open->open = false;
    open->span.to_utc_ms = utc_ms;
    open->span.sure = open->sure.longest;
    open->span.strict = open->strict.longest;
    return judge->on_span(judge->context, &open->span);
}

static int take_alert(struct trackjudge *judge, const struct bw_alert *alert, const struct bw_track_fix *fix)
{
    struct open_span *open = &judge->open[alert->kind];
    if (alert->phase == BW_RAISED)
        *open = (struct open_span){.open = true,
                                   .span = {.kind = alert->kind,
                                            .from_utc_ms = fix->utc_ms,
                                            .lat_deg = fix->lat_deg,
                                            .lon_deg = fix->lon_deg}};
    if (alert->severity > open->span.severity)
        open->span.severity = alert->severity;
    return alert->phase == BW_CLEARED && open->open ? close_span(judge, alert->kind, fix->utc_ms) : 0;
}

/* --- beyond doubt --- */

/* Far off for certain. `driven` then tells that it drove so far without coming nearer that a gateway which
 * has only just begun would say so too. */
static bool surely_off_route(struct trackjudge *judge, const struct bw_track_fix *fix, double step_m,
                             bool plausible)
{
    const double distance_m = engine_view(judge->by_position).distance_m;
    if (engine_route(judge->by_position) >= 0) {
        judge->inside_ms += judge->begun ? fix->utc_ms - judge->last.utc_ms : 0;
        judge->inside_utc_ms = fix->utc_ms;
    }
    if (!plausible || distance_m < judge->far_m) {
        judge->nearest_m = INFINITY;
        judge->driven = false;
        return false;
    }
    if (judge->nearest_m - distance_m >= APPROACH_M) { /* infinity at first */
        judge->nearest_m = distance_m;
        judge->driven_m = 0;
        judge->driven_from_utc_ms = fix->utc_ms;
    }
    judge->driven_m += step_m;
    if (judge->driven_m >= DRIVEN_M && (double)(fix->utc_ms - judge->driven_from_utc_ms) >= DRIVEN_MS)
        judge->driven = true;
    return true;
}

/* What a fix is worth to a kind. */
struct worth {
    bool sure, strict;
    int64_t since_utc_ms;
};

static struct worth worth_of(const struct trackjudge *judge, enum bw_kind kind,
                             const struct bw_track_fix *fix, bool carries, bool off)
{
    const uint16_t capacity = judge->licence->approved_capacity;
    struct worth worth = {.since_utc_ms = fix->utc_ms};
    switch (kind) {
    case BW_OVERLOAD:
        worth.sure = carries && capacity > 0 && fix->aboard > capacity;
        worth.strict = worth.sure && fix->aboard > capacity + TRACKJUDGE_COUNT_ERROR;
        break;
    case BW_OFF_ROUTE:
        worth.sure = off && (judge->inside_ms >= ENTERED_MS || judge->driven);
        worth.strict = off && judge->driven;
        if (judge->inside_ms >= ENTERED_MS)
            worth.since_utc_ms = judge->inside_utc_ms;
        break;
    case BW_OVERSPEED:
        break;
    default:
        worth.sure = worth.strict = carries;
        break;
    }
    return worth;
}

static void note_certainty(struct trackjudge *judge, const struct bw_track_fix *fix, double slow_mps)
{
    const double step_m = judge->begun ? trackjudge_apart_m(&judge->last, fix) : 0;
    const double step_s = judge->begun ? (double)(fix->utc_ms - judge->last.utc_ms) / 1000 : 1;
    const bool plausible = step_m <= JUMP_MPS * fmax(step_s, 1);
    const bool carries = plausible && slow_mps >= DRIVING_MPS && /* false for NaN */
                         fix->quality == BW_QUALITY_GOOD && fix->aboard >= ABOARD_LEAST;
    const bool off = surely_off_route(judge, fix, step_m, plausible);
    for (int kind = 0; kind < BW_KIND_COUNT; kind++) {
        struct open_span *open = &judge->open[kind];
        if (!open->open)
            continue;
        const struct worth worth = worth_of(judge, (enum bw_kind)kind, fix, carries, off);
        const bool accuses = open->span.severity > BW_NOTICE;
        stretch_fix(&open->sure, worth.sure && accuses, worth.since_utc_ms, fix->utc_ms);
        stretch_fix(&open->strict, worth.strict && accuses, fix->utc_ms, fix->utc_ms);
    }
}

/* --- judging --- */

/* Of what is not good only the doubt is known. */
static struct bw_occupancy occupancy_of(const struct bw_track_fix *fix)
{
    if (fix->quality == BW_QUALITY_GOOD)
        return (struct bw_occupancy){BW_QUALITY_GOOD, fix->aboard, fix->aboard, fix->aboard};
    if (fix->quality == BW_QUALITY_DEGRADED)
        return (struct bw_occupancy){BW_QUALITY_DEGRADED, 0, fix->aboard, UINT16_MAX};
    return (struct bw_occupancy){.quality = BW_QUALITY_UNKNOWN};
}

static int step(struct trackjudge *judge, struct engine *engine, bool speeds, const struct bw_event *event,
                const struct bw_track_fix *fix)
{
    struct bw_alert alerts[ENGINE_ALERTS_MAX];
    const size_t n = engine_step(engine, event, alerts);
    int error = 0;
    for (size_t i = 0; i < n && error == 0; i++)
        if (trackjudge_judges(alerts[i].kind) && (alerts[i].kind == BW_OVERSPEED) == speeds)
            error = take_alert(judge, &alerts[i], fix);
    return error;
}

static int judge_one(struct trackjudge *judge, size_t at)
{
    const struct bw_track_fix *fix = &judge->window[at];
    const struct chord near = chord_at(judge, at, SPEED_NEAR_MS),
                       far = chord_at(judge, at, TRACKJUDGE_LEAD_MS);
    struct bw_event event = {
        .mono_ms = fix->utc_ms - judge->start_utc_ms + 1, .utc_ms = fix->utc_ms, .clock = BW_CLOCK_GNSS};
    const struct bw_position position = {fix->lat_deg, fix->lon_deg, (double)NAN};
    event.type = BW_EVENT_CABIN;
    event.u.cabin = (struct bw_cabin){.occupancy = occupancy_of(fix)};
    int error = step(judge, judge->by_position, false, &event, fix);
    if (error == 0)
        error = step(judge, judge->by_speed, true, &event, fix);
    event.type = BW_EVENT_FIX;
    event.u.fix = (struct bw_fix){position, (double)NAN, (double)NAN};
    if (error == 0)
        error = step(judge, judge->by_position, false, &event, fix);
    event.u.fix = (struct bw_fix){position, near.mps < far.mps ? near.mps : far.mps, near.course_deg};
    if (error == 0)
        error = step(judge, judge->by_speed, true, &event, fix);
    note_certainty(judge, fix, far.mps);
    judge->last = *fix;
    judge->begun = true;
    return error;
}

static void begin(struct trackjudge *judge, int64_t utc_ms)
{
    judge->by_position = engine_init(judge->memory[0], judge->licence, 1);
    judge->by_speed = engine_init(judge->memory[1], judge->licence, 1);
    engine_set_orders(judge->by_position, judge->orders);
    engine_set_orders(judge->by_speed, judge->orders);
    judge->start_utc_ms = utc_ms;
    judge->begun = false;
    judge->inside_ms = judge->inside_utc_ms = 0;
    judge->nearest_m = INFINITY;
    judge->driven = false;
}

/* Those that nobody looks back to any more go. */
static void make_room(struct trackjudge *judge)
{
    size_t drop = 0;
    while (drop < judge->next &&
           judge->window[judge->next].utc_ms - judge->window[drop].utc_ms > (int64_t)2 * TRACKJUDGE_LEAD_MS)
        drop++;
    if (judge->n - drop == TRACKJUDGE_WINDOW)
        drop = judge->next > 0 ? judge->next : 1;
    judge->n -= drop;
    judge->next -= drop < judge->next ? drop : judge->next;
    for (size_t i = 0; i < judge->n && drop > 0; i++)
        judge->window[i] = judge->window[i + drop];
}

int trackjudge_fix(struct trackjudge *judge, const struct bw_track_fix *fix)
{
    int error = 0;
    if (judge->n == 0)
        begin(judge, fix->utc_ms);
    if (judge->n == TRACKJUDGE_WINDOW)
        make_room(judge);
    judge->window[judge->n++] = *fix;
    while (error == 0 && fix->utc_ms - judge->window[judge->next].utc_ms >= TRACKJUDGE_LEAD_MS)
        error = judge_one(judge, judge->next++);
    return error;
}

int trackjudge_end(struct trackjudge *judge)
{
    int error = 0;
    while (error == 0 && judge->next < judge->n)
        error = judge_one(judge, judge->next++);
    for (int kind = 0; kind < BW_KIND_COUNT && error == 0; kind++)
        if (judge->open[kind].open)
            error = close_span(judge, (enum bw_kind)kind, judge->last.utc_ms);
    judge->n = judge->next = 0;
    return error;
}

int trackjudge_create(const struct bw_licence *licence, const struct bw_orders *orders, trackjudge_fn on_span,
                      void *context, struct trackjudge **ret)
{
    struct trackjudge *judge = calloc(1, sizeof *judge);
    if (judge == NULL)
        return -ENOMEM;
    judge->licence = licence;
    judge->orders = orders;
    judge->on_span = on_span;
    judge->context = context;
    for (size_t i = 0; i < licence->n_routes; i++)
        judge->far_m = fmax(judge->far_m, licence->routes[i].half_width_m);
    judge->far_m += TRACKJUDGE_FAR_M + (double)engine_thresholds(licence).off_route_margin_m;
    for (size_t i = 0; i < 2; i++)
        judge->memory[i] = malloc(engine_size(licence));
    if (judge->memory[0] == NULL || judge->memory[1] == NULL) {
        trackjudge_free(judge);
        return -ENOMEM;
    }
    *ret = judge;
    return 0;
}

void trackjudge_free(struct trackjudge *judge)
{
    if (judge == NULL)
        return;
    free(judge->memory[0]);
    free(judge->memory[1]);
    free(judge);
}
