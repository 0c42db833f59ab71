/* Re-judging: whatever a vehicle's tracks prove and it did not say is found, and nothing else accuses it. */
#include "bureau/rejudge/nightly.h"
#include "bureau/rejudge/opening.h"
#include "bureau/rejudge/reader.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "bureau/store/cases.h"
#include "fixture_evidence.h"
#include "proto/issued.h"

enum { CAPACITY = 18 };
static const int64_t HOUR_MS = 3600000, DAY_MS = 86400000;
static const int64_t start_utc_ms = 1789000000000; /* 2026-09-10, a Thursday, 08:26:40 local */
static const double LAT0 = 29.10, LON0 = 121.03, LAT_M = 110860, LON_M = 97300;

/* --- the vehicle --- */

static struct sender alerts, tracks;
static int64_t now_utc_ms; /* of the drive */
static double north_m, east_m;
static struct bw_track batch;

static void commit(int64_t received_utc_ms)
{
    struct batch_outcome outcome;
    cr_assert_eq(batch_apply(evidence_batch, evidence_store, evidence_vehicles, evidence_mono_ms,
                             received_utc_ms, &outcome),
                 0, "%s", outcome.reason);
    cr_assert_eq(outcome.counts[VERDICT_ACCEPTED], batch_count(evidence_batch), "%s", outcome.reason);
    batch_clear(evidence_batch);
}

static void say(struct sender *sender, struct wire_body body)
{
    evidence_say(sender, body);
    commit(now_utc_ms + 1000);
}

static void flush(void)
{
    if (batch.n > 0)
        say(&tracks, (struct wire_body){.type = WIRE_BODY_TRACK, .u.track = batch});
    batch.n = 0;
}

struct leg {
    int seconds;
    double north_mps, east_mps;
    uint16_t aboard;
    enum bw_quality quality;
};

static void drive(struct leg leg)
{
    for (int s = 0; s < leg.seconds; s++) {
        now_utc_ms += 1000;
        north_m += leg.north_mps;
        east_m += leg.east_mps;
        batch.fixes[batch.n++] =
            (struct bw_track_fix){.utc_ms = now_utc_ms,
                                  .lat_deg = LAT0 + north_m / LAT_M,
                                  .lon_deg = LON0 + east_m / LON_M,
                                  .aboard = leg.quality == BW_QUALITY_UNKNOWN ? 0 : leg.aboard,
                                  .quality = leg.quality};
        if (batch.n == 10)
            flush();
    }
}

static void drive_north(int seconds, uint16_t aboard)
{
    drive((struct leg){seconds, 10, 0, aboard, BW_QUALITY_GOOD});
}

static float peak_kmh; /* of an OVERSPEED */

static void alert(enum bw_kind kind, uint64_t number, enum bw_phase phase)
{
    static int64_t raised_utc_ms;
    if (phase == BW_RAISED)
        raised_utc_ms = now_utc_ms;
    struct wire_body body = {.type = WIRE_BODY_ALERT,
                             .u.alert = {.kind = kind,
                                         .phase = phase,
                                         .severity = BW_MINOR,
                                         .number = number,
                                         .time_utc_ms = now_utc_ms,
                                         .raised_utc_ms = raised_utc_ms,
                                         .licence_version = 1}};
    if (kind == BW_OVERLOAD)
        body.u.alert.evidence.overload = (struct bw_evidence_overload){20, 20, CAPACITY};
    if (kind == BW_OVERSPEED)
        body.u.alert.evidence.overspeed = (struct bw_evidence_overspeed){
            .speed_kmh = peak_kmh, .peak_kmh = peak_kmh, .limit_kmh = 60, .source = BW_LIMIT_LAW};
    say(&alerts, body);
}

/* It also says which licence it held. */
static void trip(int64_t begun_utc_ms, uint32_t over_s, bool cut_short)
{
    say(&alerts, (struct wire_body){.type = WIRE_BODY_TRIP,
                                    .u.trip = {.begun_utc_ms = begun_utc_ms,
                                               .ended_utc_ms = now_utc_ms,
                                               .licence_version = 1,
                                               .over_s = over_s,
                                               .cut_short = cut_short}});
}

/* --- the bureau --- */

static void issue(uint64_t version, uint16_t capacity, uint16_t window_end_min, int64_t issued_utc_ms)
{
    static struct bw_point points[] = {{29.00, 121.03}, {29.60, 121.03}};
    static uint32_t parts[] = {0, 2};
    struct bw_route route = {.route_id = "r-1",
                             .half_width_m = 30,
                             .n_points = 2,
                             .points = points,
                             .n_parts = 1,
                             .part_start = parts};
    struct bw_permit permit = {.permit_no = "p-1",
                               .route_id = "r-1",
                               .window_start_min = 360,
                               .window_end_min = window_end_min,
                               .valid_from_day = 20454,
                               .valid_until_day = 21183,
                               .status = BW_STATUS_ACTIVE};
    const struct issued issued = {.kind = ISSUED_LICENCE,
                                  .u.licence = {.vehicle_id = "bus-a",
                                                .division = "331023",
                                                .plate = "浙J12345",
                                                .version = version,
                                                .issued_utc_ms = issued_utc_ms,
                                                .vehicle_class = BW_CLASS_MEDIUM,
                                                .approved_capacity = capacity,
                                                .utc_offset_min = 480,
                                                .n_permits = 1,
                                                .permits = &permit,
                                                .n_routes = 1,
                                                .routes = &route}};
    struct wire_bytes sealed;
    cr_assert_eq(issued_seal(&issued, NULL, &sealed), 0);
    cr_assert_eq(store_issued_put(evidence_store, ISSUED_LICENCE, "bus-a", version, sealed.data, sealed.len),
                 0);
    wire_bytes_free(&sealed);
}

static char found[1024];
static struct rejudge_totals totals;

static int note(void *context, const struct rejudge_finding *finding)
{
    static const char *const kinds[BW_KIND_COUNT] = {[BW_OVERLOAD] = "overload",
                                                     [BW_OFF_ROUTE] = "off-route",
                                                     [BW_OUT_OF_HOURS] = "hours",
                                                     [BW_UNLICENSED] = "unlicensed",
                                                     [BW_OVERSPEED] = "overspeed"};
    const size_t n = strlen(found);
    (void)context;
    (void)snprintf(found + n, sizeof found - n, "%s%s %s%s%s", n > 0 ? "; " : "",
                   rejudge_what_name(finding->what), kinds[finding->kind],
                   finding->what == REJUDGE_UNSAID ? " " : "",
                   finding->what == REJUDGE_UNSAID ? compare_doubt_name(finding->doubt) : "");
    return 0;
}

static const char *rejudge_by(const struct rejudge_trial *trial)
{
    const struct rejudge_options options = {.from_utc_ms = start_utc_ms - HOUR_MS,
                                            .to_utc_ms = start_utc_ms + DAY_MS,
                                            .now_utc_ms = start_utc_ms + DAY_MS,
                                            .trial = trial,
                                            .on_finding = note};
    struct store *store = NULL;
    flush();
    found[0] = '\0';
    cr_assert_eq(store_open_reading(evidence_path, &store), 0);
    cr_assert_eq(rejudge_store(store, &options, &totals), 0, "%s", store_error(store));
    store_close(store);
    return found;
}

static const char *rejudge(void)
{
    return rejudge_by(NULL);
}

static void set_up(void)
{
    evidence_open();
    alerts = (struct sender){"bus-a", &key_a, 1, BW_RECORD_ALERT, 0, {0}};
    tracks = (struct sender){"bus-a", &key_a, 1, BW_RECORD_TRACK, 0, {0}};
    now_utc_ms = start_utc_ms;
    issue(1, CAPACITY, 1200, start_utc_ms - DAY_MS);
    trip(start_utc_ms - HOUR_MS, 0, false); /* of the morning: holds licence 1 */
}
TestSuite(rejudge, .init = set_up, .fini = evidence_close);

#define EXPECT_FOUND(text) cr_expect_str_eq(rejudge(), text, "found: %s", found)

/* --- OVERLOAD --- */

Test(rejudge, nothing_is_wrong)
{
    drive_north(300, CAPACITY);
    EXPECT_FOUND("");
    cr_expect_eq(totals.fixes, 300);
    cr_expect_eq(totals.judged_ms, 299000);
}

Test(rejudge, an_overload_that_is_left_out_is_missing)
{
    drive_north(120, CAPACITY + TRACKJUDGE_COUNT_ERROR + 1);
    EXPECT_FOUND("missing overload");
}

Test(rejudge, an_overload_that_is_said_is_none)
{
    drive_north(10, 23);
    alert(BW_OVERLOAD, 1, BW_RAISED);
    drive_north(110, 23);
    EXPECT_FOUND("");
    cr_expect_eq(totals.agreed, 1);
}

Test(rejudge, an_overload_that_was_said_at_another_time_is_missing)
{
    drive_north(60, 10);
    alert(BW_OVERLOAD, 1, BW_RAISED);
    alert(BW_OVERLOAD, 1, BW_CLEARED);
    drive_north(600, 10);
    drive_north(120, 23);
    EXPECT_FOUND("missing overload; unshown overload");
}

Test(rejudge, another_kind_is_not_the_same)
{
    drive_north(10, 23);
    alert(BW_UNBELTED, 1, BW_RAISED);
    drive_north(110, 23);
    EXPECT_FOUND("missing overload");
}

Test(rejudge, the_best_estimate_is_not_what_is_certain)
{
    drive_north(120, CAPACITY + TRACKJUDGE_COUNT_ERROR);
    EXPECT_FOUND("unsaid overload short");
}

Test(rejudge, the_trip_says_what_is_certain)
{
    drive_north(120, CAPACITY + 1);
    trip(start_utc_ms, 110, false);
    EXPECT_FOUND("missing overload");
}

Test(rejudge, a_count_in_doubt_accuses_nobody)
{
    drive((struct leg){120, 10, 0, 40, BW_QUALITY_DEGRADED});
    drive((struct leg){120, 10, 0, 40, BW_QUALITY_UNKNOWN});
    EXPECT_FOUND("");
}

Test(rejudge, who_boards_a_standing_bus_is_not_carried)
{
    drive((struct leg){300, 0, 0, 40, BW_QUALITY_GOOD});
    EXPECT_FOUND("");
}

Test(rejudge, a_short_overload_is_not_proven)
{
    drive_north(60, 10);
    drive_north(30, 23);
    drive_north(60, 10);
    EXPECT_FOUND("unsaid overload short");
}

/* --- what may have been lost without the vehicle's doing --- */

Test(rejudge, a_start_of_the_gateway_near_it_leaves_a_doubt)
{
    drive_north(60, 23);
    trip(start_utc_ms, 0, true);
    drive_north(60, 23);
    EXPECT_FOUND("unsaid overload restart");
}

Test(rejudge, alerts_that_are_not_held_leave_a_doubt)
{
    struct wire_record record;
    const struct wire_body lost = alert_of(7, BW_RAISED);
    drive_north(120, 23);
    evidence_make(&alerts, &lost, &record); /* a receipt was given for it, and the store is another one now */
    evidence_presence("bus-a", 1, alerts.seq + 1, tracks.seq + 1);
    (void)evidence_commit();
    trip(start_utc_ms, 0, false);
    EXPECT_FOUND("unsaid overload hole");
}

Test(rejudge, alerts_that_wait_in_the_vehicle_leave_a_doubt)
{
    drive_north(120, 23);
    flush();
    evidence_presence("bus-a", 1, alerts.seq + 2, tracks.seq + 1);
    (void)evidence_commit();
    EXPECT_FOUND("unsaid overload waiting");
}

Test(rejudge, a_silence_in_the_track_proves_nothing)
{
    for (int i = 0; i < 10; i++) {
        drive_north(20, 23);
        now_utc_ms += TRACKJUDGE_GAP_MS + 1000;
    }
    EXPECT_FOUND("unsaid overload short");
}

/* --- which licence --- */

Test(rejudge, a_newer_licence_that_may_not_have_arrived_leaves_a_doubt)
{
    issue(2, 10, 1200, start_utc_ms - HOUR_MS / 2);
    drive_north(120, 16);
    EXPECT_FOUND("unsaid overload licence");
}

Test(rejudge, what_is_so_under_both_licences_is_proven)
{
    issue(2, 10, 1200, start_utc_ms - HOUR_MS / 2);
    drive_north(120, 23);
    EXPECT_FOUND("missing overload");
}

Test(rejudge, a_licence_of_later_accuses_nobody)
{
    issue(2, 10, 1200, start_utc_ms + HOUR_MS);
    drive_north(120, 16);
    EXPECT_FOUND("");
}

Test(rejudge, a_licence_that_it_has_signed_for_counts_alone)
{
    drive_north(120, 16);
    issue(2, 10, 1200, start_utc_ms - HOUR_MS / 2);
    trip(start_utc_ms, 0, false); /* still by licence 1 */
    EXPECT_FOUND("");
}

/* --- the other kinds --- */

Test(rejudge, a_departure_that_is_left_out_is_missing)
{
    drive_north(120, 10);
    drive((struct leg){120, 0, 10, 10, BW_QUALITY_GOOD});
    EXPECT_FOUND("missing off-route");
}

Test(rejudge, a_departure_to_a_road_nearby_is_not_proven)
{
    drive_north(120, 10);
    drive((struct leg){15, 0, 10, 10, BW_QUALITY_GOOD});
    drive_north(120, 10);
    EXPECT_FOUND("unsaid off-route short");
}

Test(rejudge, an_empty_bus_off_its_route_accuses_nobody)
{
    drive_north(120, 0);
    drive((struct leg){300, 0, 10, 0, BW_QUALITY_GOOD});
    EXPECT_FOUND("");
}

Test(rejudge, positions_that_no_bus_can_have_driven_prove_nothing)
{
    drive_north(120, 10);
    for (int i = 0; i < 40; i++) {
        drive((struct leg){1, 10, 600, 10, BW_QUALITY_GOOD});
        drive((struct leg){2, 10, 0, 10, BW_QUALITY_GOOD});
    }
    cr_expect_null(strstr(rejudge(), "missing"), "found: %s", found);
}

Test(rejudge, hours_that_are_left_out_are_missing)
{
    issue(2, CAPACITY, 400, start_utc_ms - 2 * HOUR_MS); /* ends at 06:40 */
    trip(start_utc_ms - HOUR_MS, 0, false);
    say(&alerts, (struct wire_body){.type = WIRE_BODY_TRIP,
                                    .u.trip = {.begun_utc_ms = start_utc_ms - 60000,
                                               .ended_utc_ms = start_utc_ms,
                                               .licence_version = 2}});
    drive_north(240, 10);
    EXPECT_FOUND("missing hours");
}

Test(rejudge, the_attendant_alone_accuses_nobody)
{
    issue(2, CAPACITY, 400, start_utc_ms - 2 * HOUR_MS);
    drive_north(240, 1);
    EXPECT_FOUND("");
}

Test(rejudge, nobody_knows_whether_the_receiver_gave_a_speed)
{
    drive((struct leg){240, 25, 0, 10, BW_QUALITY_GOOD});
    EXPECT_FOUND("unsaid overspeed speed");
}

/* --- what the tracks contradict --- */

Test(rejudge, an_overload_of_a_bus_that_is_not_full_is_contradicted)
{
    drive_north(120, 12);
    alert(BW_OVERLOAD, 1, BW_RAISED);
    drive_north(60, 12);
    EXPECT_FOUND("unshown overload");
}

Test(rejudge, a_departure_from_the_route_it_is_on_is_contradicted)
{
    drive_north(120, 12);
    alert(BW_OFF_ROUTE, 1, BW_RAISED);
    drive_north(60, 12);
    EXPECT_FOUND("unshown off-route");
}

Test(rejudge, a_speed_is_that_of_when_it_was_raised_whatever_it_grew_to)
{
    drive((struct leg){120, 18, 0, 12, BW_QUALITY_GOOD});
    peak_kmh = 66;
    alert(BW_OVERSPEED, 1, BW_RAISED);
    drive((struct leg){120, 30, 0, 12, BW_QUALITY_GOOD});
    peak_kmh = 108;
    alert(BW_OVERSPEED, 1, BW_UPDATED);
    drive((struct leg){120, 8, 0, 12, BW_QUALITY_GOOD});
    cr_expect_null(strstr(rejudge(), "unshown"), "found: %s", found);
}

Test(rejudge, a_speed_that_it_did_not_drive_is_contradicted)
{
    drive_north(120, 12);
    peak_kmh = 66;
    alert(BW_OVERSPEED, 1, BW_RAISED);
    drive_north(60, 12);
    EXPECT_FOUND("unshown overspeed");
}

Test(rejudge, of_a_speed_whose_first_phase_is_not_held_nothing_is_said)
{
    drive_north(120, 12);
    peak_kmh = 66;
    alert(BW_OVERSPEED, 1, BW_UPDATED);
    drive_north(60, 12);
    EXPECT_FOUND("");
}

Test(rejudge, a_count_in_doubt_contradicts_nothing)
{
    drive((struct leg){120, 10, 0, 12, BW_QUALITY_DEGRADED});
    alert(BW_OVERLOAD, 1, BW_RAISED);
    drive((struct leg){60, 10, 0, 12, BW_QUALITY_DEGRADED});
    EXPECT_FOUND("");
}

/* --- a trial --- */

Test(rejudge, a_trial_counts_and_finds_nothing)
{
    const struct rejudge_trial patient = {.thresholds.overload_hold_ms = 60000};
    drive_north(60, 10);
    drive_north(40, 23);
    drive_north(60, 10);
    cr_expect_str_eq(rejudge_by(&patient), "");
    cr_expect_eq(totals.shown[BW_OVERLOAD][BW_SERIOUS], 1);
    cr_expect_eq(totals.tried[BW_OVERLOAD][BW_SERIOUS], 0);
}

/* --- two streams, a clock that went back --- */

Test(rejudge, what_stands_in_two_streams_is_read_once)
{
    drive_north(60, 10);
    flush();
    north_m = 0;
    now_utc_ms = start_utc_ms;
    tracks = (struct sender){"bus-a", &key_a, 9, BW_RECORD_TRACK, 0, {0}};
    drive_north(60, 10);
    EXPECT_FOUND("");
    cr_expect_eq(totals.fixes, 60);
}

Test(rejudge, a_clock_that_went_back_begins_anew)
{
    drive_north(40, 23);
    flush();
    now_utc_ms -= 20000;
    drive_north(40, 23);
    cr_expect_null(strstr(rejudge(), "missing"), "found: %s", found);
}

/* --- what cannot be judged --- */

static char not_judged[256];

static int note_unjudged(void *context, const char *vehicle, const char *why)
{
    (void)context;
    (void)snprintf(not_judged, sizeof not_judged, "%s: %s", vehicle, why);
    return 0;
}

Test(rejudge, a_vehicle_with_too_many_chains_keeps_no_other_from_being_judged)
{
    const struct rejudge_options options = {.from_utc_ms = start_utc_ms - HOUR_MS,
                                            .to_utc_ms = start_utc_ms + DAY_MS,
                                            .now_utc_ms = start_utc_ms + DAY_MS,
                                            .on_finding = note,
                                            .on_unjudged = note_unjudged};
    struct store *store = NULL;
    for (int stream = 1; stream <= READER_CHAINS_MAX + 1; stream++) {
        tracks = (struct sender){"bus-a", &key_a, (uint8_t)stream, BW_RECORD_TRACK, 0, {0}};
        drive_north(10, 12);
    }
    tracks = (struct sender){"bus-b", &key_b, 1, BW_RECORD_TRACK, 0, {0}};
    drive_north(120, 12);
    found[0] = '\0';
    cr_assert_eq(store_open_reading(evidence_path, &store), 0);
    cr_assert_eq(rejudge_store(store, &options, &totals), 0, "%s", store_error(store));
    store_close(store);
    cr_expect_eq(totals.vehicles, 2);
    cr_expect_eq(totals.unjudged, 1);
    cr_expect_eq(totals.fixes, 120);
    cr_expect_str_eq(not_judged, "bus-a: more chains of tracks, or rows of one kind, than can be judged");
}

/* --- cases --- */

static struct store_case held;
static int n_cases;

static int note_case(void *context, const struct store_case *row)
{
    (void)context;
    held = *row;
    n_cases++;
    return 0;
}

static int cases_by_rejudging(void)
{
    const struct store_case_query query = {.kinds = 1U << BW_TAMPER};
    n_cases = 0;
    cr_assert_eq(store_cases(evidence_store, &query, 100, note_case, NULL), 0);
    return n_cases;
}

static int open_for(void *context, const struct rejudge_finding *finding)
{
    (void)context;
    return opening_take(evidence_store, &CASE_POLICY_DEFAULT, "test", start_utc_ms + DAY_MS, finding);
}

static void rejudge_with_cases(void)
{
    const struct rejudge_options options = {.from_utc_ms = start_utc_ms - DAY_MS,
                                            .to_utc_ms = start_utc_ms + DAY_MS,
                                            .now_utc_ms = start_utc_ms + DAY_MS,
                                            .on_finding = open_for};
    struct store *store = NULL;
    flush();
    cr_assert_eq(store_open_reading(evidence_path, &store), 0);
    cr_assert_eq(rejudge_store(store, &options, &totals), 0, "%s", store_error(evidence_store));
    store_close(store);
}

Test(rejudge, what_is_missing_becomes_a_case_and_is_told_once)
{
    drive_north(120, 23);
    drive_north(600, 10);
    drive_north(120, 23);
    rejudge_with_cases();
    cr_expect_eq(totals.found[REJUDGE_MISSING], 2);
    cr_expect_eq(cases_by_rejudging(), 1);
    cr_expect_eq(held.source, CASE_BY_REJUDGING);
    cr_expect_eq(held.state, CASE_OPEN);
    cr_expect_eq(held.happened_utc_ms / 60000, start_utc_ms / 60000);
    const int64_t step = held.last_step;
    rejudge_with_cases();
    cr_expect_eq(cases_by_rejudging(), 1);
    cr_expect_eq(held.last_step, step);
}

static void *write_for_a_while(void *context)
{
    const struct timespec while_ = {.tv_nsec = 100000000};
    struct store *writing = context;
    (void)nanosleep(&while_, NULL);
    cr_expect_eq(store_commit(writing), 0, "%s", store_error(writing));
    return NULL;
}

Test(rejudge, waits_with_its_cases_while_somebody_else_writes)
{
    const struct rejudge_finding finding = {.what = REJUDGE_MISSING,
                                            .vehicle = "bus-a",
                                            .kind = BW_OVERLOAD,
                                            .from_utc_ms = start_utc_ms,
                                            .to_utc_ms = start_utc_ms + 1000};
    struct store *other = NULL;
    pthread_t thread;
    cr_assert_eq(store_open(evidence_path, &other), 0);
    cr_assert_eq(store_begin(other), 0);
    cr_assert_eq(store_audit(other, "test", "wrote", "x", start_utc_ms), 0);
    cr_assert_eq(pthread_create(&thread, NULL, write_for_a_while, other), 0);
    cr_expect_eq(opening_take(evidence_store, &CASE_POLICY_DEFAULT, "test", start_utc_ms, &finding), 0, "%s",
                 store_error(evidence_store));
    (void)pthread_join(thread, NULL);
    store_close(other);
    cr_expect_eq(cases_by_rejudging(), 1);
}

Test(rejudge, what_proves_nothing_becomes_no_case)
{
    drive_north(120, CAPACITY + 1);
    rejudge_with_cases();
    cr_expect_eq(totals.found[REJUDGE_UNSAID], 1);
    cr_expect_eq(cases_by_rejudging(), 0);
}

/* --- by night --- */

Test(rejudge, waits_until_the_hour)
{
    static const int64_t midnight_utc_ms = 1789056000000; /* 2026-09-11, local: the 10th, 16:00 UTC */
    static const struct {
        uint16_t at_min;
        int64_t after_midnight_ms, wait_ms;
    } rows[] = {
        {180, 0, 10800000}, {180, 10799999, 1},  {180, 10800000, 86400000},
        {0, 1, 86399999},   {1439, 0, 86340000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(nightly_wait_ms(rows[i].at_min, midnight_utc_ms + rows[i].after_midnight_ms),
                     rows[i].wait_ms, "row %zu", i);
}

static char night[256];
static atomic_bool is_over;
static int64_t began_mono_ms; /* when nightly's thread first asked; 0 = it has not */
static int nights_later;      /* than the one after the drive */

static int64_t mono_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* It is 50 ms before three o'clock of a night when it is asked for the first time, however late that is. */
static int64_t just_before_three(void)
{
    static const int64_t three_utc_ms = 1789066800000; /* 2026-09-11 03:00 local */
    if (began_mono_ms == 0)
        began_mono_ms = mono_ms();
    return three_utc_ms + nights_later * DAY_MS - 50 + mono_ms() - began_mono_ms;
}

static void take_line(const char *line)
{
    (void)snprintf(night, sizeof night, "%s", line);
    atomic_store(&is_over, true);
}

static void pass_a_night(int later)
{
    const struct nightly_config config = {.store_path = evidence_path,
                                          .policy = &CASE_POLICY_DEFAULT,
                                          .at_min = 180,
                                          .say = take_line,
                                          .now_utc_ms = just_before_three};
    struct nightly *nightly = NULL;
    flush();
    nights_later = later;
    atomic_store(&is_over, false);
    began_mono_ms = 0;
    cr_assert_eq(nightly_start(&config, &nightly), 0);
    for (int i = 0; i < 12000 && !atomic_load(&is_over); i++)
        (void)usleep(10000);
    nightly_stop(nightly);
}

Test(rejudge, judges_the_week_before_by_night_and_tells_once)
{
    drive_north(120, 23);
    pass_a_night(0);
    cr_expect_str_eq(night,
                     "rejudge of 2026-09-04 to 2026-09-10: 1 vehicles, 120 positions, 1 alerts missing");
    cr_expect_eq(cases_by_rejudging(), 1);
    const int64_t step = held.last_step;
    pass_a_night(6);
    cr_expect_str_eq(night,
                     "rejudge of 2026-09-10 to 2026-09-16: 1 vehicles, 120 positions, 1 alerts missing");
    cr_expect_eq(cases_by_rejudging(), 1);
    cr_expect_eq(held.last_step, step);
    pass_a_night(7);
    cr_expect_str_eq(night, "rejudge of 2026-09-11 to 2026-09-17: 1 vehicles, 0 positions, 0 alerts missing");
}
