/* Trips: when they begin and end, which stops they have, and what is counted. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/trip/trip.h"

static const int64_t UTC_OFFSET_MS = 1789455600000;
static const double LAT_DEG = 29.14, LON_DEG = 121.03, DEG_PER_M = 1 / 110900.0;

static struct bw_stop stops[] = {
    {.stop_id = "S1", .lat_deg = 29.14, .lon_deg = 121.03, .radius_m = 30},
    {.stop_id = "S2", .lat_deg = 29.15, .lon_deg = 121.03, .radius_m = 30},
};
static struct bw_route routes[] = {{.route_id = "R1"}, {.route_id = "R2"}};
static const struct bw_licence licence = {
    .version = 5, .approved_capacity = 10, .n_stops = 2, .stops = stops, .n_routes = 2, .routes = routes};
static const struct bw_permit permit = {.permit_no = "P1"};

static struct trip trip;
static struct trip_view view;
static struct bw_cabin cabin;
static int64_t mono_ms;
static double north_m, mps;
static bool has_time, has_fix;
static enum trip_news news[16];
static size_t n_news;

static void set_up(void)
{
    trip_init(&trip);
    view = (struct trip_view){.licence = &licence, .route = -1, .permit = &permit};
    cabin =
        (struct bw_cabin){.occupancy = {BW_QUALITY_GOOD, 0, 0, 0}, .door_open = BW_NO, .ignition_on = BW_NO};
    mono_ms = 1000000;
    north_m = mps = 0;
    has_time = has_fix = true;
    n_news = 0;
}

TestSuite(trip, .init = set_up);

static void feed(struct bw_event event)
{
    event.mono_ms = mono_ms;
    event.utc_ms = has_time ? UTC_OFFSET_MS + mono_ms : 0;
    event.clock = has_time ? BW_CLOCK_GNSS : BW_CLOCK_NONE;
    const enum trip_news what = trip_step(&trip, &event, &view);
    if (what != TRIP_NOTHING && n_news < sizeof news / sizeof news[0])
        news[n_news++] = what;
}

static bool is_over(void)
{
    return n_news > 0 && news[n_news - 1] == TRIP_ENDED;
}

/* A fix and a word of the cabin a second, until a trip ends. */
static void pass(int seconds)
{
    for (int i = 0; i < seconds && !is_over(); i++) {
        mono_ms += 1000;
        north_m += mps;
        const struct bw_fix fix = {
            .position = {LAT_DEG + north_m * DEG_PER_M, LON_DEG, NAN}, .speed_mps = mps, .course_deg = NAN};
        feed((struct bw_event){.type = has_fix ? BW_EVENT_FIX : BW_EVENT_NO_FIX, .u.fix = fix});
        if (!is_over())
            feed((struct bw_event){.type = BW_EVENT_CABIN, .u.cabin = cabin});
    }
}

static void aboard(uint16_t n)
{
    cabin.occupancy = (struct bw_occupancy){BW_QUALITY_GOOD, n, n, n};
}

static void stop_with(uint16_t n_after)
{
    mps = 0;
    cabin.door_open = BW_YES;
    pass(10);
    aboard(n_after);
    pass(10);
    cabin.door_open = BW_NO;
    pass(12);
}

static void drive(int seconds)
{
    mps = 10;
    pass(seconds);
    mps = 0;
}

static struct bw_trip so_far(void)
{
    struct bw_trip result;
    cr_assert(trip_so_far(&trip, &view, &result));
    return result;
}

static struct bw_trip ended(void)
{
    cr_assert(is_over());
    return so_far();
}

static bool is_none(void)
{
    struct bw_trip result;
    return !trip_so_far(&trip, &view, &result);
}

Test(trip, a_school_morning)
{
    pass(5);
    cabin.ignition_on = BW_YES;
    const int64_t begun_utc_ms = UTC_OFFSET_MS + mono_ms + 1000;
    pass(5);
    stop_with(4);
    view.route = 0;
    drive(110); /* to S2, 1.1 km north */
    stop_with(9);
    cr_expect_eq(n_news, 2);
    cr_expect_eq(news[0], TRIP_STOPPED);
    drive(100);
    stop_with(0);
    cabin.ignition_on = BW_NO;
    const int64_t off_utc_ms = UTC_OFFSET_MS + mono_ms;
    pass(120);
    const struct bw_trip result = ended();
    cr_expect_leq(llabs(result.begun_utc_ms - begun_utc_ms), 1000);
    cr_expect_leq(llabs(result.ended_utc_ms - off_utc_ms), 1000,
                  "when the ignition was off, not a minute later");
    cr_expect_str_eq(result.permit_no, "P1");
    cr_expect_str_eq(result.route_id, "R1");
    cr_expect_eq(result.licence_version, 5);
    cr_expect(result.distance_m > 2050 && result.distance_m < 2200, "%u m", result.distance_m);
    cr_expect(result.boarded == 9 && result.alighted == 9);
    cr_expect(result.peak == 9 && result.capacity == 10 && result.over_s == 0);
    cr_expect_eq(result.quality, BW_QUALITY_GOOD);
    cr_expect_not(result.began_late);
    cr_expect_not(result.cut_short);
    cr_expect_eq(result.left.count, 0);
    cr_assert_eq(result.n_stops, 3);
    cr_expect_str_eq(result.stops[0].stop_id, "S1");
    cr_expect_str_eq(result.stops[1].stop_id, "S2");
    cr_expect_str_eq(result.stops[2].stop_id, "", "at none");
    cr_expect(result.stops[1].boarded == 5 && result.stops[1].alighted == 0);
    cr_expect(result.stops[2].boarded == 0 && result.stops[2].alighted == 9);
    cr_expect_eq(result.stops[0].open_s, 20);
    cr_expect(result.stops[1].has_position);
    cr_expect_float_eq(result.stops[1].lat_deg, 29.15, 0.001);
    cr_expect_eq(result.stops[1].quality, BW_QUALITY_GOOD);
}

Test(trip, is_forgotten_with_the_next_step_and_the_next_begins_anew)
{
    for (int i = 0; i < 2; i++) {
        cabin.ignition_on = BW_NO;
        pass(5);
        cabin.ignition_on = BW_YES;
        stop_with(3);
        drive(30);
        stop_with(0);
        cabin.ignition_on = BW_NO;
        pass(120);
        cr_expect_eq(ended().n_stops, 2, "trip %d", i);
        n_news = 0;
        pass(1);
        cr_expect(is_none());
    }
}

Test(trip, an_engine_that_is_off_for_less_than_a_minute_does_not_end_it)
{
    cabin.ignition_on = BW_YES;
    drive(60);
    cabin.ignition_on = BW_NO;
    pass(59);
    cabin.ignition_on = BW_YES;
    drive(60);
    cr_expect_eq(n_news, 0);
    cr_expect_geq(so_far().distance_m, 1150U);
}

Test(trip, a_bus_that_falls_asleep_with_the_ignition_ends_it_as_well)
{
    cabin.ignition_on = BW_YES;
    drive(60);
    cabin.ignition_on = BW_NO;
    pass(5);
    cabin = (struct bw_cabin){.passed_in = 0};
    pass(54);
    cr_expect_not(is_over());
    pass(3);
    cr_expect(is_over());
}

Test(trip, a_bus_that_falls_silent_while_it_stands_with_the_ignition_on_does_not)
{
    cabin.ignition_on = BW_YES;
    drive(60);
    cabin = (struct bw_cabin){.passed_in = 0};
    pass(590);
    cr_expect_not(is_over());
    pass(12);
    cr_expect(is_over());
}

Test(trip, those_who_get_off_after_the_engine_is_off_belong_to_it)
{
    cabin.ignition_on = BW_YES;
    stop_with(6);
    drive(60);
    cabin.ignition_on = BW_NO;
    pass(50);
    cabin.door_open = BW_YES;
    pass(60);
    aboard(0);
    pass(10);
    cabin.door_open = BW_NO;
    const int64_t closed_utc_ms = UTC_OFFSET_MS + mono_ms;
    pass(30);
    const struct bw_trip result = ended();
    cr_expect_eq(result.alighted, 6);
    cr_expect_leq(llabs(result.ended_utc_ms - closed_utc_ms), 2000);
}

Test(trip, a_door_that_stays_open_keeps_no_trip_for_ever)
{
    cabin.ignition_on = BW_YES;
    stop_with(6);
    drive(60);
    cabin.ignition_on = BW_NO;
    cabin.door_open = BW_YES;
    aboard(1);
    pass(601);
    const struct bw_trip result = ended();
    cr_expect_eq(result.alighted, 5);
    cr_expect_eq(result.left.count, 1);
    cr_expect_eq(result.stops[1].open_s, 600);
}

Test(trip, those_who_board_before_the_engine_is_on_belong_to_it)
{
    pass(5);
    cabin.door_open = BW_YES;
    const int64_t opened_utc_ms = UTC_OFFSET_MS + mono_ms;
    pass(10);
    aboard(4);
    cabin.door_open = BW_NO;
    pass(600);
    cabin.ignition_on = BW_YES;
    drive(60);
    const struct bw_trip result = so_far();
    cr_expect_eq(result.boarded, 4);
    cr_expect_leq(llabs(result.begun_utc_ms - opened_utc_ms), 2000);
    cr_expect_eq(result.stops[0].opened_s, 0);
}

Test(trip, a_door_that_is_still_open_when_the_engine_starts_begins_it)
{
    pass(5);
    cabin.door_open = BW_YES;
    const int64_t opened_utc_ms = UTC_OFFSET_MS + mono_ms;
    pass(30);
    cabin.ignition_on = BW_YES;
    aboard(2);
    pass(10);
    cabin.door_open = BW_NO;
    pass(2);
    cr_expect_leq(llabs(so_far().begun_utc_ms - opened_utc_ms), 2000);
}

Test(trip, a_door_that_was_opened_last_night_keeps_nobody_out_who_boards_this_morning)
{
    pass(5);
    cabin.occupancy.quality = BW_QUALITY_UNKNOWN;
    cabin.door_open = BW_YES;
    pass(10);
    cabin.door_open = BW_NO;
    pass(1900);
    aboard(0);
    pass(20);
    stop_with(4);
    cabin.ignition_on = BW_YES;
    drive(60);
    cr_expect_eq(so_far().boarded, 4);
    cr_expect_eq(so_far().n_stops, 1);
}

Test(trip, what_was_half_an_hour_before_is_none_of_it)
{
    pass(5);
    cabin.door_open = BW_YES;
    pass(10);
    aboard(4);
    cabin.door_open = BW_NO;
    pass(1800);
    cabin.ignition_on = BW_YES;
    drive(60);
    cr_expect_eq(so_far().boarded, 0);
}

Test(trip, without_an_ignition_signal_driving_begins_it_and_a_stand_of_ten_minutes_ends_it)
{
    cabin.ignition_on = BW_UNKNOWN;
    mps = 4;
    pass(9);
    mps = 0;
    pass(2);
    cr_expect(is_none(), "nine seconds are none");
    drive(60);
    pass(599);
    cr_expect_eq(n_news, 0);
    pass(2);
    cr_expect_geq(ended().distance_m, 500U);
}

Test(trip, a_start_in_the_midst_is_said)
{
    cabin.ignition_on = BW_YES;
    drive(60);
    cr_expect(so_far().began_late);
    cr_expect(so_far().cut_short, "while it goes on");
}

Test(trip, an_engine_that_runs_without_going_anywhere_is_none)
{
    pass(2);
    cabin.ignition_on = BW_YES;
    pass(600);
    cabin.ignition_on = BW_NO;
    pass(61);
    cr_expect_eq(news[n_news - 1], TRIP_ENDED);
    cr_expect(is_none());
}

Test(trip, somebody_aboard_makes_it_one_wherever_it_went)
{
    pass(2);
    cabin.ignition_on = BW_YES;
    aboard(1);
    pass(10);
    cr_expect_eq(so_far().peak, 1);
}

Test(trip, without_a_time_it_cannot_be_told)
{
    has_time = false;
    cabin.ignition_on = BW_YES;
    drive(60);
    cr_expect(is_none());
    has_time = true;
    pass(1);
    const struct bw_trip result = so_far();
    cr_expect_eq(result.begun_utc_ms, UTC_OFFSET_MS + 1001000, "the time is known backwards as well");
}

/* --- stops --- */

Test(trip, the_counters_know_of_those_who_change_places)
{
    cabin.ignition_on = BW_YES;
    cabin.passes_known = true;
    cabin.passed_in = 100;
    cabin.passed_out = 90;
    aboard(5);
    pass(5);
    cabin.door_open = BW_YES;
    pass(5);
    cabin.passed_in += 3;
    cabin.passed_out += 3;
    pass(5);
    cabin.door_open = BW_NO;
    pass(12);
    const struct bw_trip result = so_far();
    cr_assert_eq(result.n_stops, 1);
    cr_expect(result.stops[0].boarded == 3 && result.stops[0].alighted == 3);
    cr_expect_eq(result.stops[0].quality, BW_QUALITY_GOOD);
}

Test(trip, counters_that_were_silent_at_one_end_of_a_stop_tell_nothing_of_it)
{
    for (int end = 0; end < 2; end++) {
        set_up();
        cabin.ignition_on = BW_YES;
        cabin.passes_known = end == 0;
        aboard(5);
        pass(5);
        cabin.door_open = BW_YES;
        pass(5);
        cabin.passed_in = 200;
        cabin.passes_known = end == 1;
        aboard(7);
        cabin.door_open = BW_NO;
        pass(12);
        cr_expect_eq(so_far().stops[0].boarded, 2, "end %d", end);
    }
}

Test(trip, a_number_that_is_not_known_before_or_after_is_none)
{
    for (int end = 0; end < 2; end++) {
        set_up();
        cabin.ignition_on = BW_YES;
        cabin.occupancy.quality = end == 0 ? BW_QUALITY_UNKNOWN : BW_QUALITY_DEGRADED;
        drive(30);
        cabin.door_open = BW_YES;
        pass(5);
        aboard(7);
        cabin.occupancy.quality = end == 1 ? BW_QUALITY_UNKNOWN : BW_QUALITY_GOOD;
        cabin.door_open = BW_NO;
        pass(12);
        const struct bw_trip result = so_far();
        cr_assert_eq(result.n_stops, 1);
        cr_expect_eq(result.stops[0].quality, BW_QUALITY_UNKNOWN);
        cr_expect_eq(result.stops[0].boarded, 0);
    }
}

Test(trip, a_door_that_is_opened_for_air_is_no_stop_but_at_a_stop_it_is)
{
    cabin.ignition_on = BW_YES;
    aboard(3);
    pass(5);
    stop_with(3); /* at S1 */
    drive(50);
    stop_with(3);
    const struct bw_trip result = so_far();
    cr_assert_eq(result.n_stops, 1);
    cr_expect_str_eq(result.stops[0].stop_id, "S1");
}

Test(trip, a_door_that_is_opened_again_at_once_is_the_same_stop)
{
    cabin.ignition_on = BW_YES;
    pass(5);
    cabin.door_open = BW_YES;
    pass(10);
    aboard(2);
    cabin.door_open = BW_NO;
    pass(9);
    cabin.door_open = BW_YES;
    pass(10);
    aboard(3);
    cabin.door_open = BW_NO;
    pass(12);
    const struct bw_trip result = so_far();
    cr_assert_eq(result.n_stops, 1);
    cr_expect_eq(result.stops[0].boarded, 3);
}

Test(trip, a_stop_beyond_fifty_metres_of_every_approved_one_is_at_none)
{
    static const struct {
        double north_m;
        const char *stop_id;
    } rows[] = {{79, "S1"}, {82, ""}};
    for (size_t i = 0; i < 2; i++) {
        set_up();
        cabin.ignition_on = BW_YES;
        north_m = rows[i].north_m;
        pass(5);
        stop_with(3);
        cr_expect_str_eq(so_far().stops[0].stop_id, rows[i].stop_id, "row %zu", i);
    }
}

Test(trip, without_a_fix_or_a_licence_a_stop_is_nowhere)
{
    for (int row = 0; row < 2; row++) {
        set_up();
        view.licence = row == 0 ? NULL : &licence;
        has_fix = row == 0;
        cabin.ignition_on = BW_YES;
        pass(10);
        stop_with(3);
        cr_expect_str_eq(so_far().stops[0].stop_id, "");
        cr_expect_eq(so_far().stops[0].has_position, row == 0);
        cr_expect_eq(so_far().capacity, row == 0 ? 0 : 10);
    }
}

Test(trip, more_stops_than_a_trip_can_have_are_counted)
{
    cabin.ignition_on = BW_YES;
    pass(5);
    for (int i = 0; i < BW_TRIP_STOPS_MAX + 2; i++)
        stop_with(i % 2 == 0 ? 3 : 0);
    const struct bw_trip result = so_far();
    cr_expect_eq(result.n_stops, BW_TRIP_STOPS_MAX);
    cr_expect_eq(result.stops_left_out, 2);
    cr_expect_eq(result.boarded, 3U * (BW_TRIP_STOPS_MAX + 2) / 2);
}

/* --- what is measured --- */

Test(trip, time_over_the_approved_number_counts_with_closed_doors_and_for_certain)
{
    cabin.ignition_on = BW_YES;
    cabin.occupancy = (struct bw_occupancy){BW_QUALITY_DEGRADED, 10, 14, 15};
    pass(30);
    cr_expect_eq(so_far().over_s, 0);
    cr_expect_eq(so_far().peak, 14);
    aboard(11);
    cabin.door_open = BW_YES;
    pass(30);
    cr_expect_eq(so_far().over_s, 0);
    cabin.door_open = BW_NO;
    pass(30);
    cr_expect_leq(abs((int)so_far().over_s - 29), 1);
}

Test(trip, the_quality_is_that_of_nearly_all_the_driving)
{
    static const struct {
        int good, degraded, unknown;
        enum bw_quality quality;
    } rows[] = {{90, 10, 0, BW_QUALITY_GOOD},
                {85, 15, 0, BW_QUALITY_DEGRADED},
                {55, 0, 45, BW_QUALITY_DEGRADED},
                {45, 5, 55, BW_QUALITY_UNKNOWN}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        cabin.ignition_on = BW_YES;
        cabin.occupancy.quality = BW_QUALITY_GOOD;
        mps = 10;
        pass(rows[i].good);
        cabin.occupancy.quality = BW_QUALITY_DEGRADED;
        pass(rows[i].degraded);
        cabin.occupancy.quality = BW_QUALITY_UNKNOWN;
        pass(rows[i].unknown);
        mps = 0;
        cr_expect_eq(so_far().quality, rows[i].quality, "row %zu", i);
    }
}

Test(trip, the_route_is_the_one_it_was_on_longest_and_another_licence_begins_anew)
{
    static struct bw_licence other;
    other = licence;
    other.version = 6;
    cabin.ignition_on = BW_YES;
    view.route = 0;
    drive(60);
    view.route = 1;
    drive(40);
    cr_expect_str_eq(so_far().route_id, "R1");
    view.licence = &other;
    drive(40);
    cr_expect_str_eq(so_far().route_id, "R2");
    cr_expect_eq(so_far().licence_version, 6);
}

Test(trip, the_way_is_measured_by_the_wheels_or_by_positions_where_the_receiver_gives_no_speed)
{
    cabin.ignition_on = BW_YES;
    cabin.wheel_known = true;
    cabin.wheel_mps = 5;
    mps = 10;
    pass(100);
    cr_expect_leq(abs((int)so_far().distance_m - 500), 10, "%u m", so_far().distance_m);
    set_up();
    cabin.ignition_on = BW_YES;
    for (int i = 0; i < 100; i++) {
        mono_ms += 1000;
        north_m += 10;
        feed((struct bw_event){.type = BW_EVENT_FIX,
                               .u.fix = {.position = {LAT_DEG + north_m * DEG_PER_M, LON_DEG, NAN},
                                         .speed_mps = NAN,
                                         .course_deg = NAN}});
        feed((struct bw_event){.type = BW_EVENT_CABIN, .u.cabin = cabin});
    }
    cr_expect_leq(abs((int)so_far().distance_m - 1000), 30, "%u m", so_far().distance_m);
}

Test(trip, what_nobody_watched_is_not_counted)
{
    cabin.ignition_on = BW_YES;
    aboard(12);
    drive(60);
    mono_ms += 3600000; /* an hour without any event */
    drive(2);
    const struct bw_trip result = so_far();
    cr_expect_leq(result.distance_m, 700U);
    cr_expect_leq(result.over_s, 70U);
}
