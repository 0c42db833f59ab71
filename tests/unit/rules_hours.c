/* OUT_OF_HOURS and UNLICENSED through the engine: drives on days and at hours (docs/rules.md). */
#include "tests/unit/fixture_judge.h"

/* It is Tuesday 2026-09-15, day 20711, 06:40 local. */
TestSuite(out_of_hours, .init = set_up, .fini = tear_down);
TestSuite(unlicensed_day, .init = set_up, .fini = tear_down);

static struct bw_permit own;

static void permit_is(struct bw_permit is)
{
    own = is;
    licence.permits = &own;
    tear_down();
    bench = bench_of(&licence);
}

static void hours_are(uint16_t start_min, uint16_t end_min)
{
    struct bw_permit is = permit;
    is.window_start_min = start_min;
    is.window_end_min = end_min;
    permit_is(is);
}

Test(out_of_hours, a_drive_in_its_hours_is_none)
{
    hours_are(350, 405);
    cabin(10, 10, BW_NO);
    drive(900);
    cr_expect_eq(bench.n, 0U);
}

Test(out_of_hours, a_drive_that_outlasts_its_hours_is_raised_once_and_ends_with_the_pupils)
{
    hours_are(350, 405);
    cabin(10, 10, BW_NO);
    drive(15 * 60 + 59);
    cr_expect_eq(bench.n, 0U, "06:55 is within the grace");
    drive(31);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->kind, BW_OUT_OF_HOURS);
    cr_expect_eq(last()->severity, BW_NOTICE, "late in traffic");
    cr_expect_str_eq(last()->evidence.out_of_hours.permit_no, "p-1");
    cr_expect_eq(last()->evidence.out_of_hours.window_end_min, 405);
    cr_expect_eq(last()->evidence.out_of_hours.local_min, 416);
    drive(120);
    cr_expect_eq(bench.n, 1U);
    cabin(0, 0, BW_NO);
    cr_expect_eq(last()->phase, BW_CLEARED);
}

Test(out_of_hours, early_is_out_of_hours_until_the_window_opens)
{
    hours_are(420, 480);
    cabin(10, 10, BW_NO);
    drive(40);
    cr_expect_eq(count(BW_OUT_OF_HOURS, BW_RAISED), 1U);
    drive(9 * 60);
    cr_expect_eq(count(BW_OUT_OF_HOURS, BW_CLEARED), 0U);
    drive(30);
    cr_expect_eq(count(BW_OUT_OF_HOURS, BW_CLEARED), 1U, "at 06:50");
}

Test(out_of_hours, an_empty_bus_drives_when_it_likes)
{
    hours_are(600, 660);
    cabin(0, 0, BW_NO);
    drive(300);
    cr_expect_eq(bench.n, 0U);
}

Test(out_of_hours, goes_on_after_a_restart)
{
    hours_are(600, 660);
    cabin(10, 10, BW_NO);
    drive(40);
    const struct bw_alert open = *last();
    tear_down();
    bench = bench_of(&licence);
    engine_resume(bench.engine, &open);
    cabin(10, 10, BW_NO);
    drive(60);
    cr_expect_eq(bench.n, 0U, "not raised a second time");
    cabin(0, 0, BW_NO);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->phase, BW_CLEARED);
    cr_expect_eq(last()->number, open.number);
}

Test(unlicensed_day, a_permit_for_other_weekdays_is_none_today)
{
    struct bw_permit is = permit;
    is.weekdays = 0x7d;
    permit_is(is);
    cabin(10, 10, BW_NO);
    drive(60);
    cr_assert_eq(bench.n, 1U, "and no second alert of the hours");
    cr_expect_eq(last()->kind, BW_UNLICENSED);
    cr_expect_eq(last()->severity, BW_SERIOUS);
    cr_expect_eq(last()->evidence.unlicensed.reason, BW_WRONG_WEEKDAY);
}

Test(unlicensed_day, an_overdue_inspection_is_raised_and_an_empty_bus_may_go_to_it)
{
    licence.inspected_until_day = 20710;
    cabin(0, 0, BW_NO);
    drive(60);
    cr_expect_eq(bench.n, 0U);
    cabin(10, 10, BW_NO);
    drive(60);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->evidence.unlicensed.reason, BW_INSPECTION_EXPIRED);
    cr_expect_eq(last()->evidence.unlicensed.valid_until_day, 20710);
}
