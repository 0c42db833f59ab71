/* How good is OFF_ROUTE? False alarms per 1,000 h against delay, for the engine and for two simple detectors
 * beside it, over simulated drives whose departures are known. usage: bench_off_route [HOURS [SEED]]
 *
 * The noise follows the recordings of receivers that the golden replays use: a slow Gauss-Markov error (a
 * standing receiver drifted by 37 m in 10 min, tau 30-60 s), good agreement of position and Doppler from
 * second to second (median 0.6 m, 95 % 3.8 m), jumps of up to 106 m that come back within seconds, and an
 * accuracy estimate that says 20-60 m where the error is 5. On top: drawn lines that are off, wide roads
 * (30-38 m aside for a kilometre), multipath that wanders for half a minute, receivers without speed, course
 * or accuracy, filters that lag, one fix in 1, 2 or 5 s. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/compliance/corridor.h"
#include "gateway/compliance/engine.h"
#include "sim/rng.h"

enum { ROAD_MAX = 8000, DELAYS_MAX = 100000, DETECTORS = 3 };
static const double STEP_M = 5, HALF_WIDTH_M = 30, LAT0 = 29.14, LON0 = 121.03;
static const char *const names[DETECTORS] = {"engine", "outside now", "outside 10 s"};

struct xy {
    double x, y;
};

struct road {
    size_t n;
    struct xy at[ROAD_MAX]; /* every STEP_M */
};

struct tally {
    uint64_t false_alarms, departures, missed;
    size_t n_delays;
    double delays_s[DELAYS_MAX];
};

static struct rng rng;

static double between(double low, double high)
{
    return low + (high - low) * rng_uniform(&rng);
}

/* --- roads --- */

static double bend(struct road *road, double heading, double length_m, double turn_rad)
{
    const size_t steps = (size_t)(length_m / STEP_M) + 1;
    for (size_t i = 0; i < steps && road->n < ROAD_MAX; i++) {
        heading += turn_rad / (double)steps;
        const struct xy last = road->at[road->n - 1];
        road->at[road->n++] = (struct xy){last.x + STEP_M * sin(heading), last.y + STEP_M * cos(heading)};
    }
    return heading;
}

static void make_road(struct road *road, double length_m)
{
    const int kind = (int)rng_below(&rng, 3); /* mountain, town, country */
    double heading = between(0, 6.28), side = 1;
    road->n = 1;
    road->at[0] = (struct xy){0, 0};
    while ((double)road->n * STEP_M < length_m && road->n < ROAD_MAX - 200) {
        if (kind == 0 && rng_below(&rng, 3) == 0) { /* switchback: a limb back, 40-60 m apart */
            heading = bend(road, heading, between(100, 250), 0);
            heading = bend(road, heading, 3.14 * between(20, 30), side * 3.14);
            side = -side;
        } else if (kind == 1) {
            heading = bend(road, heading, between(80, 350), 0);
            heading = bend(road, heading, between(12, 20), (rng_below(&rng, 2) ? 1 : -1) * 1.57);
        } else {
            heading = bend(road, heading, between(60, 300), between(-1, 1) * (kind == 0 ? 1.2 : 0.5));
        }
    }
}

static struct xy normal_at(const struct road *road, size_t i)
{
    const size_t a = i > 0 ? i - 1 : 0, b = i + 1 < road->n ? i + 1 : i;
    const double dx = road->at[b].x - road->at[a].x, dy = road->at[b].y - road->at[a].y,
                 d = hypot(dx, dy) + 1e-9;
    return (struct xy){dy / d, -dx / d};
}

/* What somebody drew on a map: every 10-30 m a point, off by a few metres that change slowly. */
static struct bw_route draw_route(const struct road *road, struct bw_point *points, uint32_t *part_start)
{
    double off = 0;
    const double sigma = between(0, 4);
    const struct corridor_place place = corridor_place(LAT0, 0);
    struct bw_route route = {.route_id = "r",
                             .half_width_m = HALF_WIDTH_M,
                             .points = points,
                             .n_parts = 1,
                             .part_start = part_start};
    for (size_t i = 0; i < road->n; i += 2 + rng_below(&rng, 5)) {
        const struct xy n = normal_at(road, i);
        off = off * 0.9 + sigma * 0.436 * rng_normal(&rng);
        points[route.n_points++] = (struct bw_point){LAT0 + (road->at[i].y + off * n.y) / place.lat_m,
                                                     LON0 + (road->at[i].x + off * n.x) / place.lon_m};
    }
    part_start[0] = 0;
    part_start[1] = (uint32_t)route.n_points;
    return route;
}

/* --- receivers --- */

struct receiver {
    double slow_sigma, slow_tau, fast_sigma, lag_s, interval_s, said_accuracy_m;
    bool doppler;
    struct xy slow, fast, lagged;
    bool started;
    double multipath_left_s, multipath_size_m, multipath_deg, jump_left_s;
    struct xy jump;
    double multipath_rate, jump_rate; /* a second */
};

static struct receiver make_receiver(void)
{
    const unsigned grade = rng_below(&rng, 4);
    struct receiver r = {.slow_sigma = between(1.5, 4) * (grade == 0 ? 2.2 : 1),
                         .slow_tau = between(30, 120),
                         .fast_sigma = between(0.3, 1.2),
                         .lag_s = rng_below(&rng, 4) == 0 ? between(0.5, 1.5) : 0,
                         .interval_s = rng_below(&rng, 10) < 8 ? 1
                                       : rng_below(&rng, 2)    ? 2
                                                               : 5,
                         .doppler = rng_below(&rng, 8) != 0,
                         .said_accuracy_m = rng_below(&rng, 3) == 0 ? NAN : between(4, 60),
                         .multipath_rate = grade == 0   ? 1 / 600.0
                                           : grade == 1 ? 1 / 1800.0
                                                        : 1 / 7200.0,
                         .jump_rate = grade <= 1 ? 1 / 900.0 : 1 / 7200.0};
    return r;
}

static struct xy receive(struct receiver *r, struct xy truth, double dt_s)
{
    const double keep = exp(-dt_s / r->slow_tau), push = r->slow_sigma * sqrt(1 - keep * keep);
    r->slow.x = keep * r->slow.x + push * rng_normal(&rng);
    r->slow.y = keep * r->slow.y + push * rng_normal(&rng);
    struct xy at = {truth.x + r->slow.x + r->fast_sigma * rng_normal(&rng),
                    truth.y + r->slow.y + r->fast_sigma * rng_normal(&rng)};
    if (r->multipath_left_s <= 0 && rng_uniform(&rng) < r->multipath_rate * dt_s) {
        r->multipath_left_s = between(5, 40);
        r->multipath_size_m = between(15, 60);
        r->multipath_deg = between(0, 6.28);
    }
    if (r->jump_left_s <= 0 && rng_uniform(&rng) < r->jump_rate * dt_s) {
        r->jump_left_s = between(1, 6);
        r->jump = (struct xy){rng_normal(&rng) * 60, rng_normal(&rng) * 60};
    }
    if (r->multipath_left_s > 0) {
        const double grow = fmin(1, fmin(r->multipath_left_s / 4, 1));
        at.x += grow * r->multipath_size_m * sin(r->multipath_deg);
        at.y += grow * r->multipath_size_m * cos(r->multipath_deg);
        r->multipath_left_s -= dt_s;
    }
    if (r->jump_left_s > 0) {
        at.x += r->jump.x;
        at.y += r->jump.y;
        r->jump_left_s -= dt_s;
    }
    const double follow = r->lag_s > 0 && r->started ? 1 - exp(-dt_s / r->lag_s) : 1;
    r->lagged.x = r->started ? r->lagged.x + follow * (at.x - r->lagged.x) : at.x;
    r->lagged.y = r->started ? r->lagged.y + follow * (at.y - r->lagged.y) : at.y;
    r->started = true;
    return r->lagged;
}

/* --- detectors --- */

struct detectors {
    bool raised[DETECTORS];
    double outside_since_s;
    struct engine *engine;
};

/* Bits of the detectors that raise an alarm with this fix. */
static unsigned detect(struct detectors *d, double time_s, double distance_m, const struct bw_fix *fix)
{
    unsigned raised = 0;
    struct bw_alert alerts[ENGINE_ALERTS_MAX];
    struct bw_event event = {.type = BW_EVENT_FIX,
                             .mono_ms = (int64_t)(time_s * 1000) + 1,
                             .u.fix = *fix,
                             .utc_ms = 1789425600000 + (int64_t)(time_s * 1000),
                             .clock = BW_CLOCK_GNSS};
    const size_t n = engine_step(d->engine, &event, alerts);
    for (size_t i = 0; i < n; i++) {
        if (alerts[i].kind != BW_OFF_ROUTE)
            continue;
        raised |= alerts[i].phase == BW_RAISED;
        d->raised[0] = alerts[i].phase != BW_CLEARED;
    }
    const bool outside = distance_m > HALF_WIDTH_M;
    raised |= (unsigned)(outside && !d->raised[1]) << 1;
    d->raised[1] = outside;
    if (!outside)
        d->outside_since_s = time_s;
    const bool long_outside = outside && time_s - d->outside_since_s >= 10;
    raised |= (unsigned)(long_outside && !d->raised[2]) << 2;
    d->raised[2] = outside && (d->raised[2] || long_outside);
    return raised;
}

/* --- one drive --- */

struct drive {
    struct road road, detour; /* the detour begins at road.at[leave] and ends at road.at[back] */
    size_t leave, back;
    bool on_detour;
    double wide_from_m, wide_to_m, wide_m, lane_m;
};

/* A side road that leaves at an angle, runs on, and comes back further along. */
static void make_detour(struct drive *drive)
{
    const struct road *road = &drive->road;
    drive->leave = (size_t)between((double)road->n * 0.2, (double)road->n * 0.7);
    drive->back = drive->leave + (size_t)between(20, 100);
    if (drive->back >= road->n - 20)
        drive->back = road->n - 20;
    const struct xy from = road->at[drive->leave], to = road->at[drive->back],
                    n = normal_at(road, drive->leave);
    const double side = rng_below(&rng, 2) ? 1 : -1, angle = between(0.35, 2.1);
    double heading = atan2(n.x, n.y) - 1.5707963 +
                     side * angle; /* the road's own heading is the normal's less 90 degrees */
    drive->detour.n = 1;
    drive->detour.at[0] = from;
    heading = bend(&drive->detour, heading, between(150, 600), between(-0.3, 0.3));
    struct xy last = drive->detour.at[drive->detour.n - 1];
    const double home_m = hypot(to.x - last.x, to.y - last.y);
    const size_t steps = (size_t)(home_m / STEP_M) + 1;
    for (size_t i = 1; i <= steps && drive->detour.n < ROAD_MAX; i++)
        drive->detour.at[drive->detour.n++] =
            (struct xy){last.x + (to.x - last.x) * (double)i / (double)steps,
                        last.y + (to.y - last.y) * (double)i / (double)steps};
}

struct state {
    const struct road *on;
    double along_m, speed_mps, cruise_mps, stop_left_s, course_deg;
};

/* True position after dt; false at the road's end. */
static bool advance(struct drive *drive, struct state *s, double dt_s, struct xy *ret)
{
    const size_t i = (size_t)(s->along_m / STEP_M);
    if (i + 8 >= s->on->n) {
        if (s->on != &drive->detour)
            return false;
        s->on = &drive->road;
        s->along_m = (double)drive->back * STEP_M;
        return advance(drive, s, dt_s, ret);
    }
    const struct xy a = s->on->at[i], b = s->on->at[i + 1], c = s->on->at[i + 7];
    const double here = atan2(b.x - a.x, b.y - a.y),
                 there = atan2(c.x - s->on->at[i + 6].x, c.y - s->on->at[i + 6].y);
    const double turn = fabs(remainder(there - here, 6.283185307));
    const double safe = fmin(s->cruise_mps, sqrt(2.0 * 30 / (turn + 1e-3)));
    if (s->stop_left_s > 0) {
        s->stop_left_s -= dt_s;
        s->speed_mps = fmax(0, s->speed_mps - 2.5 * dt_s);
    } else {
        s->speed_mps += fmax(-2.5 * dt_s, fmin(1.2 * dt_s, safe - s->speed_mps));
        if (rng_uniform(&rng) < dt_s / 180 &&
            s->on != &drive->detour) /* a delay counts driving, not standing */
            s->stop_left_s = between(5, 60);
    }
    s->along_m += s->speed_mps * dt_s;
    s->course_deg = here * 57.29577951;
    const double t = s->along_m / STEP_M - (double)i;
    const struct xy n = normal_at(s->on, i);
    double aside = drive->lane_m;
    if (s->on == &drive->road && s->along_m > drive->wide_from_m && s->along_m < drive->wide_to_m)
        aside += drive->wide_m * fmin(1, fmin((s->along_m - drive->wide_from_m) / 150,
                                              (drive->wide_to_m - s->along_m) / 150));
    *ret = (struct xy){a.x + (b.x - a.x) * t + aside * n.x, a.y + (b.y - a.y) * t + aside * n.y};
    if (s->on == &drive->road && drive->on_detour && i >= drive->leave) {
        drive->on_detour = false;
        s->on = &drive->detour;
        s->along_m = 0;
    }
    return true;
}

static struct bw_fix make_fix(const struct receiver *r, const struct state *s, struct xy at)
{
    const struct corridor_place place = corridor_place(LAT0, 0);
    struct bw_fix fix = {
        .position = {LAT0 + at.y / place.lat_m, LON0 + at.x / place.lon_m, r->said_accuracy_m},
        .speed_mps = NAN,
        .course_deg = NAN};
    if (r->doppler) {
        fix.speed_mps = fmax(0, s->speed_mps + 0.2 * rng_normal(&rng));
        fix.course_deg = fmod(s->course_deg + (1 + 15 / (s->speed_mps + 0.5)) * rng_normal(&rng) + 720, 360);
    }
    return fix;
}

static double distance_of(struct corridor *corridor, struct xy at)
{
    struct corridor_hit hit;
    const struct corridor_place place = corridor_place(LAT0, 0);
    const struct corridor_place at_place =
        corridor_place(LAT0 + at.y / place.lat_m, LON0 + at.x / place.lon_m);
    corridor_nearest(corridor, &at_place, &hit);
    return hit.distance_m;
}

struct outing {
    bool departed; /* truly beyond the edge now, on the detour */
    double crossed_s, home_s, peak_m;
    bool found[DETECTORS];
    double delay_s[DETECTORS];
};

/* Brushing the edge is no departure: neither finding nor missing it counts. */
static void close_outing(struct outing *outing, struct tally *tallies, double time_s)
{
    const bool real = outing->departed && outing->peak_m >= 60 && time_s - outing->crossed_s >= 15;
    for (int d = 0; real && d < DETECTORS; d++) {
        struct tally *t = &tallies[d];
        t->departures++;
        t->missed += !outing->found[d];
        if (outing->found[d] && t->n_delays < DELAYS_MAX)
            t->delays_s[t->n_delays++] = outing->delay_s[d];
    }
    outing->departed = false;
}

static void score(struct outing *outing, struct tally *tallies, unsigned raised, double time_s)
{
    for (int d = 0; d < DETECTORS; d++) {
        if (!(raised >> d & 1))
            continue;
        if (outing->departed && !outing->found[d]) {
            outing->found[d] = true;
            outing->delay_s[d] = time_s - outing->crossed_s;
        } else if (!outing->departed && time_s - outing->home_s > 15) {
            tallies[d].false_alarms++;
        }
    }
}

/* Seconds driven. */
static double run_drive(struct tally *tallies)
{
    static struct drive drive;
    static struct bw_point points[ROAD_MAX];
    uint32_t part_start[2];
    make_road(&drive.road, between(3000, 15000));
    const struct bw_route truth_route = draw_route(&drive.road, points, part_start);
    struct bw_route route = truth_route;
    const struct bw_licence licence = {.version = 1, .n_routes = 1, .routes = &route};
    drive.on_detour = rng_below(&rng, 2) == 0;
    drive.lane_m = between(-6, 6);
    drive.wide_m = rng_below(&rng, 12) == 0 ? between(18, 28) : 0;
    drive.wide_from_m = between(0, (double)drive.road.n * STEP_M / 2);
    drive.wide_to_m = drive.wide_from_m + between(400, 1500);
    if (drive.on_detour)
        make_detour(&drive);
    void *memory = malloc(engine_size(&licence)), *truth_memory = malloc(corridor_size(&route));
    if (memory == NULL || truth_memory == NULL)
        abort();
    struct corridor *corridor = corridor_init(truth_memory, &route);
    struct detectors detectors = {.engine = engine_init(memory, &licence, 1)};
    struct receiver receiver = make_receiver();
    struct state state = {.on = &drive.road, .cruise_mps = between(7, 16)};
    struct outing outing = {.home_s = -1e9};
    struct xy at;
    double time_s = 0, next_fix_s = 0;
    while (advance(&drive, &state, 0.5, &at)) {
        time_s += 0.5;
        const struct xy said = receive(&receiver, at, 0.5);
        const double truly_m = distance_of(corridor, at);
        const bool away = state.on == &drive.detour && truly_m > HALF_WIDTH_M;
        if (away && !outing.departed) {
            outing = (struct outing){.departed = true, .crossed_s = time_s};
            for (int d = 0; d < DETECTORS; d++)
                outing.found[d] = detectors.raised[d]; /* raised too early: counted as false already */
        }
        outing.peak_m = outing.departed ? fmax(outing.peak_m, truly_m) : 0;
        if (!away && outing.departed && truly_m < HALF_WIDTH_M - 5) {
            close_outing(&outing, tallies, time_s);
            outing.home_s = time_s;
        }
        if (time_s < next_fix_s)
            continue;
        next_fix_s = time_s + receiver.interval_s;
        const struct bw_fix fix = make_fix(&receiver, &state, said);
        const unsigned raised = detect(&detectors, time_s, distance_of(corridor, said), &fix);
        score(&outing, tallies, raised, time_s);
    }
    free(memory);
    free(truth_memory);
    return time_s;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(struct tally *t, double q)
{
    return t->n_delays > 0 ? t->delays_s[(size_t)(q * (double)(t->n_delays - 1))] : NAN;
}

int main(int argc, char **argv)
{
    static struct tally tallies[DETECTORS];
    const double hours = argc > 1 ? strtod(argv[1], NULL) : 200;
    const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    double seconds = 0;
    rng_seed(&rng, seed, "off_route");
    while (seconds < hours * 3600)
        seconds += run_drive(tallies);
    printf("%.0f h driven, seed %" PRIu64 ", half width %.0f m\n", seconds / 3600, seed, HALF_WIDTH_M);
    printf("%-14s %16s %12s %8s %10s %10s %10s\n", "detector", "false per 1000 h", "departures", "missed",
           "median s", "95 % s", "<= 10 s");
    for (int d = 0; d < DETECTORS; d++) {
        struct tally *t = &tallies[d];
        qsort(t->delays_s, t->n_delays, sizeof t->delays_s[0], compare);
        size_t in_time = 0;
        while (in_time < t->n_delays && t->delays_s[in_time] <= 10)
            in_time++;
        printf("%-14s %16.1f %12" PRIu64 " %8" PRIu64 " %10.1f %10.1f %9.1f%%\n", names[d],
               (double)t->false_alarms / seconds * 3.6e6, t->departures, t->missed, quantile(t, 0.5),
               quantile(t, 0.95), t->departures > 0 ? 100.0 * (double)in_time / (double)t->departures : 0.0);
    }
    return 0;
}
