/* Does re-judging accuse honest vehicles? See --help. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bureau/rejudge/compare.h"
#include "tests/bench/drives.h"

/* clang-format off */
static const char usage[] =
    "usage: bench_rejudge [HOURS [SEED]]\n"
    "Simulated drives (tests/bench/drives.h), judged by the vehicle with all that its receiver says, and again from the\n"
    "positions that it would have put into its track. Two fleets drive the same: an honest one, of which nobody may be\n"
    "accused, and one whose devices leave every alert out.\n"
    "HOURS   of driving; 2000 when not given\n"
    "SEED    of everything random; 1001 when not given\n";
/* clang-format on */

static const double HALF_WIDTH_M = 30, SPACING_S = 0.9;
static const int64_t START_UTC_MS = 1789000000000;
enum { CAPACITY = 18, ABOARD = 10, LIST_MAX = 4096 };

struct tally {
    double seconds;
    uint64_t said, shown, agreed; /* alerts by the vehicles; by their tracks; of these, said too */
    uint64_t accused;             /* of the honest: must be none */
    uint64_t caught;              /* of the others */
};

struct drive_run {
    size_t n_alerts, n_spans;
    struct compare_alert alerts[LIST_MAX];
    struct trackjudge_span spans[LIST_MAX];
};

static int on_span(void *context, const struct trackjudge_span *span)
{
    struct drive_run *run = context;
    if (run->n_spans < LIST_MAX)
        run->spans[run->n_spans++] = *span;
    return 0;
}

static void note_alerts(struct drive_run *run, const struct bw_alert *alerts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!trackjudge_judges(alerts[i].kind))
            continue;
        if (alerts[i].phase == BW_RAISED && run->n_alerts < LIST_MAX)
            run->alerts[run->n_alerts++] = (struct compare_alert){
                .kind = alerts[i].kind, .from_utc_ms = alerts[i].raised_utc_ms, .to_utc_ms = INT64_MAX};
        for (size_t k = 0; k < run->n_alerts && alerts[i].phase == BW_CLEARED; k++)
            if (run->alerts[k].kind == alerts[i].kind &&
                run->alerts[k].from_utc_ms == alerts[i].raised_utc_ms)
                run->alerts[k].to_utc_ms = alerts[i].time_utc_ms;
    }
}

static void step_vehicle(struct engine *engine, struct drive_run *run, const struct bw_fix *fix,
                         int64_t utc_ms)
{
    struct bw_alert alerts[ENGINE_ALERTS_MAX];
    struct bw_event event = {.type = BW_EVENT_CABIN,
                             .mono_ms = utc_ms - START_UTC_MS,
                             .utc_ms = utc_ms,
                             .clock = BW_CLOCK_GNSS,
                             .u.cabin = {.occupancy = {BW_QUALITY_GOOD, ABOARD, ABOARD, ABOARD},
                                         .door_open = BW_NO,
                                         .ignition_on = BW_YES}};
    note_alerts(run, alerts, engine_step(engine, &event, alerts));
    event.type = BW_EVENT_FIX;
    event.u.fix = *fix;
    note_alerts(run, alerts, engine_step(engine, &event, alerts));
}

/* On the grid of a track. */
static struct bw_track_fix track_fix(const struct bw_fix *fix, int64_t utc_ms)
{
    static const double GRID = 1e6;
    return (struct bw_track_fix){.utc_ms = utc_ms / 100 * 100,
                                 .lat_deg = round(fix->position.lat_deg * GRID) / GRID,
                                 .lon_deg = round(fix->position.lon_deg * GRID) / GRID,
                                 .quality = BW_QUALITY_GOOD,
                                 .aboard = ABOARD};
}

/* As rejudge.c cuts them: a silence of a minute ends a stretch. */
static void step_track(struct trackjudge *judge, int64_t *last_utc_ms, const struct bw_fix *fix,
                       int64_t utc_ms)
{
    static const int64_t SILENCE_MS = 60000;
    if (*last_utc_ms > 0 && (double)(utc_ms - *last_utc_ms) < SPACING_S * 1000)
        return;
    if (*last_utc_ms > 0 && utc_ms - *last_utc_ms > SILENCE_MS)
        (void)trackjudge_end(judge);
    const struct bw_track_fix now = track_fix(fix, utc_ms);
    (void)trackjudge_fix(judge, &now);
    *last_utc_ms = utc_ms;
}

static void count(const struct drive_run *run, const struct bw_thresholds *thresholds, struct tally *tally)
{
    const struct compare_said honest = {
        .n_alerts = run->n_alerts, .alerts = run->alerts, .settled_utc_ms = INT64_MAX};
    const struct compare_said silent = {.settled_utc_ms = INT64_MAX};
    tally->said += run->n_alerts;
    for (size_t i = 0; i < run->n_spans; i++) {
        const struct compare_shown shown = {
            .span = &run->spans[i], .thresholds = thresholds, .known_utc_ms = INT64_MIN};
        if (run->spans[i].severity <= BW_NOTICE)
            continue;
        tally->shown++;
        if (compare_is_said(&honest, &run->spans[i]))
            tally->agreed++;
        else if (compare_doubt(&honest, &shown) == DOUBT_NONE)
            tally->accused++;
        tally->caught += compare_doubt(&silent, &shown) == DOUBT_NONE;
    }
}

static void run_drive(struct drive *drive, struct tally *tally)
{
    static struct drive_run run;
    struct bw_permit permit = {.permit_no = "p", .valid_until_day = 30000, .status = BW_STATUS_ACTIVE};
    const struct bw_licence licence = {.version = 1,
                                       .vehicle_class = BW_CLASS_MEDIUM,
                                       .approved_capacity = CAPACITY,
                                       .utc_offset_min = 480,
                                       .n_permits = 1,
                                       .permits = &permit,
                                       .n_routes = 1,
                                       .routes = &drive->plan.route};
    const struct bw_thresholds thresholds = engine_thresholds(&licence);
    struct trackjudge *judge = NULL;
    void *memory = malloc(engine_size(&licence));
    if (memory == NULL || trackjudge_create(&licence, NULL, on_span, &run, &judge) != 0)
        abort();
    struct engine *engine = engine_init(memory, &licence, 1);
    double time_s = 0, next_fix_s = 0;
    int64_t last_utc_ms = 0;
    struct xy at;
    struct bw_fix fix;
    run.n_alerts = run.n_spans = 0;
    while (drive_advance(drive, &at)) {
        time_s += DT_S + drive_night_s(drive);
        tally->seconds += DT_S;
        const struct state *s = &drive->state;
        if (!receiver_see(&drive->receiver, at, s->speed_mps, s->course_deg, DT_S, &fix) ||
            time_s < next_fix_s)
            continue;
        next_fix_s = time_s + drive->receiver.interval_s;
        const int64_t utc_ms = START_UTC_MS + (int64_t)(time_s * 1000);
        step_vehicle(engine, &run, &fix, utc_ms);
        step_track(judge, &last_utc_ms, &fix, utc_ms);
    }
    (void)trackjudge_end(judge);
    count(&run, &thresholds, tally);
    trackjudge_free(judge);
    free(memory);
}

static void print(const char *name, const struct tally *tally)
{
    printf("| %s | %.1f | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " |\n", name,
           tally->seconds / 3600, tally->said, tally->shown, tally->agreed, tally->accused, tally->caught);
}

int main(int argc, char **argv)
{
    static struct tally by_receiver[RECEIVER_KINDS], all;
    static struct drive drive;
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0;
    const double all_s = (argc > 1 ? strtod(argv[1], NULL) : 2000) * 3600;
    const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1001;
    if (argc > 3 || !(all_s > 0))
        return fputs(usage, stderr), 2;
    for (uint64_t number = 0; all.seconds < all_s; number++) {
        struct tally one = {0};
        drive_start(&drive, seed, number);
        run_drive(&drive, &one);
        struct tally *sums[] = {&all, &by_receiver[drive.receiver.kind]};
        for (size_t i = 0; i < 2; i++) {
            sums[i]->seconds += one.seconds;
            sums[i]->said += one.said;
            sums[i]->shown += one.shown;
            sums[i]->agreed += one.agreed;
            sums[i]->accused += one.accused;
            sums[i]->caught += one.caught;
        }
        if (isatty(STDERR_FILENO))
            (void)fprintf(stderr, "\r%.0f of %.0f h", all.seconds / 3600, all_s / 3600);
    }
    printf("seed %" PRIu64 ", half width %.0f m\n", seed, HALF_WIDTH_M);
    printf("| | hours | said | shown by tracks | of these said | honest vehicles accused | proven of devices "
           "that say nothing |\n"
           "|---|---|---|---|---|---|---|\n");
    print("all", &all);
    for (int k = 0; k < RECEIVER_KINDS; k++)
        print(receiver_names[k], &by_receiver[k]);
    return all.accused > 0;
}
