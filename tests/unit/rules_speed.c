/* OVERSPEED through the engine: drives (docs/rules.md). */
#include <string.h>

#include "tests/unit/fixture_judge.h"

static struct bw_limit bend = {5000, 6000, 20, false};
static struct bw_route road;
static struct bw_order fog;
static struct bw_orders orders;

/* The road of the fixture with a sharp bend at its fifth kilometre, ten pupils aboard. */
static void on_the_road(void)
{
    set_up();
    road = route;
    road.n_limits = 1;
    road.limits = &bend;
    licence.routes = &road;
    tear_down();
    bench = bench_of(&licence);
    cabin(10, 10, BW_NO);
}
TestSuite(overspeed, .init = on_the_road, .fini = tear_down);

static void drive_at(double speed_kmh, int seconds)
{
    bench.speed_mps = speed_kmh / 3.6;
    drive(seconds);
}

Test(overspeed, at_the_limit_is_no_alert)
{
    drive_at(60, 250);
    cr_expect_eq(bench.n, 0U);
}

Test(overspeed, too_fast_is_raised_within_seconds_and_cleared)
{
    drive_at(60, 20);
    drive_at(70, 7);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->kind, BW_OVERSPEED);
    cr_expect_eq(last()->severity, BW_MINOR);
    cr_expect_eq(last()->evidence.overspeed.limit_kmh, 60);
    cr_expect_float_eq(last()->evidence.overspeed.peak_kmh, 70, 0.1);
    drive_at(55, 6);
    cr_assert_eq(bench.n, 2U);
    cr_expect_eq(last()->phase, BW_CLEARED);
}

Test(overspeed, a_bend_is_passed_slowly_or_it_is_raised_with_its_limit)
{
    bench.north_m = 4800;
    drive_at(50, 13);
    cr_expect_eq(bench.n, 0U, "not yet 34 m into it");
    drive_at(50, 20);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->severity, BW_SERIOUS);
    cr_expect_eq(last()->evidence.overspeed.limit_kmh, 20);
    cr_expect_eq(last()->evidence.overspeed.source, BW_LIMIT_STRETCH);
    drive_at(50, 60);
    cr_expect_eq(last()->phase, BW_CLEARED, "beyond it");
}

Test(overspeed, getting_worse_is_an_update)
{
    drive_at(70, 10);
    drive_at(90, 20);
    cr_expect_eq(count(BW_OVERSPEED, BW_RAISED), 1U);
    cr_expect_eq(last()->phase, BW_UPDATED);
    cr_expect_eq(last()->severity, BW_SERIOUS);
    cr_expect_float_eq(last()->evidence.overspeed.peak_kmh, 90, 0.1);
}

Test(overspeed, fog_is_ordered_and_there_is_time_to_slow_down)
{
    fog = (struct bw_order){.kind = BW_ORDER_WEATHER,
                            .order_id = "fog-1",
                            .from_utc_ms = START_UTC_MS + 60000,
                            .until_utc_ms = START_UTC_MS + 180000};
    orders = (struct bw_orders){.n_orders = 1, .orders = &fog};
    engine_set_orders(bench.engine, &orders);
    drive_at(50, 60);
    for (int kmh = 50; kmh > 20; kmh -= 3)
        drive_at(kmh, 1);
    drive_at(20, 30);
    cr_expect_eq(bench.n, 0U);
    drive_at(50, 8);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->evidence.overspeed.source, BW_LIMIT_WEATHER);
    cr_expect_str_eq(last()->evidence.overspeed.order_id, "fog-1");
    drive_at(50, 90);
    cr_expect_eq(last()->phase, BW_CLEARED, "the order is over");
}

/* As on a recorded drive in Munich: for one or two fixes position and speed are far off. */
Test(overspeed, jumps_of_380_kmh_raise_nothing)
{
    for (int i = 0; i < 40; i++) {
        drive_at(45, 10);
        const double north_m = bench.north_m;
        drive_at(380, 1 + i % 2);
        bench.north_m = north_m;
    }
    cr_expect_eq(count(BW_OVERSPEED, BW_RAISED), 0U);
}

/* A receiver without Doppler: only jumping positions show speed. */
Test(overspeed, jumping_positions_alone_raise_nothing)
{
    for (int i = 0; i < 200; i++) {
        bench.mono_ms += 1000;
        bench.speed_mps = NAN;
        bench.north_m += i % 2 == 0 ? 60 : -40;
        fix();
    }
    cr_expect_eq(count(BW_OVERSPEED, BW_RAISED), 0U);
}

Test(overspeed, an_empty_bus_is_not_judged)
{
    cabin(0, 0, BW_NO);
    drive_at(75, 100);
    cr_expect_eq(bench.n, 0U);
}

Test(overspeed, goes_on_after_a_restart)
{
    drive_at(70, 10);
    const struct bw_alert open = *last();
    tear_down();
    bench = bench_of(&licence);
    engine_resume(bench.engine, &open);
    cabin(10, 10, BW_NO);
    drive_at(70, 30);
    cr_expect_eq(bench.n, 0U, "not raised a second time");
    drive_at(50, 6);
    cr_expect_eq(last()->phase, BW_CLEARED);
    cr_expect_eq(last()->number, open.number);
}
