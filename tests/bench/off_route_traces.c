/* OFF_ROUTE on recorded drives. See --help. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/compliance/corridor.h"
#include "gateway/source/tpv.h"
#include "tests/bench/detectors.h"

/* clang-format off */
static const char usage[] =
    "usage: bench_off_route_traces TPV.json...\n"
    "OFF_ROUTE and two simple detectors on recorded drives, as `gpspipe -w` writes them. The route is the drive's own\n"
    "smoothed track, thinned by Douglas and Peucker to 7 m; also shifted aside by 15, 20, 30 and 35 m; and, at many\n"
    "places, with a stretch missing or moved 80-500 m aside, which is a departure. The receiver as recorded, with every\n"
    "second, fifth and fifteenth fix alone, without accuracy, and without speed and course too.\n"
    "Exit status 0: no false alarm, and of the departures that went to 100 m and lasted 15 s no more than one in a\n"
    "hundred missed by any receiver but the one with every fifteenth fix; 1: not so; 2: wrong use or a file that is no\n"
    "recording.\n";
/* clang-format on */

enum { FIXES_MAX = 100000, LINE_MAX_BYTES = 65536 };
static const double MOVING_MPS = 1, THIN_M = 7, EVERY_M = 400, AROUND_M = 150, UNSEEN_S = 8, SMOOTH_S = 4,
                    DENSE_M = 20;

struct trace {
    size_t n;
    double time_s[FIXES_MAX];
    struct bw_fix fixes[FIXES_MAX];
    struct bw_point truth[FIXES_MAX]; /* smoothed */
    double along_m[FIXES_MAX];        /* driven until then */
};

struct receiver {
    const char *name;
    size_t every;
    bool accuracy, doppler;
};
static const struct receiver receivers[] = {
    {"as recorded", 1, true, true},
    {"no accuracy", 1, false, true},
    {"positions alone", 1, false, false},
    {"every 2nd fix", 2, true, true},
    {"every 2nd, positions alone", 2, false, false},
    {"every 5th fix", 5, true, true},
    {"every 5th, positions alone", 5, false, false},
    {"every 15th fix", 15, true, true},
};
enum { RECEIVERS = sizeof receivers / sizeof receivers[0] };

/* --- the recording --- */

static int load(struct trace *trace, const char *path)
{
    static char line[LINE_MAX_BYTES];
    static const struct gps_window any = {.floor_utc_ms = 1, .ceiling_utc_ms = INT64_MAX};
    FILE *file = fopen(path, "r");
    trace->n = 0;
    if (file == NULL)
        return -1;
    while (fgets(line, sizeof line, file) != NULL && trace->n < FIXES_MAX) {
        struct gps_report report;
        const char *reason;
        if (tpv_parse(line, strlen(line), &any, &report, &reason) != 0 || report.mode < 2 ||
            report.utc_ms == 0)
            continue;
        const double time_s = (double)report.utc_ms / 1000;
        if (trace->n > 0 && time_s <= trace->time_s[trace->n - 1])
            continue;
        trace->time_s[trace->n] = time_s;
        trace->fixes[trace->n++] = report.fix;
    }
    (void)fclose(file);
    return trace->n > 1 ? 0 : -1;
}

/* The mean of the fixes within SMOOTH_S. */
static struct bw_point mean_of(const struct trace *trace, size_t i)
{
    size_t from = i, to = i;
    while (from > 0 && trace->time_s[i] - trace->time_s[from - 1] <= SMOOTH_S)
        from--;
    while (to + 1 < trace->n && trace->time_s[to + 1] - trace->time_s[i] <= SMOOTH_S)
        to++;
    const size_t each = i - from < to - i ? i - from : to - i; /* as many before as after */
    struct bw_point sum = {0};
    for (size_t k = i - each; k <= i + each; k++) {
        sum.lat_deg += trace->fixes[k].position.lat_deg;
        sum.lon_deg += trace->fixes[k].position.lon_deg;
    }
    const double n = (double)(2 * each + 1);
    return (struct bw_point){sum.lat_deg / n, sum.lon_deg / n};
}

struct xy {
    double x, y;
};

static struct xy from_to(struct bw_point a, struct bw_point b)
{
    const struct corridor_place place = corridor_place(a.lat_deg, a.lon_deg);
    return (struct xy){(b.lon_deg - a.lon_deg) * place.lon_m, (b.lat_deg - a.lat_deg) * place.lat_m};
}

static void smooth(struct trace *trace)
{
    double along_m = 0;
    for (size_t i = 0; i < trace->n; i++) {
        trace->truth[i] = mean_of(trace, i);
        const struct xy step = i > 0 ? from_to(trace->truth[i - 1], trace->truth[i]) : (struct xy){0, 0};
        along_m += trace->fixes[i].speed_mps < MOVING_MPS ? 0 : hypot(step.x, step.y);
        trace->along_m[i] = along_m;
    }
}

/* --- the route --- */

struct drawing {
    size_t n;
    struct bw_point at[FIXES_MAX];
    double along_m[FIXES_MAX];
};

static double off_chord_m(struct bw_point a, struct bw_point b, struct bw_point p)
{
    const struct xy chord = from_to(a, b), at = from_to(a, p);
    const double length_m = hypot(chord.x, chord.y);
    return length_m < 1 ? hypot(at.x, at.y) : fabs(chord.x * at.y - chord.y * at.x) / length_m;
}

static void thin(const struct drawing *all, size_t from, size_t to, struct drawing *ret)
{
    size_t worst = from;
    double worst_m = THIN_M;
    for (size_t i = from + 1; i < to; i++) {
        const double m = off_chord_m(all->at[from], all->at[to], all->at[i]);
        if (m > worst_m) {
            worst_m = m;
            worst = i;
        }
    }
    if (worst != from) {
        thin(all, from, worst, ret);
        thin(all, worst, to, ret);
        return;
    }
    /* A straight chord, with points along it so that a stretch can begin and end anywhere. */
    const size_t pieces = (size_t)((all->along_m[to] - all->along_m[from]) / DENSE_M) + 1;
    for (size_t k = 1; k <= pieces && ret->n < FIXES_MAX; k++) {
        const double share = (double)k / (double)pieces;
        ret->at[ret->n] =
            (struct bw_point){all->at[from].lat_deg + share * (all->at[to].lat_deg - all->at[from].lat_deg),
                              all->at[from].lon_deg + share * (all->at[to].lon_deg - all->at[from].lon_deg)};
        ret->along_m[ret->n++] = all->along_m[from] + share * (all->along_m[to] - all->along_m[from]);
    }
}

/* The smoothed track every 10 m or so, `aside_m` to the right of where it was driven. */
static void draw(const struct trace *trace, double aside_m, struct drawing *ret)
{
    static struct drawing all;
    double last_m = -INFINITY;
    struct xy right = {0, 0};
    all.n = 0;
    for (size_t i = 0; i < trace->n; i++) {
        if (trace->along_m[i] - last_m < 10)
            continue;
        last_m = trace->along_m[i];
        all.along_m[all.n] = last_m;
        all.at[all.n++] = trace->truth[i];
    }
    ret->n = 1;
    ret->at[0] = all.at[0];
    ret->along_m[0] = 0;
    thin(&all, 0, all.n - 1, ret);
    for (size_t i = 0; i < ret->n && aside_m != 0; i++) {
        const struct xy ahead =
            i + 1 < ret->n ? from_to(ret->at[i], ret->at[i + 1]) : (struct xy){right.y, -right.x};
        const double length_m = hypot(ahead.x, ahead.y) + 1e-9;
        const struct corridor_place place = corridor_place(ret->at[i].lat_deg, 0);
        right = (struct xy){ahead.y / length_m, -ahead.x / length_m};
        ret->at[i].lat_deg += right.y * aside_m / place.lat_m;
        ret->at[i].lon_deg += right.x * aside_m / place.lon_m;
    }
}

/* Of the drawing, with the stretch from..to missing (moved_m 0) or moved aside. */
static struct bw_route route_of(const struct drawing *drawing, const struct drawing *moved, double from_m,
                                double to_m)
{
    static struct bw_point points[FIXES_MAX];
    static uint32_t part_start[4];
    struct bw_route route = {
        .route_id = "drive", .half_width_m = HALF_WIDTH_M, .points = points, .part_start = part_start};
    for (size_t i = 0; i < drawing->n; i++) {
        const bool in = drawing->along_m[i] >= from_m && drawing->along_m[i] < to_m;
        const bool ends = in && moved == NULL && route.n_points - part_start[route.n_parts] >= 2;
        if (ends)
            part_start[++route.n_parts] = (uint32_t)route.n_points;
        if (!in || moved != NULL)
            points[route.n_points++] = in ? moved->at[i] : drawing->at[i];
    }
    part_start[++route.n_parts] = (uint32_t)route.n_points;
    return route;
}

/* --- one run --- */

static double distance_m(struct corridor *corridor, double lat_deg, double lon_deg)
{
    struct corridor_hit hit;
    const struct corridor_place place = corridor_place(lat_deg, lon_deg);
    corridor_nearest(corridor, &place, &hit);
    return hit.distance_m;
}

static struct bw_fix heard(const struct receiver *receiver, struct bw_fix fix)
{
    if (!receiver->accuracy)
        fix.position.accuracy_m = NAN;
    if (!receiver->doppler)
        fix.speed_mps = fix.course_deg = NAN;
    return fix;
}

static void run(const struct trace *trace, const struct receiver *receiver, const struct bw_route *route,
                double from_m, double to_m, struct tally *tallies)
{
    struct bw_route one = *route;
    const struct bw_licence licence = {.version = 1, .n_routes = 1, .routes = &one};
    void *memory = malloc(engine_size(&licence)), *truth_memory = malloc(corridor_size(route));
    if (memory == NULL || truth_memory == NULL)
        abort();
    struct corridor *corridor = corridor_init(truth_memory, route);
    struct detectors detectors = {.engine = engine_init(memory, &licence, 1)};
    struct outing outing = {.home_s = -1e9};
    for (size_t i = 0; i < trace->n; i++) {
        const double time_s = trace->time_s[i] - trace->time_s[0];
        const double step_s = i > 0 ? trace->time_s[i] - trace->time_s[i - 1] : 0;
        const double truly_m = distance_m(corridor, trace->truth[i].lat_deg, trace->truth[i].lon_deg);
        const bool away = trace->along_m[i] > from_m - AROUND_M && trace->along_m[i] < to_m + AROUND_M;
        (void)outing_truth(&outing, &detectors, tallies, time_s, truly_m, away);
        outing.hidden |= step_s > UNSEEN_S;
        if (i % receiver->every != 0)
            continue;
        const struct bw_fix fix = heard(receiver, trace->fixes[i]);
        const double seen_m = distance_m(corridor, fix.position.lat_deg, fix.position.lon_deg);
        const unsigned raised = detect(&detectors, time_s, seen_m, &fix);
        (void)outing_alarms(&outing, tallies, raised, time_s);
    }
    for (int d = 0; d < DETECTORS; d++)
        tallies[d].seconds += trace->time_s[trace->n - 1] - trace->time_s[0];
    free(memory);
    free(truth_memory);
}

static void run_receiver(const struct trace *trace, const struct receiver *receiver, struct tally *tallies)
{
    static const double shifts_m[] = {0, 15, -15, 20, -20, 30, -30, 35, -35}, lengths_m[] = {400, 1000},
                        moves_m[] = {80, -80, 150, -150, 500};
    static struct drawing drawing, moved;
    const double all_m = trace->along_m[trace->n - 1];
    for (size_t i = 0; i < sizeof shifts_m / sizeof shifts_m[0]; i++) {
        draw(trace, shifts_m[i], &drawing);
        const struct bw_route route = route_of(&drawing, NULL, 0, 0);
        run(trace, receiver, &route, INFINITY, -INFINITY, tallies);
    }
    draw(trace, 0, &drawing);
    for (size_t k = 0; k < sizeof lengths_m / sizeof lengths_m[0]; k++)
        for (size_t n = 1; (double)(n + 1) * EVERY_M + lengths_m[k] < all_m; n++) {
            const double from_m = (double)n * EVERY_M;
            const struct bw_route route = route_of(&drawing, NULL, from_m, from_m + lengths_m[k]);
            run(trace, receiver, &route, from_m, from_m + lengths_m[k], tallies);
        }
    for (size_t k = 0; k < sizeof moves_m / sizeof moves_m[0]; k++) {
        draw(trace, moves_m[k], &moved);
        for (size_t n = 1; (double)(n + 1) * EVERY_M + lengths_m[1] < all_m; n += 2) {
            const double from_m = (double)n * EVERY_M;
            const struct bw_route route = route_of(&drawing, &moved, from_m, from_m + lengths_m[1]);
            run(trace, receiver, &route, from_m, from_m + lengths_m[1], tallies);
        }
    }
}

static bool good_enough(const struct receiver *receiver, const struct tally *tally)
{
    return tally->false_alarms == 0 && (receiver->every > 5 || 100 * tally->clear_missed <= tally->clear);
}

int main(int argc, char **argv)
{
    static struct trace trace;
    static struct tally tallies[RECEIVERS][DETECTORS], all[DETECTORS];
    bool bad = false;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0;
    if (argc < 2)
        return fputs(usage, stderr), 2;
    for (int i = 1; i < argc; i++) {
        if (load(&trace, argv[i]) != 0)
            return fprintf(stderr, "%s: no recording of a drive\n", argv[i]), 2;
        smooth(&trace);
        for (size_t r = 0; r < RECEIVERS; r++)
            run_receiver(&trace, &receivers[r], tallies[r]);
    }
    tally_head("engine, by receiver");
    for (size_t r = 0; r < RECEIVERS; r++) {
        tally_print(receivers[r].name, &tallies[r][0]);
        bad = bad || !good_enough(&receivers[r], &tallies[r][0]);
        for (int d = 0; d < DETECTORS; d++)
            tally_add(&all[d], &tallies[r][d]);
    }
    tally_head("\nall receivers");
    for (int d = 0; d < DETECTORS; d++)
        tally_print(detector_names[d], &all[d]);
    return bad;
}
