/* The rules of the cabin and of the device, driven through the engine, one behaviour a test
 * (gateway/compliance/engine.h, docs/rules.md). */
#include "tests/unit/fixture_judge.h"

TestSuite(unbelted, .init = set_up, .fini = tear_down);
TestSuite(overload_warning, .init = set_up, .fini = tear_down);
TestSuite(door_open, .init = set_up, .fini = tear_down);
TestSuite(left_behind, .init = set_up, .fini = tear_down);
TestSuite(sensor_fault, .init = set_up, .fini = tear_down);
TestSuite(tamper, .init = set_up, .fini = tear_down);

/* The cabin says what bench.cabin holds, and time goes on by a second. */
static void tick(int seconds)
{
    for (int i = 0; i < seconds; i++) {
        bench.mono_ms += 1000;
        feed((struct bw_event){.type = BW_EVENT_CABIN, .u.cabin = bench.cabin});
    }
}

/* Nothing is heard any more but the passing of time. */
static void silence(int seconds)
{
    for (int i = 0; i < seconds; i++) {
        bench.mono_ms += 1000;
        feed((struct bw_event){.type = BW_EVENT_TICK});
    }
}

static const struct bw_alert *last_of(enum bw_kind kind)
{
    for (size_t i = bench.n; i-- > 0;)
        if (bench.alerts[i].kind == kind)
            return &bench.alerts[i];
    cr_assert_fail("no such alert");
    return NULL;
}

/* Ends the process with its alerts open, and begins another that takes them up. */
static void restart(void)
{
    struct bw_alert open[ENGINE_ALERTS_MAX];
    const size_t n = engine_open(bench.engine, open);
    struct bench next = bench_of(&licence);
    next.north_m = bench.north_m;
    next.cabin = bench.cabin;
    next.mono_ms = 500000; /* of another boot */
    for (size_t i = 0; i < n; i++)
        engine_resume(next.engine, &open[i]);
    free(bench.engine);
    bench = next;
}

static void full_bus(void)
{
    cabin(10, 10, BW_NO);
    bench.cabin.ignition_on = BW_YES;
    bench.cabin.belts = (struct bw_belts){.quality = BW_QUALITY_GOOD};
}

static void open_belts(uint16_t n)
{
    bench.cabin.belts = (struct bw_belts){BW_QUALITY_GOOD, n, n};
}

/* --- the warning before departure --- */

Test(overload_warning, sounds_when_the_doors_close_and_before_the_wheels_turn)
{
    full_bus();
    bench.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_DEGRADED, 0, UINT16_MAX, UINT16_MAX};
    bench.cabin.door_open = BW_YES;
    stand(1);
    cr_expect_not(engine_warns(bench.engine));
    bench.cabin.door_open = BW_NO;
    stand(1);
    cr_expect(engine_warns(bench.engine));
    cr_expect_eq(bench.n, 0U, "it accuses nobody");
}

/* --- UNBELTED --- */

Test(unbelted, all_belts_fastened_is_silent)
{
    full_bus();
    drive(120);
    cr_expect_eq(bench.n, 0U);
}

Test(unbelted, driving_with_an_open_belt_is_one_alert_through_the_stops_of_a_trip)
{
    full_bus();
    open_belts(2);
    drive(15);
    cr_expect_eq(bench.n, 0U);
    drive(1);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->kind, BW_UNBELTED);
    cr_expect_eq(last()->severity, BW_MINOR);
    cr_expect_eq(last()->evidence.unbelted.unbelted, 2);
    cr_expect_float_eq(last()->evidence.unbelted.speed_kmh, 36, 0.1);
    for (int i = 0; i < 5; i++) {
        stand(2);
        open_belts(10);
        stand(40); /* pupils get up */
        open_belts(2);
        drive(40);
    }
    cr_expect_eq(bench.n, 1U);
    open_belts(0);
    drive(6);
    cr_expect_eq(last()->phase, BW_CLEARED);
    cr_expect_eq(last()->evidence.unbelted.peak, 2);
}

Test(unbelted, getting_up_at_stops_and_sitting_down_as_the_bus_departs_is_none)
{
    full_bus();
    for (int i = 0; i < 10; i++) {
        open_belts(10);
        stand(40);
        drive(14);
        open_belts(0);
        drive(60);
    }
    cr_expect_eq(bench.n, 0U);
}

Test(unbelted, goes_on_after_a_restart)
{
    full_bus();
    open_belts(3);
    drive(20);
    restart();
    drive(40);
    cr_expect_eq(bench.n, 0U, "not raised a second time");
    open_belts(4);
    drive(1);
    cr_expect_eq(last()->phase, BW_UPDATED);
    cr_expect_eq(last()->evidence.unbelted.peak, 4);
    open_belts(0);
    drive(6);
    cr_expect_eq(last()->phase, BW_CLEARED);
    cr_expect_eq(last()->number, 1U);
}

/* --- DOOR_OPEN_MOVING --- */

Test(door_open, creeping_up_to_a_stop_and_boarding_there_is_none)
{
    full_bus();
    for (int i = 0; i < 10; i++) {
        bench.cabin.door_open = BW_NO;
        bench.speed_mps = 10;
        drive(60);
        bench.cabin.door_open = BW_YES;
        bench.speed_mps = 2.5; /* 9 km/h */
        drive(10);
        stand(60);
        bench.speed_mps = 2.5;
        drive(5);
    }
    cr_expect_eq(bench.n, 0U);
}

Test(door_open, driving_off_with_an_open_door_is_grave_at_20_km_h)
{
    full_bus();
    bench.cabin.door_open = BW_YES;
    stand(30);
    bench.speed_mps = 4; /* 14.4 km/h */
    drive(3);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->kind, BW_DOOR_OPEN_MOVING);
    cr_expect_eq(last()->severity, BW_MINOR);
    bench.speed_mps = 10;
    drive(1);
    cr_assert_eq(bench.n, 2U, "at once");
    cr_expect_eq(last()->phase, BW_UPDATED);
    cr_expect_eq(last()->severity, BW_SERIOUS);
    drive(26);
    bench.cabin.door_open = BW_NO;
    drive(4);
    cr_expect_eq(bench.n, 3U);
    cr_expect_eq(last()->phase, BW_CLEARED);
    cr_expect_float_eq(last()->evidence.door_open.peak_kmh, 36, 0.1);
    cr_expect_float_eq(last()->evidence.door_open.open_ms, 29000, 1001);
}

Test(door_open, a_closed_door_ends_it_at_a_stand_too_and_not_twice_in_the_hold_off)
{
    full_bus();
    bench.cabin.door_open = BW_YES;
    drive(5);
    stand(2);
    cr_expect_eq(count(BW_DOOR_OPEN_MOVING, BW_CLEARED), 0U);
    bench.cabin.door_open = BW_NO;
    stand(4);
    cr_expect_eq(count(BW_DOOR_OPEN_MOVING, BW_CLEARED), 1U);
    bench.cabin.door_open = BW_YES;
    drive(18);
    cr_expect_eq(count(BW_DOOR_OPEN_MOVING, BW_RAISED), 1U, "not twice in the hold-off");
    drive(10);
    cr_expect_eq(count(BW_DOOR_OPEN_MOVING, BW_RAISED), 2U);
}

Test(door_open, an_empty_bus_is_a_notice)
{
    cabin(0, 0, BW_YES);
    drive(60);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->severity, BW_NOTICE);
}

/* Speed from positions alone: the position of a standing bus wanders. */
Test(door_open, drift_at_a_stop_opens_no_door_on_the_move)
{
    full_bus();
    bench.cabin.door_open = BW_YES;
    for (int i = 0; i < 300; i++) {
        bench.mono_ms += 1000;
        bench.east_m = 15 * sin(i / 2.0);
        feed((struct bw_event){.type = BW_EVENT_CABIN, .u.cabin = bench.cabin});
        bench.speed_mps = bench.course_deg = NAN;
        fix();
    }
    cr_expect_eq(bench.n, 0U);
}

Test(door_open, goes_on_after_a_restart)
{
    full_bus();
    bench.cabin.door_open = BW_YES;
    drive(20);
    cr_assert_eq(bench.n, 1U);
    restart();
    drive(60);
    cr_expect_eq(bench.n, 0U);
    bench.cabin.door_open = BW_NO;
    drive(5);
    cr_expect_eq(last()->phase, BW_CLEARED);
    cr_expect_eq(last()->severity, BW_SERIOUS);
    cr_expect_float_eq(last()->evidence.door_open.open_ms, 61000, 1001, "as reported, and since");
}

/* --- CHILD_LEFT_BEHIND --- */

/* The trip is over: the driver switches off and shuts the bus. No receiver, no licence, no date. */
static void park(unsigned aboard)
{
    free(bench.engine);
    bench = bench_of(NULL);
    cabin(aboard, aboard, BW_NO);
    bench.cabin.ignition_on = BW_NO;
}

Test(left_behind, an_empty_parked_bus_is_silent)
{
    park(0);
    tick(3600);
    cr_expect_eq(bench.n, 0U);
}

Test(left_behind, the_alarm_sounds_within_seconds_and_escalates_on_time)
{
    static const struct {
        int64_t after_ms;
        enum bw_phase phase;
        uint8_t level;
        enum bw_severity severity;
    } rows[] = {{5000, BW_RAISED, 1, BW_NOTICE},
                {65000, BW_UPDATED, 2, BW_MINOR},
                {125000, BW_UPDATED, 3, BW_SERIOUS}};
    park(1);
    tick(1);
    const int64_t parked_mono_ms = bench.mono_ms;
    tick(600);
    cr_assert_eq(bench.n, 3U);
    for (size_t i = 0; i < 3; i++) {
        const struct bw_alert *alert = &bench.alerts[i];
        cr_expect_eq(alert->kind, BW_CHILD_LEFT_BEHIND);
        cr_expect_eq(alert->phase, rows[i].phase, "row %zu", i);
        cr_expect_eq(alert->severity, rows[i].severity, "row %zu", i);
        cr_expect_eq(alert->evidence.left_behind.level, rows[i].level, "row %zu", i);
        cr_expect_eq(alert->evidence.left_behind.waiting_ms, rows[i].after_ms, "row %zu", i);
        cr_expect_eq(alert->time_utc_ms - START_UTC_MS - parked_mono_ms, rows[i].after_ms, "row %zu", i);
        cr_expect_eq(alert->evidence.left_behind.aboard, 1);
    }
}

Test(left_behind, the_alarm_outlives_a_cabin_bus_that_falls_asleep)
{
    park(2);
    tick(7);
    cr_assert_eq(bench.n, 1U);
    silence(3600);
    cr_expect_eq(bench.n, 3U, "and escalates");
    cr_expect_eq(last()->evidence.left_behind.level, 3);
    cr_expect_eq(last()->evidence.left_behind.aboard, 2);
}

Test(left_behind, only_an_empty_bus_or_the_ignition_ends_the_alarm)
{
    park(1);
    tick(10);
    bench.cabin.door_open = BW_YES;
    tick(60);
    cr_expect_eq(count(BW_CHILD_LEFT_BEHIND, BW_CLEARED), 0U, "somebody looks in");
    bench.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_GOOD, 0, 0, 0};
    tick(1);
    cr_expect_eq(last()->phase, BW_CLEARED);
    cr_expect_eq(last()->evidence.left_behind.aboard, 0);

    park(1);
    tick(10);
    bench.cabin.ignition_on = BW_YES;
    tick(1);
    cr_expect_eq(last()->phase, BW_CLEARED);
}

Test(left_behind, getting_off_through_an_open_door_is_none)
{
    park(10);
    for (unsigned aboard = 10; aboard > 0; aboard--) {
        cabin(aboard, aboard, BW_YES);
        bench.cabin.ignition_on = BW_NO;
        tick(20);
    }
    cr_expect_eq(bench.n, 0U);
}

Test(left_behind, seats_in_doubt_are_no_child)
{
    park(0);
    cabin(0, 3, BW_NO);
    bench.cabin.ignition_on = BW_NO;
    tick(600);
    cr_expect_eq(count(BW_CHILD_LEFT_BEHIND, BW_RAISED), 0U);
}

Test(left_behind, goes_on_after_a_restart_and_escalates_from_where_it_was)
{
    full_bus();
    bench.cabin.ignition_on = BW_NO;
    tick(50);
    cr_assert_eq(count(BW_CHILD_LEFT_BEHIND, BW_RAISED), 1U);
    restart();
    silence(55);
    cr_expect_eq(bench.n, 0U, "as reported: it waited for 5 s");
    silence(10);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->phase, BW_UPDATED);
    cr_expect_eq(last()->evidence.left_behind.level, 2);
    cr_expect_eq(last()->number, 1U);
}

/* --- SENSOR_FAULT --- */

Test(sensor_fault, a_start_with_sensors_that_wake_up_slowly_is_none)
{
    bench.cabin = (struct bw_cabin){.ignition_on = BW_YES};
    tick(25);
    full_bus();
    tick(60); /* no position yet */
    drive(600);
    cr_expect_eq(bench.n, 0U);
}

Test(sensor_fault, a_cabin_that_falls_silent_on_the_drive_is_a_notice)
{
    full_bus();
    drive(60);
    bench.cabin = (struct bw_cabin){0};
    drive(31);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->kind, BW_SENSOR_FAULT);
    cr_expect_eq(last()->severity, BW_NOTICE);
    cr_expect_eq(last()->evidence.sensor_fault.fault, BW_FAULT_CABIN_SILENT);
    cr_expect_eq(last()->evidence.sensor_fault.for_ms, 30000U);
    full_bus();
    drive(12);
    cr_expect_eq(last()->phase, BW_CLEARED);
}

Test(sensor_fault, a_cabin_source_that_ends_is_silent_too)
{
    full_bus();
    drive(60);
    for (int i = 0; i < 45; i++) {
        bench.mono_ms += 1000;
        fix();
    }
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->evidence.sensor_fault.fault, BW_FAULT_CABIN_SILENT);
}

Test(sensor_fault, a_vehicle_without_cabin_sensors_has_none_that_fail)
{
    for (int i = 0; i < 600; i++) {
        bench.mono_ms += 1000;
        bench.north_m += 10;
        fix();
    }
    cr_expect_eq(bench.n, 0U);
}

Test(sensor_fault, seats_in_doubt_are_named_with_what_they_could_hold)
{
    cabin(8, 12, BW_NO);
    drive(61);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->evidence.sensor_fault.fault, BW_FAULT_SEATS_UNKNOWN);
    cr_expect_eq(last()->evidence.sensor_fault.seats_unknown, 4);
}

Test(sensor_fault, a_receiver_that_finds_no_position_is_a_notice_after_five_minutes)
{
    full_bus();
    tick(300);
    cr_expect_eq(bench.n, 0U);
    tick(1);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->evidence.sensor_fault.fault, BW_FAULT_NO_FIX);
    cr_expect_not(last()->has_position);
}

Test(sensor_fault, a_fault_that_grows_worse_is_the_same_alert)
{
    cabin(8, 12, BW_NO);
    bench.cabin.ignition_on = BW_YES;
    drive(70);
    bench.cabin.occupancy = (struct bw_occupancy){0};
    drive(40);
    cr_expect_eq(bench.n, 2U);
    cr_expect_eq(last()->phase, BW_UPDATED);
    cr_expect_eq(last()->number, 1U);
    cr_expect_eq(last()->evidence.sensor_fault.fault, BW_FAULT_CABIN_SILENT);
}

Test(sensor_fault, a_parked_bus_with_silent_sensors_is_none)
{
    cabin(0, 0, BW_NO);
    bench.cabin.ignition_on = BW_NO;
    tick(60);
    bench.cabin = (struct bw_cabin){0};
    tick(3600);
    silence(3600);
    cr_expect_eq(bench.n, 0U);
}

Test(sensor_fault, goes_on_after_a_restart)
{
    full_bus();
    bench.cabin.occupancy = (struct bw_occupancy){0};
    drive(40);
    cr_assert_eq(bench.n, 1U);
    restart();
    drive(100);
    cr_expect_eq(bench.n, 0U);
    full_bus();
    drive(12);
    cr_expect_eq(last()->phase, BW_CLEARED);
    cr_expect_eq(last()->number, 1U);
    cr_expect_eq(last()->evidence.sensor_fault.fault, BW_FAULT_CABIN_SILENT);
}

/* --- TAMPER --- */

static void healthy_bus(void)
{
    full_bus();
    bench.cabin.main_power = bench.cabin.antenna_ok = BW_YES;
}

Test(tamper, a_healthy_morning_shows_no_sign)
{
    healthy_bus();
    for (int i = 0; i < 10; i++) {
        bench.cabin.wheel_known = true;
        bench.cabin.wheel_mps = 10;
        drive(100);
        bench.cabin.wheel_mps = 0;
        stand(100);
    }
    cr_expect_eq(bench.n, 0U);
}

Test(tamper, a_supply_that_is_cut_at_a_stand_is_a_notice_and_driving_on_a_violation)
{
    healthy_bus();
    bench.cabin.main_power = BW_NO;
    stand(7);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->kind, BW_TAMPER);
    cr_expect_eq(last()->severity, BW_NOTICE);
    cr_expect_eq(last()->evidence.tamper.tamper, BW_TAMPER_POWER_CUT);
    drive(10);
    cr_assert_eq(bench.n, 1U);
    drive(1);
    cr_assert_eq(bench.n, 2U);
    cr_expect_eq(last()->phase, BW_UPDATED);
    cr_expect_eq(last()->severity, BW_MINOR);
}

Test(tamper, a_tunnel_is_no_jamming_and_a_way_longer_than_any_is)
{
    healthy_bus();
    drive(60);
    bench.cabin.wheel_known = true;
    bench.cabin.wheel_mps = 20;
    tick(1150); /* 23 km */
    cr_expect_eq(count(BW_TAMPER, BW_RAISED), 0U);
    drive(5);
    tick(1260);
    cr_expect_eq(count(BW_TAMPER, BW_RAISED), 1U);
    cr_expect_eq(last()->evidence.tamper.tamper, BW_TAMPER_JAMMED);
    cr_expect_gt(last()->evidence.tamper.moved_m, 25000);
}

/* What a receiver in Munich recorded: steps of 380 km/h by some hundred metres. */
Test(tamper, reflections_are_no_jumps)
{
    healthy_bus();
    for (int i = 0; i < 60; i++) {
        bench.east_m = i % 2 == 0 ? 105 * (1 + i % 4) : 0;
        drive(10);
    }
    cr_expect_eq(count(BW_TAMPER, BW_RAISED), 0U);
}

Test(tamper, positions_that_jump_by_kilometres_are_named)
{
    healthy_bus();
    for (int i = 0; i < 3; i++) {
        drive(20);
        bench.east_m = i % 2 == 0 ? 3000 : 0;
    }
    drive(1);
    cr_assert_eq(count(BW_TAMPER, BW_RAISED), 1U);
    cr_expect_eq(last_of(BW_TAMPER)->evidence.tamper.tamper, BW_TAMPER_POSITION);
    cr_expect_float_eq(last_of(BW_TAMPER)->evidence.tamper.moved_m, 3000, 30);
}

/* 53,000 s without a position, and then 40 km away. */
Test(tamper, a_long_move_in_a_night_is_no_jump)
{
    healthy_bus();
    for (int i = 0; i < 3; i++) {
        drive(5);
        bench.mono_ms += 53000000;
        bench.north_m += i % 2 == 0 ? 40000 : -40000;
    }
    drive(5);
    cr_expect_eq(count(BW_TAMPER, BW_RAISED), 0U);
}

Test(tamper, a_position_that_drives_while_the_wheels_stand_is_named)
{
    healthy_bus();
    bench.cabin.wheel_known = true;
    drive(200);
    cr_expect_eq(count(BW_TAMPER, BW_RAISED), 1U);
    cr_expect_eq(last_of(BW_TAMPER)->evidence.tamper.tamper, BW_TAMPER_POSITION);
}

static void event_with_clock(enum bw_clock clock, int64_t ahead_ms)
{
    bench.mono_ms += 1000;
    struct bw_alert alerts[ENGINE_ALERTS_MAX];
    const struct bw_event event = {.type = BW_EVENT_TICK,
                                   .mono_ms = bench.mono_ms,
                                   .utc_ms = START_UTC_MS + bench.mono_ms + ahead_ms,
                                   .clock = clock};
    const size_t n = engine_step(bench.engine, &event, alerts);
    for (size_t i = 0; i < n; i++)
        bench.alerts[bench.n++] = alerts[i];
}

Test(tamper, a_clock_that_is_set_back_is_named_and_one_that_is_put_right_is_not)
{
    event_with_clock(BW_CLOCK_SYSTEM, 86400000);
    event_with_clock(BW_CLOCK_GNSS, -5000);
    event_with_clock(BW_CLOCK_GNSS, 0);
    event_with_clock(BW_CLOCK_SYSTEM, -86400000);
    event_with_clock(BW_CLOCK_GNSS, 0);
    cr_expect_eq(bench.n, 0U);
    event_with_clock(BW_CLOCK_GNSS, -7200000);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->evidence.tamper.tamper, BW_TAMPER_CLOCK);
    cr_expect_eq(last()->evidence.tamper.for_ms, 7200000U);
}

Test(tamper, another_sign_while_open_is_an_update_of_the_same_alert)
{
    event_with_clock(BW_CLOCK_GNSS, 7200000);
    event_with_clock(BW_CLOCK_GNSS, 0);
    cr_assert_eq(bench.n, 1U);
    healthy_bus();
    bench.cabin.antenna_ok = BW_NO;
    tick(20);
    cr_assert_eq(bench.n, 2U);
    cr_expect_eq(last()->phase, BW_UPDATED);
    cr_expect_eq(last()->evidence.tamper.tamper, BW_TAMPER_ANTENNA);
    cr_expect_eq(last()->number, 1U);
}

Test(tamper, goes_on_after_a_restart)
{
    healthy_bus();
    bench.cabin.main_power = BW_NO;
    drive(30);
    cr_assert_eq(count(BW_TAMPER, BW_RAISED), 1U);
    restart();
    drive(60);
    cr_expect_eq(bench.n, 0U);
    bench.cabin.main_power = BW_YES;
    drive(62);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->phase, BW_CLEARED);
    cr_expect_eq(last()->severity, BW_MINOR);
    cr_expect_eq(last()->number, 1U);
}
