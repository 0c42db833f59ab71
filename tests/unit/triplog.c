/* Trips on their way to disk: kept at each stop, taken up after a power cut, and waiting for an outbox that
 * refuses. On real files. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/triplog.h"

static char directory[64], path[96];
static struct seal_key key;
static struct outbox *outbox;
static struct triplog trips;
static int64_t mono_ms;
static uint64_t lost;
static const struct trip_view view = {.route = -1};
static struct bw_cabin cabin;

static struct outbox *open_outbox(void)
{
    const struct outbox_config config = {
        .path = path, .division = "331023", .vehicle = "bus-1", .key = &key, .max_alert_records = 3};
    struct outbox *result;
    bool set_aside;
    cr_assert_eq(outbox_open(&config, &result, &set_aside), 0);
    return result;
}

static void set_up(void)
{
    cr_assert_eq(seal_init(), 0);
    strcpy(directory, "/tmp/buswarden-triplog-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    (void)snprintf(path, sizeof path, "%s/outbox.db", directory);
    seal_key_generate(&key);
    outbox = open_outbox();
    triplog_init(&trips, path, &lost);
    mono_ms = 1000;
    lost = 0;
    cabin = (struct bw_cabin){
        .occupancy = {.quality = BW_QUALITY_GOOD}, .door_open = BW_NO, .ignition_on = BW_NO};
}

static void tear_down(void)
{
    char command[128];
    outbox_close(outbox);
    (void)snprintf(command, sizeof command, "rm -rf %s", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(triplog, .init = set_up, .fini = tear_down);

static void pass(int seconds)
{
    for (int i = 0; i < seconds; i++) {
        mono_ms += 1000;
        const struct bw_event event = {.type = BW_EVENT_CABIN,
                                       .mono_ms = mono_ms,
                                       .utc_ms = 1789455600000 + mono_ms,
                                       .clock = BW_CLOCK_GNSS,
                                       .u.cabin = cabin};
        triplog_event(&trips, &event, &view);
    }
}

/* n board at a stop. */
static void stop_with(uint16_t n)
{
    cabin.door_open = BW_YES;
    pass(5);
    cabin.occupancy = (struct bw_occupancy){BW_QUALITY_GOOD, n, n, n};
    cabin.door_open = BW_NO;
    pass(12);
}

static void begin_trip(void)
{
    pass(2);
    cabin.ignition_on = BW_YES;
    pass(5);
    stop_with(7);
}

static void end_trip(void)
{
    stop_with(0);
    cabin.ignition_on = BW_NO;
    pass(62);
}

static bool is_kept(void)
{
    char name[128];
    struct stat st;
    (void)snprintf(name, sizeof name, "%s.trip", path);
    return stat(name, &st) == 0;
}

/* The seq-th record of class ALERT, which is a trip. */
static struct bw_trip stored(uint64_t seq)
{
    static struct wire_record record;
    static struct wire_body body;
    struct wire_bytes bytes;
    uint64_t found;
    cr_assert_eq(outbox_peek(outbox, BW_RECORD_ALERT, seq, &found, &bytes), 0);
    cr_assert_eq(found, seq);
    cr_assert_eq(wire_record_decode(bytes.data, bytes.len, &record), 0);
    cr_assert_eq(wire_body_decode(record.body, record.body_len, &body), 0);
    cr_assert_eq(body.type, WIRE_BODY_TRIP);
    wire_bytes_free(&bytes);
    return body.u.trip;
}

static uint64_t records(void)
{
    struct outbox_depth depth;
    cr_assert_eq(outbox_depth(outbox, BW_RECORD_ALERT, &depth), 0);
    return depth.records;
}

Test(triplog, a_trip_that_has_ended_goes_to_the_outbox_and_its_file_away)
{
    begin_trip();
    cr_expect(is_kept());
    cr_expect_eq(triplog_flush(&trips, outbox), 0, "it goes on");
    end_trip();
    cr_expect_eq(triplog_flush(&trips, outbox), 1);
    cr_expect_not(is_kept());
    const struct bw_trip trip = stored(1);
    cr_expect(trip.boarded == 7 && trip.alighted == 7 && trip.n_stops == 2);
    cr_expect_not(trip.cut_short);
    cr_expect_eq(triplog_flush(&trips, outbox), 0);
}

Test(triplog, after_a_power_cut_the_trip_is_there_up_to_its_last_stop)
{
    begin_trip();
    pass(600);
    triplog_init(&trips, path, &lost); /* nothing was said at the end */
    cr_expect_eq(triplog_flush(&trips, outbox), 1);
    const struct bw_trip trip = stored(1);
    cr_expect_eq(trip.boarded, 7);
    cr_expect(trip.cut_short);
    triplog_init(&trips, path, &lost);
    cr_expect_eq(triplog_flush(&trips, outbox), 0, "once");
}

Test(triplog, a_program_that_ends_cuts_its_trip_short)
{
    begin_trip();
    triplog_cut_short(&trips, &view);
    cr_expect_eq(triplog_flush(&trips, outbox), 1);
    cr_expect(stored(1).cut_short);
    triplog_init(&trips, path, &lost);
    triplog_cut_short(&trips, &view);
    cr_expect_eq(triplog_flush(&trips, outbox), 0, "none goes on");
}

Test(triplog, what_the_outbox_refuses_waits_and_outlives_the_program)
{
    struct bw_alert alert = {
        .kind = BW_OVERLOAD, .phase = BW_RAISED, .number = 1, .time_utc_ms = 1, .raised_utc_ms = 1};
    for (int i = 0; i < 3; i++) /* its limit */
        cr_assert_eq(outbox_append_alert(outbox, &alert, 1), 0);
    begin_trip();
    end_trip();
    cr_expect_lt(triplog_flush(&trips, outbox), 0);
    cr_expect(is_kept());
    triplog_init(&trips, path, &lost);
    cr_expect_lt(triplog_flush(&trips, outbox), 0);
    cr_expect_eq(records(), 3);
    cr_expect_not(trips.waiting.cut_short, "it was whole");
    begin_trip(); /* the next one keeps its hands off the file */
    triplog_init(&trips, path, &lost);
    cr_expect_eq(trips.waiting.n_stops, 2);
    cr_expect_eq(lost, 0);
}

Test(triplog, a_second_trip_that_finds_the_first_waiting_takes_its_place_and_that_is_counted)
{
    begin_trip();
    end_trip();
    begin_trip();
    end_trip();
    cr_expect_eq(lost, 1);
    cr_expect_eq(triplog_flush(&trips, outbox), 1);
    cr_expect_eq(records(), 1);
}

Test(triplog, a_file_that_is_none_of_ours_is_counted_and_no_obstacle)
{
    char name[128];
    (void)snprintf(name, sizeof name, "%s.trip", path);
    FILE *file = fopen(name, "w");
    cr_assert(file != NULL && fputs("not a trip", file) >= 0 && fclose(file) == 0);
    triplog_init(&trips, path, &lost);
    cr_expect_eq(lost, 1);
    cr_expect_not(is_kept(), "it is not counted at every start");
    cr_expect_eq(triplog_flush(&trips, outbox), 0);
    begin_trip();
    end_trip();
    cr_expect_eq(triplog_flush(&trips, outbox), 1);
}
