/* How good is OFF_ROUTE? See --help. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/detectors.h"
#include "tests/bench/drives.h"

/* clang-format off */
static const char usage[] =
    "usage: bench_off_route [--list] [HOURS [SEED]]\n"
    "False alarms against delay of OFF_ROUTE and of two simple detectors, over simulated drives whose departures\n"
    "are known: mountain, town and country roads, loops, routes in parts, against their direction, with stretches\n"
    "missing or moved; receivers from good to bad (tests/bench/receivers.h).\n"
    "HOURS   of driving; 2000 when not given\n"
    "SEED    of everything random; 1001 when not given. The rule's constants were chosen on seeds below 1000; what\n"
    "        is reported comes from 1001 and above, which nobody tuned on\n"
    "--list  also one line for each false alarm, missed or late departure of the engine, with the drive's number\n";
/* clang-format on */

static bool listed;

static double distance_m(struct corridor *corridor, double lat_deg, double lon_deg)
{
    struct corridor_hit hit;
    const struct corridor_place place = corridor_place(lat_deg, lon_deg);
    corridor_nearest(corridor, &place, &hit);
    return hit.distance_m;
}

static void list(const struct drive *drive, enum outing_event event, double time_s,
                 const struct outing *outing, double truly_m, const struct detectors *detectors)
{
    static const char *const words[] = {
        [OUTING_FALSE_ALARM] = "FALSE", [OUTING_MISSED] = "MISSED", [OUTING_LATE] = "LATE"};
    if (!listed || event == OUTING_NONE || event == OUTING_FOUND)
        return;
    const struct receiver *r = &drive->receiver;
    const struct engine_view view = engine_view(detectors->engine);
    printf("%-7s drive %" PRIu64
           " at %.1f s: %s, %s, %s%s%s; peak %.0f m, %.0f s outside, delay %.1f s; truly %.0f m, "
           "seen %.0f m, stray %.0f m, score %.1f, %.1f m/s, wide %.0f m, lag %.1f, multipath %.0f s %.0f m, "
           "jump %.0f s, settling %.0f m\n",
           words[event], drive->number, time_s, road_names[drive->plan.kind],
           departure_names[drive->plan.departure], receiver_names[r->kind],
           r->doppler ? "" : ", positions alone", isfinite(r->said_accuracy_m) ? "" : ", no accuracy",
           outing->peak_m, time_s - outing->crossed_s, outing->delay_s[0], truly_m, view.distance_m,
           view.stray_m, view.score, drive->state.speed_mps, drive->wide_m, r->lag_s,
           fmax(0, r->multipath_left_s), r->multipath_size_m, fmax(0, r->jump_left_s), r->settle_m);
}

static void run_drive(struct drive *drive, struct tally *tallies)
{
    const struct bw_licence licence = {.version = 1, .n_routes = 1, .routes = &drive->plan.route};
    void *memory = malloc(engine_size(&licence)), *truth_memory = malloc(corridor_size(&drive->plan.route));
    if (memory == NULL || truth_memory == NULL)
        abort();
    struct corridor *corridor = corridor_init(truth_memory, &drive->plan.route);
    struct detectors detectors = {.engine = engine_init(memory, &licence, 1)};
    struct outing outing = {.home_s = -1e9};
    struct xy at;
    struct bw_fix fix;
    const struct corridor_place place = corridor_place(LAT0, 0);
    double time_s = 0, driven_s = 0, next_fix_s = 0;
    while (drive_advance(drive, &at)) {
        time_s += DT_S + drive_night_s(drive);
        driven_s += DT_S;
        const struct state *s = &drive->state;
        const bool seen = receiver_see(&drive->receiver, at, s->speed_mps, s->course_deg, DT_S, &fix);
        const double truly_m = distance_m(corridor, LAT0 + at.y / place.lat_m, LON0 + at.x / place.lon_m);
        list(drive, outing_truth(&outing, &detectors, tallies, time_s, truly_m, drive_departing(drive)),
             time_s, &outing, truly_m, &detectors);
        outing.hidden |= !seen || drive->receiver.coast_left_s > 0;
        if (time_s < next_fix_s || !seen)
            continue;
        next_fix_s = time_s + drive->receiver.interval_s;
        const double seen_m = distance_m(corridor, fix.position.lat_deg, fix.position.lon_deg);
        const unsigned raised = detect(&detectors, time_s, seen_m, &fix);
        list(drive, outing_alarms(&outing, tallies, raised, time_s), time_s, &outing, truly_m, &detectors);
    }
    for (int d = 0; d < DETECTORS; d++)
        tallies[d].seconds += driven_s;
    free(memory);
    free(truth_memory);
}

static void progress(double done_s, double all_s)
{
    if (isatty(STDERR_FILENO))
        (void)fprintf(stderr, "\r%.0f of %.0f h", done_s / 3600, all_s / 3600);
}

static void print(struct tally by_receiver[RECEIVER_KINDS][DETECTORS],
                  struct tally by_departure[DEPART_KINDS])
{
    static struct tally all[DETECTORS];
    for (int k = 0; k < RECEIVER_KINDS; k++)
        for (int d = 0; d < DETECTORS; d++)
            tally_add(&all[d], &by_receiver[k][d]);
    tally_head("all receivers");
    for (int d = 0; d < DETECTORS; d++)
        tally_print(detector_names[d], &all[d]);
    tally_head("\nengine, by receiver");
    for (int k = 0; k < RECEIVER_KINDS; k++)
        tally_print(receiver_names[k], &by_receiver[k][0]);
    tally_head("\nengine, by departure");
    for (int k = 0; k < DEPART_KINDS; k++)
        tally_print(departure_names[k], &by_departure[k]);
}

int main(int argc, char **argv)
{
    static struct tally by_receiver[RECEIVER_KINDS][DETECTORS], by_departure[DEPART_KINDS],
        drive_tallies[DETECTORS];
    static struct drive drive;
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0;
    listed = argc > 1 && strcmp(argv[1], "--list") == 0;
    argc -= listed;
    argv += listed;
    const double all_s = (argc > 1 ? strtod(argv[1], NULL) : 2000) * 3600;
    const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1001;
    if (argc > 3 || !(all_s > 0))
        return fputs(usage, stderr), 2;
    double done_s = 0;
    for (uint64_t number = 0; done_s < all_s; number++) {
        memset(drive_tallies, 0, sizeof drive_tallies);
        drive_start(&drive, seed, number);
        run_drive(&drive, drive_tallies);
        for (int d = 0; d < DETECTORS; d++)
            tally_add(&by_receiver[drive.receiver.kind][d], &drive_tallies[d]);
        tally_add(&by_departure[drive.plan.departure], &drive_tallies[0]);
        done_s += drive_tallies[0].seconds;
        progress(done_s, all_s);
    }
    if (isatty(STDERR_FILENO))
        (void)fputc('\n', stderr);
    printf("%.0f h driven, seed %" PRIu64 ", half width %.0f m\n", done_s / 3600, seed, HALF_WIDTH_M);
    print(by_receiver, by_departure);
    return 0;
}
