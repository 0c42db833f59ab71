/* UNAPPROVED_STOP through the engine: drives with stops (docs/rules.md). */
#include "tests/unit/fixture_judge.h"

static struct bw_stop school[1];

/* The road of the fixture with one stop at its first kilometre; the bus comes there with ten aboard. */
static void on_the_road(void)
{
    set_up();
    const struct corridor_place start = corridor_place(29.1, 121.03);
    school[0] = (struct bw_stop){
        .stop_id = "school", .lat_deg = 29.10 + 1000 / start.lat_m, .lon_deg = 121.03, .radius_m = 30};
    licence.n_stops = 1;
    licence.stops = school;
    tear_down();
    bench = bench_of(&licence);
    cabin(10, 10, BW_NO);
}
TestSuite(unapproved_stop, .init = on_the_road, .fini = tear_down);

static void drive_to(double north_m)
{
    while (bench.north_m < north_m)
        drive(1);
}

/* The door opens, `after` are aboard, the door closes. */
static void exchange(unsigned before, unsigned after)
{
    stand(3);
    cabin(before, before, BW_YES);
    stand(5);
    cabin(after, after, BW_YES);
    stand(10);
    cabin(after, after, BW_NO);
    stand(3);
}

Test(unapproved_stop, boarding_and_alighting_at_the_stop_is_none)
{
    drive_to(1000);
    exchange(10, 14);
    drive_to(3000);
    cr_expect_eq(bench.n, 0U);
}

Test(unapproved_stop, alighting_on_the_way_is_raised_once_and_cleared)
{
    drive_to(3000);
    exchange(10, 7);
    drive(60);
    cr_assert_eq(bench.n, 2U);
    cr_expect_eq(bench.alerts[0].kind, BW_UNAPPROVED_STOP);
    cr_expect_eq(bench.alerts[0].phase, BW_RAISED);
    cr_expect_eq(last()->phase, BW_CLEARED);
    cr_expect_eq(last()->severity, BW_MINOR);
    cr_expect_str_eq(last()->evidence.unapproved_stop.stop_id, "school");
    cr_expect_float_eq(last()->evidence.unapproved_stop.distance_m, 2000, 10);
    cr_expect_eq(last()->evidence.unapproved_stop.alighted, 3);
    cr_expect_eq(last()->evidence.unapproved_stop.boarded, 0);
}

Test(unapproved_stop, boarding_on_the_way_is_raised_while_it_stands)
{
    drive_to(3000);
    exchange(10, 12);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->evidence.unapproved_stop.boarded, 2);
    drive(1);
    cr_expect_eq(last()->phase, BW_CLEARED);
}

Test(unapproved_stop, standing_in_traffic_with_a_door_open_is_none)
{
    drive_to(3000);
    exchange(10, 10);
    drive(60);
    cr_expect_eq(bench.n, 0U);
}

Test(unapproved_stop, pupils_who_walk_about_in_traffic_accuse_nobody)
{
    drive_to(3000);
    stand(3);
    cabin(7, 7, BW_NO);
    stand(5);
    cabin(7, 7, BW_YES);
    stand(20);
    cabin(5, 5, BW_YES);
    stand(20);
    cabin(8, 8, BW_NO);
    stand(4);
    cabin(10, 10, BW_NO);
    drive(60);
    cr_expect_eq(bench.n, 0U);
}

Test(unapproved_stop, nobody_counts_and_a_door_stands_open)
{
    bench.cabin.occupancy = (struct bw_occupancy){0};
    drive_to(3000);
    bench.cabin.door_open = BW_YES;
    stand(30);
    cr_expect_eq(count(BW_UNAPPROVED_STOP, BW_RAISED), 1U);
    cr_expect_eq(bench.alerts[0].severity, BW_NOTICE);
}

Test(unapproved_stop, goes_on_after_a_restart)
{
    drive_to(3000);
    exchange(10, 12);
    const struct bw_alert open = *last();
    tear_down();
    bench = bench_of(&licence);
    engine_resume(bench.engine, &open);
    bench.north_m = 3000;
    cabin(12, 12, BW_YES);
    stand(30);
    cr_expect_eq(bench.n, 0U, "not raised a second time");
    cabin(12, 12, BW_NO);
    drive(2);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->phase, BW_CLEARED);
    cr_expect_eq(last()->number, open.number);
    cr_expect_eq(last()->evidence.unapproved_stop.boarded, 2);
}
