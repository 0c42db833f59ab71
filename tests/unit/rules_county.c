/* Ordinary county life through the engine: what must accuse nobody, and what must not be lost
 * (docs/rules.md).
 */
#include "tests/unit/fixture_judge.h"

TestSuite(county, .init = set_up, .fini = tear_down);

static struct bw_cabin with(unsigned aboard, enum bw_tri door, enum bw_tri ignition)
{
    const uint16_t n = (uint16_t)aboard;
    return (struct bw_cabin){
        .occupancy = {BW_QUALITY_GOOD, n, n, n}, .door_open = door, .ignition_on = ignition};
}

static size_t accusations(enum bw_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < bench.n; i++)
        n += bench.alerts[i].kind == kind && bench.alerts[i].severity > BW_NOTICE;
    return n;
}

Test(county, a_bus_that_went_home_empty_is_not_accused_when_the_attendant_boards_in_the_morning)
{
    bench.cabin = with(10, BW_NO, BW_YES);
    drive(120);
    bench.cabin = with(0, BW_NO, BW_YES);
    bench.course_deg = 90;
    drive(300);
    cr_expect_eq(count(BW_OFF_ROUTE, BW_RAISED), 1U);
    bench.cabin = with(0, BW_NO, BW_NO);
    stand(3600);
    bench.cabin = with(0, BW_NO, BW_YES);
    stand(60);
    bench.cabin = with(1, BW_NO, BW_YES);
    stand(60);
    bench.course_deg = 270;
    drive(300);
    bench.course_deg = 0;
    drive(60);
    cr_expect_eq(accusations(BW_OFF_ROUTE), 0U);
    cr_expect_eq(count(BW_OFF_ROUTE, BW_CLEARED), 1U);
    bench.course_deg = 90;
    drive(60);
    cr_expect_eq(count(BW_OFF_ROUTE, BW_RAISED), 2U, "and a real departure is still found");
    cr_expect_gt(accusations(BW_OFF_ROUTE), 0U);
}

Test(county, pupils_who_board_on_the_route_do_not_make_a_turn_that_was_driven_empty_an_accusation)
{
    bench.cabin = with(0, BW_NO, BW_YES);
    drive(120);
    bench.course_deg = 90;
    drive(11);
    bench.course_deg = 270;
    drive(11);
    cr_expect_eq(count(BW_OFF_ROUTE, BW_RAISED), 1U);
    cr_expect_eq(count(BW_OFF_ROUTE, BW_CLEARED), 0U);
    bench.cabin = with(3, BW_YES, BW_YES);
    stand(60);
    cr_expect_eq(count(BW_OFF_ROUTE, BW_CLEARED), 1U);
    cr_expect_eq(accusations(BW_OFF_ROUTE), 0U);
}

Test(county, a_depot_whose_road_leads_away_at_first_is_a_notice_with_the_attendant_alone_aboard)
{
    bench.east_m = 1500;
    bench.cabin = with(1, BW_NO, BW_YES);
    bench.course_deg = 90;
    drive(90);
    cr_expect_eq(count(BW_OFF_ROUTE, BW_RAISED), 1U);
    bench.course_deg = 270;
    drive(240);
    bench.course_deg = 0;
    drive(60);
    cr_expect_eq(count(BW_OFF_ROUTE, BW_CLEARED), 1U);
    cr_expect_eq(accusations(BW_OFF_ROUTE), 0U);
}

Test(county, a_pupil_beside_the_attendant_makes_driving_elsewhere_an_accusation)
{
    bench.east_m = 1500;
    bench.cabin = with(1, BW_NO, BW_YES);
    bench.course_deg = 90;
    drive(90);
    cr_expect_eq(accusations(BW_OFF_ROUTE), 0U);
    bench.cabin.occupancy.quality = BW_QUALITY_DEGRADED;
    bench.cabin.occupancy.high = 2;
    drive(30);
    cr_expect_eq(accusations(BW_OFF_ROUTE), 0U, "not known");
    bench.cabin = with(2, BW_NO, BW_YES);
    drive(1);
    cr_expect_eq(accusations(BW_OFF_ROUTE), 1U);
}

Test(county, pupils_who_get_off_at_school_after_the_engine_was_stopped_are_not_left_behind)
{
    bench.cabin = with(40, BW_NO, BW_YES);
    licence.approved_capacity = 45;
    drive(60);
    bench.cabin = with(40, BW_NO, BW_NO);
    stand(8);
    for (unsigned n = 40; n > 0; n--) {
        bench.cabin = with(n, BW_YES, BW_NO);
        stand(3);
    }
    bench.cabin = with(0, BW_NO, BW_NO);
    stand(30);
    cr_expect_eq(accusations(BW_CHILD_LEFT_BEHIND), 0U);
    cr_expect_eq(count(BW_CHILD_LEFT_BEHIND, BW_CLEARED), 1U);
}

Test(county, an_alarm_says_how_many_children_even_when_their_seats_are_in_doubt)
{
    bench.cabin = with(2, BW_NO, BW_NO);
    stand(30);
    bench.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_DEGRADED, 0, 1, 2};
    stand(60);
    cr_expect_eq(last()->kind, BW_CHILD_LEFT_BEHIND);
    cr_expect_eq(last()->phase, BW_UPDATED);
    cr_expect_eq(last()->evidence.left_behind.aboard, 2);
}

static struct bw_permit own;

static void hours_are(uint16_t start_min, uint16_t end_min)
{
    own = permit;
    own.window_start_min = start_min;
    own.window_end_min = end_min;
    licence.permits = &own;
    tear_down();
    bench = bench_of(&licence);
}

Test(county, pupils_who_are_late_in_traffic_accuse_nobody)
{
    hours_are(350, 405); /* it is 06:40 */
    bench.cabin = with(10, BW_NO, BW_YES);
    drive(16 * 60 + 20 * 60);
    cr_expect_eq(count(BW_OUT_OF_HOURS, BW_RAISED), 1U);
    cr_expect_eq(accusations(BW_OUT_OF_HOURS), 0U);
}

Test(county, an_attendant_who_rides_from_the_depot_before_the_hours_accuses_nobody)
{
    hours_are(460, 520);
    bench.cabin = with(1, BW_NO, BW_YES);
    drive(5 * 60);
    cr_expect_eq(count(BW_OUT_OF_HOURS, BW_RAISED), 1U);
    cr_expect_eq(accusations(BW_OUT_OF_HOURS), 0U);
    bench.cabin = with(2, BW_NO, BW_YES);
    drive(1);
    cr_expect_eq(accusations(BW_OUT_OF_HOURS), 1U, "with a pupil");
}

Test(county, a_bus_that_is_towed_with_its_battery_off_tampers_with_nothing)
{
    bench.cabin = with(0, BW_NO, BW_NO);
    bench.cabin.main_power = BW_NO;
    stand(60);
    drive(600);
    cr_expect_eq(accusations(BW_TAMPER), 0U);
}

Test(county, a_battery_change_under_reflections_is_no_driving)
{
    bench.cabin = with(0, BW_NO, BW_UNKNOWN);
    bench.cabin.main_power = BW_NO;
    stand(60);
    bench.speed_mps = 4;
    drive(2);
    stand(60);
    cr_expect_eq(accusations(BW_TAMPER), 0U);
}

Test(county, a_door_whose_sensor_says_open_all_day_is_one_alert)
{
    bench.cabin = with(10, BW_YES, BW_YES);
    for (int i = 0; i < 10; i++) {
        drive(60);
        stand(60);
    }
    cr_expect_eq(count(BW_DOOR_OPEN_MOVING, BW_RAISED), 1U);
    bench.cabin.door_open = BW_NO;
    stand(4);
    cr_expect_eq(count(BW_DOOR_OPEN_MOVING, BW_CLEARED), 1U);
}

Test(county, a_restart_while_an_alert_is_open_is_no_second_alert_within_the_hold_off)
{
    cabin(19, 19, BW_NO);
    drive(5);
    const struct bw_alert open = *last();
    cr_assert_eq(open.kind, BW_OVERLOAD);
    const struct bench before = bench;
    tear_down();
    bench = bench_of(&licence);
    bench.mono_ms = before.mono_ms;
    bench.north_m = before.north_m;
    engine_resume(bench.engine, &open);
    cabin(18, 18, BW_NO);
    drive(6);
    cr_expect_eq(count(BW_OVERLOAD, BW_CLEARED), 1U);
    cabin(19, 19, BW_NO);
    drive(15);
    cr_expect_eq(count(BW_OVERLOAD, BW_RAISED), 0U);
    drive(15);
    cr_expect_eq(count(BW_OVERLOAD, BW_RAISED), 1U);
}

Test(county, a_make_up_school_day_on_a_saturday_is_a_permit_of_that_one_day)
{
    struct bw_permit two[] = {permit, permit};
    two[0].weekdays = 0x7d; /* not on Tuesdays; it is Tuesday */
    two[1].weekdays = 0;
    two[1].valid_from_day = two[1].valid_until_day = 20711;
    licence.permits = two;
    licence.n_permits = 2;
    tear_down();
    bench = bench_of(&licence);
    cabin(10, 10, BW_NO);
    drive(120);
    cr_expect_eq(bench.n, 0U);
}

Test(county, the_last_evening_of_a_permit_ends_after_midnight)
{
    own = permit; /* 22:00 to 00:40, and its last day was yesterday */
    own.window_start_min = 1320;
    own.window_end_min = 40;
    own.valid_until_day = 20711;
    licence.permits = &own;
    licence.utc_offset_min = 480 + 17 * 60 + 40; /* it is 00:20 on day 20712 */
    tear_down();
    bench = bench_of(&licence);
    cabin(10, 10, BW_NO);
    drive(15 * 60);
    cr_expect_eq(bench.n, 0U);
    drive(20 * 60);
    cr_expect_eq(count(BW_UNLICENSED, BW_RAISED), 1U, "after 00:50");
}

Test(county, a_helper_who_lifts_a_pupil_into_a_bus_without_a_door_sensor_is_no_overload)
{
    bench.cabin = with(18, BW_UNKNOWN, BW_YES);
    drive(20);
    bench.cabin = with(19, BW_UNKNOWN, BW_YES);
    stand(20);
    bench.cabin = with(18, BW_UNKNOWN, BW_YES);
    drive(20);
    cr_expect_eq(accusations(BW_OVERLOAD), 0U);
    bench.cabin = with(19, BW_UNKNOWN, BW_YES);
    drive(5);
    cr_expect_eq(accusations(BW_OVERLOAD), 1U);
}

static struct bw_stop stop = {.stop_id = "s-1", .lat_deg = 29.11, .lon_deg = 121.03, .radius_m = 30};

static void one_stop(void)
{
    licence.n_stops = 1;
    licence.stops = &stop;
    tear_down();
    bench = bench_of(&licence);
}

Test(county, an_attendant_who_sits_down_in_a_jam_with_the_door_open_has_not_boarded)
{
    one_stop();
    bench.cabin = with(11, BW_NO, BW_YES);
    drive(30);
    bench.cabin = with(10, BW_NO, BW_YES); /* stands up to see to the pupils */
    drive(120);
    bench.cabin = with(10, BW_YES, BW_YES);
    stand(5);
    bench.cabin = with(11, BW_YES, BW_YES);
    stand(30);
    bench.cabin = with(11, BW_NO, BW_YES);
    drive(60);
    cr_expect_eq(accusations(BW_UNAPPROVED_STOP), 0U);
}

Test(county, wheels_that_are_stuck_at_0_carry_no_jam_to_the_next_stop)
{
    one_stop();
    bench.cabin = with(10, BW_NO, BW_YES);
    bench.cabin.wheel_known = true;
    drive(90);
    bench.cabin.door_open = BW_YES; /* for air, and it stays so */
    stand(20);
    drive(21);
    bench.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_GOOD, 14, 14, 14};
    stand(30);
    bench.cabin.door_open = BW_NO;
    drive(60);
    cr_expect_eq(accusations(BW_UNAPPROVED_STOP), 0U);
}
