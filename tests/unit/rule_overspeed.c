/* OVERSPEED by itself, each input at its limits (docs/rules.md; drives are in rules_speed.c). */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tests/unit/fixture_rule.h"

static const double KMH = 3.6;
enum { NOW_MS = 100000, CLEAR_MS = 5000, BRAKING_MS = 15000 };

static struct bw_thresholds thresholds;
static struct bw_licence licence;
static struct bw_route routes[2];
static struct bw_limit limits[4];
static struct corridor_hit hits[2];
static struct bw_order order;
static struct bw_orders orders;
static struct inputs in;

/* Ten aboard, in the middle of a route, no limits of its own; a fix a second, good to 5 m. */
static void set_up(void)
{
    thresholds = (struct bw_thresholds){.overspeed_tolerance_kmh = 3};
    routes[0] = (struct bw_route){.route_id = "r-1", .half_width_m = 30, .limits = limits};
    routes[1] = (struct bw_route){.route_id = "r-2", .half_width_m = 30};
    hits[0] = hits[1] = (struct corridor_hit){.distance_m = 2, .progress_m = 1000};
    licence = (struct bw_licence){.n_routes = 1, .routes = routes};
    order = (struct bw_order){
        .kind = BW_ORDER_WEATHER, .order_id = "fog-1", .from_utc_ms = 1000, .until_utc_ms = 2000};
    orders = (struct bw_orders){.n_orders = 1, .orders = &order};
    in = (struct inputs){.licence = &licence,
                         .thresholds = &thresholds,
                         .mono_ms = NOW_MS,
                         .utc_ms = 1500,
                         .clock = BW_CLOCK_GNSS,
                         .new_fix = true,
                         .has_fix = true,
                         .fix.position = {29.1, 121.0, 5},
                         .step_s = 1,
                         .route = &routes[0],
                         .hit = hits[0],
                         .hits = hits,
                         .cabin.occupancy = {BW_QUALITY_GOOD, 10, 10, 10}};
}
TestSuite(rule_overspeed, .init = set_up);

/* One fix at this speed, the positions moving with it. */
static enum lifecycle_action at(struct rules *rules, double speed_kmh)
{
    in.mono_ms += 1000;
    in.fix.speed_mps = speed_kmh / KMH;
    in.step_m = in.fix.speed_mps;
    return rule_overspeed.step(rules, &in);
}

/* YES when three fixes raise it, NO when an open alert ends, UNKNOWN when neither. */
static enum bw_tri judged(double speed_kmh)
{
    const struct bw_alert open = {
        .kind = BW_OVERSPEED, .phase = BW_RAISED, .evidence.overspeed.source = BW_LIMIT_WEATHER};
    struct rules clear = {.overspeed = {.weather = true, .weather_mono_ms = NOW_MS - BRAKING_MS}},
                 active = {0};
    for (int i = 0; i < 3; i++)
        if (at(&clear, speed_kmh) == LIFECYCLE_RAISE)
            return BW_YES;
    rule_overspeed.resume(&active, &open);
    (void)at(&active, speed_kmh);
    in.mono_ms += CLEAR_MS;
    return at(&active, speed_kmh) == LIFECYCLE_END ? BW_NO : BW_UNKNOWN;
}

/* Not violated at the limit, unknown within the tolerance, violated beyond it. */
static void expect_limit(double limit_kmh, const char *why)
{
    cr_expect_eq(judged(limit_kmh - 0.01), BW_NO, "%s", why);
    cr_expect_eq(judged(limit_kmh + 0.01), BW_UNKNOWN, "%s", why);
    cr_expect_eq(judged(limit_kmh + 2.99), BW_UNKNOWN, "%s", why);
    cr_expect_eq(judged(limit_kmh + 3.01), BW_YES, "%s", why);
}

static struct bw_alert raised(double speed_kmh)
{
    struct rules rules = {.overspeed = {.weather = true, .weather_mono_ms = NOW_MS - BRAKING_MS}};
    (void)at(&rules, speed_kmh);
    (void)at(&rules, speed_kmh);
    cr_assert_eq(at(&rules, speed_kmh), LIFECYCLE_RAISE);
    return described(&rule_overspeed, &rules, &in);
}

static void stretches(size_t n, const struct bw_limit *these)
{
    memcpy(limits, these, n * sizeof *these);
    routes[0].n_limits = n;
}
#define STRETCHES(...)                                                                                       \
    do {                                                                                                     \
        const struct bw_limit these[] = {__VA_ARGS__};                                                       \
        stretches(sizeof these / sizeof these[0], these);                                                    \
    } while (0)

/* --- the limit --- */

Test(rule_overspeed, the_law_allows_sixty_on_a_road)
{
    expect_limit(60, "law");
    cr_expect_eq(raised(64).evidence.overspeed.source, BW_LIMIT_LAW);
    cr_expect_eq(raised(64).evidence.overspeed.limit_kmh, 60);
    cr_expect_not(raised(64).evidence.overspeed.motorway);
}

Test(rule_overspeed, a_route_may_lower_the_limit_and_never_raise_it)
{
    routes[0].speed_limit_kmh = 40;
    expect_limit(40, "route");
    cr_expect_eq(raised(44).evidence.overspeed.source, BW_LIMIT_ROUTE);
    routes[0].speed_limit_kmh = 80;
    expect_limit(60, "law");
    cr_expect_eq(raised(64).evidence.overspeed.source, BW_LIMIT_LAW);
}

Test(rule_overspeed, a_stretch_has_a_limit_of_its_own)
{
    STRETCHES({900, 1100, 20, false});
    expect_limit(20, "stretch");
    cr_expect_eq(raised(24).evidence.overspeed.source, BW_LIMIT_STRETCH);
    cr_expect_eq(raised(24).evidence.overspeed.limit_kmh, 20);
    routes[0].speed_limit_kmh = 15;
    expect_limit(20, "a stretch's own limit comes before the route's");
    limits[0].limit_kmh = 90;
    expect_limit(60, "no stretch is above the law");
    cr_expect_eq(raised(64).evidence.overspeed.source, BW_LIMIT_LAW);
}

Test(rule_overspeed, a_motorway_is_a_stretch_that_says_so)
{
    STRETCHES({900, 1100, 0, true});
    expect_limit(80, "motorway");
    cr_expect(raised(84).evidence.overspeed.motorway);
    cr_expect_eq(raised(84).evidence.overspeed.source, BW_LIMIT_LAW);
    routes[0].speed_limit_kmh = 70;
    expect_limit(70, "the route's");
    cr_expect_eq(raised(74).evidence.overspeed.source, BW_LIMIT_ROUTE);
    limits[0].limit_kmh = 50;
    expect_limit(50, "its own");
    cr_expect(raised(54).evidence.overspeed.motorway);
}

/* 30 m and the receiver's 5 from a boundary the higher limit counts. */
Test(rule_overspeed, near_a_boundary_the_higher_limit_counts)
{
    static const struct {
        double progress_m, limit_kmh;
    } rows[] = {
        {800, 60},    {964.9, 60}, {1034.9, 60}, {1035, 20},   {1165, 20},   {1165.1, 30}, {1200, 30},
        {1264.9, 30}, {1265, 30},  {1265.1, 60}, {1334.9, 60}, {1464.9, 60}, {1465.1, 80}, {1534.9, 80},
        {1535, 80},   {1665, 80},  {1665.1, 80}, {1734.9, 80}, {1735, 60},
    };
    STRETCHES({1000, 1200, 20, false}, {1200, 1300, 30, false}, {1500, 1700, 0, true});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hits[0].progress_m = rows[i].progress_m;
        cr_expect_eq(judged(rows[i].limit_kmh - 0.01), BW_NO, "row %zu", i);
        cr_expect_eq(judged(rows[i].limit_kmh + 4), BW_YES, "row %zu", i);
    }
}

Test(rule_overspeed, the_less_is_known_of_the_place_the_more_is_near)
{
    STRETCHES({1000, 1200, 20, false});
    hits[0].progress_m = 1044;
    in.fix.position.accuracy_m = NAN;
    expect_limit(60, "15 m when the receiver does not say");
    hits[0].progress_m = 1046;
    expect_limit(20, "beyond them");
    in.fix.position.accuracy_m = 20;
    expect_limit(60, "20 m");
}

Test(rule_overspeed, away_from_every_route_only_the_motorways_limit_is_certain)
{
    STRETCHES({0, 2000, 20, false});
    hits[0].distance_m = 30;
    expect_limit(20, "on the corridor's edge");
    hits[0].distance_m = 30.1;
    expect_limit(80, "beyond it");
    in.route = NULL;
    in.hits = NULL;
    expect_limit(80, "no route");
    in.licence = NULL;
    expect_limit(80, "no licence");
}

/* Two routes on one road: nobody says which is driven. */
Test(rule_overspeed, of_several_routes_here_the_highest_limit_counts)
{
    licence.n_routes = 2;
    routes[0].speed_limit_kmh = 40;
    expect_limit(60, "the other's");
    routes[1].speed_limit_kmh = 30;
    expect_limit(40, "the first's");
    hits[0].distance_m = 31;
    expect_limit(30, "the only one here");
}

/* --- weather --- */

Test(rule_overspeed, a_weather_order_lowers_the_limit)
{
    in.orders = &orders;
    expect_limit(20, "the law's");
    const struct bw_evidence_overspeed found = raised(24).evidence.overspeed;
    cr_expect_eq(found.source, BW_LIMIT_WEATHER);
    cr_expect_str_eq(found.order_id, "fog-1");
    order.limit_kmh = 30;
    expect_limit(30, "its own");
    order.limit_kmh = 60;
    cr_expect_eq(raised(64).evidence.overspeed.source, BW_LIMIT_LAW, "it lowers nothing");
    cr_expect_str_eq(raised(64).evidence.overspeed.order_id, "");
    order.limit_kmh = 70;
    expect_limit(60, "an order raises no limit");
}

Test(rule_overspeed, an_order_counts_in_its_time_by_the_receivers_own)
{
    in.orders = &orders;
    in.clock = BW_CLOCK_SYSTEM;
    expect_limit(60, "a host clock's");
    in.clock = BW_CLOCK_GNSS;
    in.utc_ms = 2000;
    expect_limit(60, "over");
    in.utc_ms = 1999;
    expect_limit(20, "not yet");
    order.kind = BW_ORDER_EXEMPTION;
    expect_limit(60, "another kind");
}

Test(rule_overspeed, an_order_for_a_route_counts_on_it_alone)
{
    in.orders = &orders;
    order.n_routes = 1;
    memcpy(order.routes[0], "r-1", 4);
    expect_limit(20, "its route");
    licence.n_routes = 2;
    expect_limit(60, "another route is here too");
    hits[0].distance_m = hits[1].distance_m = 31;
    expect_limit(80, "away from routes");
    order.n_routes = 0;
    expect_limit(20, "an order for all");
    cr_expect(raised(24).evidence.overspeed.motorway, "judged as on one");
}

Test(rule_overspeed, an_order_counts_where_the_bus_is)
{
    struct bw_point area[] = {{29.0, 120.9}, {29.2, 120.9}, {29.2, 121.1}};
    in.orders = &orders;
    order.points = area;
    order.n_points = 3;
    in.fix.position.lat_deg = 29.15;
    expect_limit(20, "inside");
    in.fix.position.lat_deg = 29.05;
    expect_limit(60, "outside");
}

Test(rule_overspeed, there_is_time_to_slow_down_when_an_order_begins)
{
    struct rules rules = {0};
    in.orders = &orders;
    cr_expect_eq(at(&rules, 59), LIFECYCLE_NONE);
    for (int i = 1; i < 15 + 2; i++)
        cr_expect_eq(at(&rules, 59), LIFECYCLE_NONE, "second %d", i);
    cr_expect_eq(at(&rules, 59), LIFECYCLE_RAISE, "third fix after 15 s");
    in.utc_ms = 2000;
    (void)at(&rules, 59);
    in.utc_ms = 1500;
    struct rules again = rules;
    again.overspeed.life.state = LIFECYCLE_CLEAR;
    for (int i = 0; i < 15 + 2; i++)
        cr_expect_eq(at(&again, 59), LIFECYCLE_NONE, "and each time it begins");
    cr_expect_eq(at(&again, 59), LIFECYCLE_RAISE);
}

Test(rule_overspeed, there_is_time_to_slow_down_away_from_routes_too)
{
    struct rules rules = {0};
    in.orders = &orders;
    hits[0].distance_m = 31;
    (void)at(&rules, 79);
    cr_expect_eq(rules.overspeed.fixes, 0U);
    in.mono_ms += BRAKING_MS;
    (void)at(&rules, 79);
    cr_expect_eq(rules.overspeed.fixes, 1U);
}

/* --- what counts as over --- */

Test(rule_overspeed, however_low_a_limit_is_it_counts)
{
    STRETCHES({0, 2000, 5, false});
    expect_limit(5, "stretch");
    routes[0].n_limits = 0;
    in.orders = &orders;
    order.limit_kmh = 5;
    expect_limit(5, "order");
    in.orders = NULL;
    routes[0].speed_limit_kmh = 1;
    expect_limit(1, "route");
    routes[0].speed_limit_kmh = 0;
    STRETCHES({0, 500, 50, false}, {900, 1100, 1, false});
    expect_limit(1, "second stretch");
    cr_expect_eq(raised(5).evidence.overspeed.source, BW_LIMIT_STRETCH);
}

Test(rule_overspeed, of_equal_limits_the_laws_and_the_first_routes_explain)
{
    STRETCHES({900, 1100, 60, false});
    cr_expect_eq(raised(64).evidence.overspeed.source, BW_LIMIT_LAW);
    licence.n_routes = 2;
    limits[0].limit_kmh = routes[1].speed_limit_kmh = 40;
    cr_expect_eq(raised(44).evidence.overspeed.source, BW_LIMIT_STRETCH);
}

Test(rule_overspeed, a_broken_run_leaves_no_shortfall)
{
    static const struct {
        double speed_mps, step_m;
    } fixes[] = {{20, 20}, {20, 7}, {10, 10}, {20, 20}, {20, 7}, {20, 20}};
    struct rules rules = {0};
    for (size_t i = 0; i < 6; i++) {
        in.mono_ms += 1000;
        in.fix.speed_mps = fixes[i].speed_mps;
        in.step_m = fixes[i].step_m;
        cr_expect_eq(rule_overspeed.step(&rules, &in), i < 5 ? LIFECYCLE_NONE : LIFECYCLE_RAISE, "fix %zu",
                     i);
    }
}

Test(rule_overspeed, five_seconds_to_clear_and_fifteen_to_slow_down_are_exact)
{
    struct rules rules = {0};
    for (int i = 0; i < 3; i++)
        (void)at(&rules, 72);
    (void)at(&rules, 50);
    in.mono_ms += CLEAR_MS - 1001;
    cr_expect_eq(at(&rules, 50), LIFECYCLE_NONE);
    in.mono_ms -= 999;
    cr_expect_eq(at(&rules, 50), LIFECYCLE_END);
    in.orders = &orders;
    (void)at(&rules, 50);
    in.mono_ms += BRAKING_MS - 1001;
    (void)at(&rules, 50);
    cr_expect_eq(rules.overspeed.fixes, 0U);
    in.mono_ms -= 999;
    (void)at(&rules, 50);
    cr_expect_eq(rules.overspeed.fixes, 1U);
}

Test(rule_overspeed, an_empty_bus_is_not_judged)
{
    in.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_GOOD, 0, 0, 0};
    cr_expect_eq(judged(70), BW_NO);
    in.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_UNKNOWN, 0, 0, 0};
    cr_expect_eq(judged(70), BW_YES);
}

Test(rule_overspeed, a_speed_from_positions_accuses_nobody_and_may_absolve)
{
    in.speed_derived = true;
    cr_expect_eq(judged(70), BW_UNKNOWN);
    cr_expect_eq(judged(59), BW_NO);
}

Test(rule_overspeed, wheels_must_not_contradict)
{
    in.cabin.wheel_known = true;
    in.cabin.wheel_mps = 59.99 / KMH;
    cr_expect_eq(judged(70), BW_UNKNOWN);
    in.cabin.wheel_mps = 60.01 / KMH;
    cr_expect_eq(judged(70), BW_YES);
    in.cabin.wheel_mps = 70 / KMH;
    cr_expect_eq(judged(59), BW_NO, "the receiver's speed is the one that is judged");
}

/* 20 m a second is 72 km/h; the limit's 60 are 16.7 m. */
Test(rule_overspeed, positions_must_have_moved_as_far)
{
    static const struct {
        double step_m[4];
        enum lifecycle_action last;
    } rows[] = {
        {{20, 20, 20, 20}, LIFECYCLE_RAISE},      {{20, 20, 6.7, 20}, LIFECYCLE_RAISE},
        {{0, 16.7, 16.7, 16.7}, LIFECYCLE_RAISE}, /* what was before the first fix is no matter */
        {{20, 10, 13.4, 20}, LIFECYCLE_RAISE},    /* 9.97 m short at most */
        {{20, 10, 13.3, 20}, LIFECYCLE_NONE},     /* 10.03 m */
        {{20, 0, 0, 20}, LIFECYCLE_NONE},         /* a frozen position */
        {{20, 400, 6.5, 13.4}, LIFECYCLE_NONE},   /* a jump is no credit */
    };
    thresholds.overspeed_hold_ms = 3000;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rules rules = {0};
        enum lifecycle_action last = LIFECYCLE_NONE;
        in.fix.speed_mps = 20;
        for (size_t k = 0; k < 4; k++) {
            in.mono_ms += 1000;
            in.step_m = rows[i].step_m[k];
            last = rule_overspeed.step(&rules, &in);
        }
        cr_expect_eq(last, rows[i].last, "row %zu", i);
    }
}

Test(rule_overspeed, the_first_fix_of_all_has_no_movement)
{
    struct rules rules = {0};
    in.step_s = in.step_m = NAN;
    in.fix.speed_mps = 20;
    cr_expect_eq(rule_overspeed.step(&rules, &in), LIFECYCLE_NONE);
    in.step_s = 1;
    (void)at(&rules, 72);
    cr_expect_eq(at(&rules, 72), LIFECYCLE_RAISE);
    cr_expect_eq(described(&rule_overspeed, &rules, &in).evidence.overspeed.over_ms, 2000U);
}

Test(rule_overspeed, one_instant_twice_and_other_events_are_no_fixes)
{
    struct rules rules = {0};
    (void)at(&rules, 72);
    (void)at(&rules, 72);
    in.step_s = 0;
    cr_expect_eq(at(&rules, 72), LIFECYCLE_NONE);
    in.step_s = 1;
    in.new_fix = false;
    cr_expect_eq(at(&rules, 72), LIFECYCLE_NONE);
    in.new_fix = true;
    cr_expect_eq(at(&rules, 72), LIFECYCLE_RAISE);
}

/* --- hold and clear --- */

Test(rule_overspeed, three_fixes_and_the_hold_time_are_needed)
{
    struct rules rules = {0};
    thresholds.overspeed_hold_ms = 5000;
    for (int i = 0; i < 5; i++)
        cr_expect_eq(at(&rules, 72), LIFECYCLE_NONE, "fix %d", i);
    cr_expect_eq(at(&rules, 72), LIFECYCLE_RAISE);
    struct rules sparse = {0};
    in.step_s = 15;
    for (int i = 0; i < 3; i++) {
        in.mono_ms += 14000;
        in.fix.speed_mps = 20;
        in.step_m = 300;
        in.mono_ms += 1000;
        cr_expect_eq(rule_overspeed.step(&sparse, &in), i < 2 ? LIFECYCLE_NONE : LIFECYCLE_RAISE, "fix %d",
                     i);
    }
}

Test(rule_overspeed, two_wild_fixes_never_raise)
{
    struct rules rules = {0};
    for (int i = 0; i < 60; i++)
        cr_expect_eq(at(&rules, i % 3 < 2 ? 380 : 50), LIFECYCLE_NONE, "fix %d", i);
}

Test(rule_overspeed, is_cleared_after_five_seconds_at_the_limit)
{
    struct rules rules = {0};
    for (int i = 0; i < 3; i++)
        (void)at(&rules, 72);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(at(&rules, 59.99), LIFECYCLE_NONE, "second %d", i);
    cr_expect_eq(at(&rules, 59.99), LIFECYCLE_END);
    cr_expect_float_eq(described(&rule_overspeed, &rules, &in).evidence.overspeed.peak_kmh, 72, 0.01);
    cr_expect_float_eq(described(&rule_overspeed, &rules, &in).evidence.overspeed.speed_kmh, 59.99, 0.01);
}

Test(rule_overspeed, is_not_raised_twice_within_the_hold_off)
{
    struct rules rules = {0};
    thresholds.raise_hold_off_ms = 30000;
    for (int i = 0; i < 3; i++)
        (void)at(&rules, 72);
    for (int i = 0; i < 6; i++)
        (void)at(&rules, 50);
    for (int i = 9; i < 32; i++)
        cr_expect_eq(at(&rules, 72), LIFECYCLE_NONE, "second %d", i);
    cr_expect_eq(at(&rules, 72), LIFECYCLE_RAISE);
}

/* --- severity and evidence --- */

Test(rule_overspeed, bands_at_their_limits)
{
    static const struct {
        double limit_kmh;
        bool motorway;
        double speed_kmh;
        enum bw_severity severity;
    } rows[] = {
        {60, false, 60.1, BW_MINOR},   {60, false, 63.1, BW_MINOR},    {60, false, 71.9, BW_MINOR},
        {60, false, 72, BW_SERIOUS},   {60, false, 119.9, BW_SERIOUS}, {60, false, 120, BW_CRIMINAL},
        {20, false, 24, BW_SERIOUS},   {20, false, 59.9, BW_SERIOUS},  {20, false, 60, BW_CRIMINAL},
        {40, false, 79.9, BW_SERIOUS}, {40, false, 80, BW_CRIMINAL},   {80, true, 95.9, BW_MINOR},
        {80, true, 96, BW_SERIOUS},    {80, true, 119.9, BW_SERIOUS},  {80, true, 120, BW_CRIMINAL},
        {50, true, 89.9, BW_SERIOUS},  {50, true, 90, BW_CRIMINAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rules rules = {.overspeed = {.aboard = true,
                                            .peak = {.speed_kmh = (float)rows[i].speed_kmh,
                                                     .limit_kmh = (float)rows[i].limit_kmh,
                                                     .motorway = rows[i].motorway}}};
        cr_expect_eq(described(&rule_overspeed, &rules, &in).severity, rows[i].severity, "row %zu", i);
    }
}

Test(rule_overspeed, with_nobody_certain_aboard_it_is_a_notice_until_there_is)
{
    struct rules rules = {0};
    in.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_DEGRADED, 0, 0, 4};
    for (int i = 0; i < 3; i++)
        (void)at(&rules, 72.1);
    cr_expect_eq(described(&rule_overspeed, &rules, &in).severity, BW_NOTICE);
    in.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_GOOD, 1, 1, 1};
    (void)at(&rules, 50);
    cr_expect_eq(described(&rule_overspeed, &rules, &in).severity, BW_NOTICE, "not at that speed");
    (void)at(&rules, 64);
    cr_expect_eq(described(&rule_overspeed, &rules, &in).severity, BW_SERIOUS);
    in.cabin.occupancy = (struct bw_occupancy){0};
    (void)at(&rules, 64);
    cr_expect_eq(described(&rule_overspeed, &rules, &in).severity, BW_SERIOUS, "it never falls back");
    struct bw_alert worse = {.severity = BW_CRIMINAL};
    rule_overspeed.describe(&rules, &in, &worse);
    cr_expect_eq(worse.severity, BW_CRIMINAL);
}

static float peak_of(size_t n, const double *speeds_kmh)
{
    struct rules rules = {0};
    for (size_t i = 0; i < n; i++)
        (void)at(&rules, speeds_kmh[i]);
    return described(&rule_overspeed, &rules, &in).evidence.overspeed.peak_kmh;
}
#define PEAK_OF(...) peak_of(sizeof((double[]){__VA_ARGS__}) / sizeof(double), (const double[]){__VA_ARGS__})

Test(rule_overspeed, the_peak_is_what_three_fixes_in_a_row_show)
{
    cr_expect_float_eq(PEAK_OF(70, 75, 80), 70, 0.01);
    cr_expect_float_eq(PEAK_OF(80, 70, 75), 70, 0.01);
    cr_expect_float_eq(PEAK_OF(75, 80, 70), 70, 0.01);
    cr_expect_float_eq(PEAK_OF(70, 70, 70, 380, 380, 70), 70, 0.01, "two wild ones are none");
    cr_expect_float_eq(PEAK_OF(70, 70, 70, 80, 81, 82, 65), 80, 0.01);
    cr_expect_float_eq(PEAK_OF(70, 70, 70, 50, 90, 90), 70, 0.01, "not across a break");
    cr_expect_float_eq(PEAK_OF(70, 70, 70, 50, 90, 90, 90), 90, 0.01);
}

Test(rule_overspeed, the_peak_is_the_gravest_by_band_then_by_share)
{
    struct rules rules = {0};
    STRETCHES({2000, 3000, 20, false});
    for (int i = 0; i < 3; i++)
        (void)at(&rules, 70);
    hits[0].progress_m = 2500;
    for (int i = 0; i < 3; i++)
        (void)at(&rules, 45);
    struct bw_evidence_overspeed peak = described(&rule_overspeed, &rules, &in).evidence.overspeed;
    cr_expect_float_eq(peak.peak_kmh, 45, 0.01);
    cr_expect_eq(peak.limit_kmh, 20);
    cr_expect_eq(peak.source, BW_LIMIT_STRETCH);
    hits[0].progress_m = 1000;
    for (int i = 0; i < 3; i++)
        (void)at(&rules, 100);
    peak = described(&rule_overspeed, &rules, &in).evidence.overspeed;
    cr_expect_float_eq(peak.peak_kmh, 45, 0.01, "67 percent are less than 125");
    for (int i = 0; i < 3; i++)
        (void)at(&rules, 121);
    peak = described(&rule_overspeed, &rules, &in).evidence.overspeed;
    cr_expect_float_eq(peak.peak_kmh, 121, 0.01, "102 percent are less, and criminal");
    cr_expect_eq(peak.source, BW_LIMIT_LAW);
}

Test(rule_overspeed, time_over_the_limit_is_counted_and_the_next_alert_begins_anew)
{
    struct rules rules = {0};
    for (int i = 0; i < 4; i++)
        (void)at(&rules, 90);
    (void)at(&rules, 61);
    (void)at(&rules, 90);
    (void)at(&rules, 90);
    cr_expect_eq(described(&rule_overspeed, &rules, &in).evidence.overspeed.over_ms, 4000U);
    for (int i = 0; i < 6; i++)
        (void)at(&rules, 50);
    in.cabin.occupancy = (struct bw_occupancy){0};
    for (int i = 0; i < 3; i++)
        (void)at(&rules, 70);
    const struct bw_alert next = described(&rule_overspeed, &rules, &in);
    cr_expect_eq(next.evidence.overspeed.over_ms, 2000U);
    cr_expect_float_eq(next.evidence.overspeed.peak_kmh, 70, 0.01);
    cr_expect_eq(next.severity, BW_NOTICE);
    rules.overspeed.over_ms = 5e9;
    cr_expect_eq(described(&rule_overspeed, &rules, &in).evidence.overspeed.over_ms, UINT32_MAX);
}

Test(rule_overspeed, graver_or_five_more_over_the_limit_has_grown)
{
    const struct bw_alert before = {.severity = BW_MINOR,
                                    .evidence.overspeed = {.peak_kmh = 66, .limit_kmh = 60}};
    struct bw_alert now = before;
    cr_expect_not(rule_overspeed.grown(&before, &now));
    now.evidence.overspeed.peak_kmh = 70.9F;
    cr_expect_not(rule_overspeed.grown(&before, &now));
    now.evidence.overspeed.peak_kmh = 71;
    cr_expect(rule_overspeed.grown(&before, &now));
    now.evidence.overspeed = (struct bw_evidence_overspeed){.peak_kmh = 31, .limit_kmh = 20};
    cr_expect(rule_overspeed.grown(&before, &now));
    now = before;
    now.severity = BW_SERIOUS;
    cr_expect(rule_overspeed.grown(&before, &now));
}

Test(rule_overspeed, what_was_open_goes_on_with_its_peak)
{
    static const enum bw_severity severities[] = {BW_NOTICE, BW_SERIOUS};
    for (size_t i = 0; i < 2; i++) {
        const struct bw_alert open = {.kind = BW_OVERSPEED,
                                      .phase = BW_UPDATED,
                                      .severity = severities[i],
                                      .evidence.overspeed = {.speed_kmh = 30,
                                                             .peak_kmh = 45,
                                                             .limit_kmh = 20,
                                                             .source = BW_LIMIT_WEATHER,
                                                             .order_id = "fog-1",
                                                             .over_ms = 7000}};
        struct rules rules = {0};
        in.orders = &orders;
        in.mono_ms = 0;
        rule_overspeed.resume(&rules, &open);
        cr_expect_eq(described(&rule_overspeed, &rules, &in).evidence.overspeed.speed_kmh, 30);
        in.cabin.occupancy = (struct bw_occupancy){0};
        for (int k = 0; k < 9; k++)
            cr_expect_eq(at(&rules, 30), LIFECYCLE_NONE, "neither raised again nor lost");
        const struct bw_alert now = described(&rule_overspeed, &rules, &in);
        cr_expect_eq(now.severity, severities[i]);
        cr_expect_eq(now.evidence.overspeed.peak_kmh, 45);
        cr_expect_str_eq(now.evidence.overspeed.order_id, "fog-1");
        cr_expect_eq(now.evidence.overspeed.over_ms, 15000U);
        for (int k = 0; k < 5; k++)
            (void)at(&rules, 20);
        cr_expect_eq(at(&rules, 20), LIFECYCLE_END);
        set_up();
    }
}

Test(rule_overspeed, what_was_open_for_another_reason_has_time_for_an_order)
{
    struct rules rules = {0};
    const struct bw_alert open = {.evidence.overspeed.source = BW_LIMIT_LAW};
    rule_overspeed.resume(&rules, &open);
    cr_expect_not(rules.overspeed.weather);
}
