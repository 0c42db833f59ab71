/* OFF_ROUTE: the evidence of its alert, its severity, exemptions, and what goes on after a restart. */
#include "tests/unit/fixture_off_route.h"

#include <string.h>

TestSuite(rule_off_route, .init = set_up);

/* --- the alert --- */

Test(rule_off_route, evidence_is_that_of_the_last_fix_and_the_farthest)
{
    struct bw_alert alert = {.kind = BW_OFF_ROUTE};
    rule->peak_m = 100;
    rule->outside_s = 41.5;
    rule->left_utc_ms = 7;
    rule_off_route.describe(&rules, &in, &alert);
    cr_expect_str_eq(alert.evidence.off_route.route_id, "r-1");
    cr_expect_eq(alert.evidence.off_route.distance_m, 47);
    cr_expect_eq(alert.evidence.off_route.peak_distance_m, 100);
    cr_expect_eq(alert.evidence.off_route.half_width_m, HALF_WIDTH_M);
    cr_expect_eq(alert.evidence.off_route.outside_ms, 41500U);
    cr_expect_eq(alert.evidence.off_route.left_utc_ms, 7);
    cr_expect(alert.evidence.off_route.entered);
    cr_expect_eq(alert.severity, BW_MINOR);
}

Test(rule_off_route, the_farthest_point_is_kept)
{
    rule->peak_m = 100;
    (void)step();
    cr_expect_eq(rule->peak_m, 100);
    beyond_the_edge(80);
    (void)step();
    cr_expect_eq(rule->peak_m, 110);
}

Test(rule_off_route, time_outside_ends_where_its_field_does)
{
    struct bw_alert alert = {.kind = BW_OFF_ROUTE};
    rule->outside_s = 5e6;
    rule_off_route.describe(&rules, &in, &alert);
    cr_expect_eq(alert.evidence.off_route.outside_ms, UINT32_MAX);
}

Test(rule_off_route, without_a_route_the_evidence_stays_as_it_was)
{
    struct bw_alert alert = {.kind = BW_OFF_ROUTE,
                             .evidence.off_route = {.route_id = "r-0", .distance_m = 5}};
    in.route = NULL;
    rule_off_route.describe(&rules, &in, &alert);
    cr_expect_str_eq(alert.evidence.off_route.route_id, "r-0");
    cr_expect_eq(alert.evidence.off_route.distance_m, 5);
    cr_expect_eq(alert.severity, BW_SEVERITY_NONE);
}

static struct bw_alert alert_after(enum bw_severity before)
{
    struct bw_alert alert = {.kind = BW_OFF_ROUTE, .severity = before};
    rule_off_route.describe(&rules, &in, &alert);
    return alert;
}

Test(rule_off_route, severity_is_a_notice_as_long_as_nobody_is_aboard_for_certain)
{
    static const struct {
        struct bw_occupancy aboard;
        bool empty_before;
        enum bw_severity before, after;
    } rows[] = {
        {{BW_QUALITY_GOOD, 0, 0, 0}, false, BW_SEVERITY_NONE, BW_NOTICE},
        {{BW_QUALITY_GOOD, 1, 1, 1}, false, BW_SEVERITY_NONE, BW_MINOR},
        {{BW_QUALITY_UNKNOWN, 0, 0, 0}, false, BW_SEVERITY_NONE, BW_MINOR},
        {{BW_QUALITY_UNKNOWN, 0, 0, 0}, true, BW_NOTICE, BW_NOTICE},
        {{BW_QUALITY_DEGRADED, 0, 0, 3}, true, BW_NOTICE, BW_NOTICE},
        {{BW_QUALITY_DEGRADED, 1, 1, 3}, true, BW_NOTICE, BW_MINOR},
        {{BW_QUALITY_GOOD, 0, 0, 0}, false, BW_MINOR, BW_MINOR},
        {{BW_QUALITY_UNKNOWN, 0, 0, 0}, false, BW_MINOR, BW_MINOR},
        {{BW_QUALITY_GOOD, 5, 5, 5}, false, BW_SERIOUS, BW_SERIOUS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        in.new_fix = false; /* a door tells as well as a fix */
        rule->life.state = LIFECYCLE_ACTIVE;
        rule->empty = rows[i].empty_before;
        in.cabin.occupancy = rows[i].aboard;
        (void)step();
        cr_expect_eq(alert_after(rows[i].before).severity, rows[i].after, "row %zu", i);
    }
}

static void raise_now(void)
{
    rule->fixes_outside = 9;
    rule->travelled_m = 100;
    rule->score = 4;
    cr_assert_eq(step(), LIFECYCLE_RAISE);
}

Test(rule_off_route, who_was_empty_on_another_day_is_not_so_with_unknown_seats_today)
{
    rule->empty = true;
    in.cabin.occupancy = (struct bw_occupancy){0};
    raise_now();
    cr_expect_eq(alert_after(BW_SEVERITY_NONE).severity, BW_MINOR);
    set_up();
    in.cabin.occupancy = (struct bw_occupancy){.quality = BW_QUALITY_GOOD};
    raise_now();
    cr_expect_eq(alert_after(BW_SEVERITY_NONE).severity, BW_NOTICE);
}

/* --- Art. 30: exemptions --- */

enum { FROM_UTC_MS = 500000, UNTIL_UTC_MS = 2000000 };
static struct bw_point area[] = {{29, 121}, {30, 121}, {30, 122}, {29, 122}};
static struct bw_order orders_of_day[2];
static struct bw_orders orders;

/* Road works around 29.5 N 121.5 E, and the bus is off its route there. */
static void exempt(void)
{
    orders_of_day[0] = (struct bw_order){.kind = BW_ORDER_WEATHER,
                                         .order_id = "fog",
                                         .from_utc_ms = FROM_UTC_MS,
                                         .until_utc_ms = UNTIL_UTC_MS};
    orders_of_day[1] = (struct bw_order){.kind = BW_ORDER_EXEMPTION,
                                         .order_id = "works",
                                         .from_utc_ms = FROM_UTC_MS,
                                         .until_utc_ms = UNTIL_UTC_MS,
                                         .n_points = 4,
                                         .points = area};
    orders = (struct bw_orders){.n_orders = 2, .orders = orders_of_day};
    in.orders = &orders;
    in.fix.position.lat_deg = 29.5;
    in.fix.position.lon_deg = 121.5;
}

Test(rule_off_route, what_an_order_allows_is_a_notice_that_names_it)
{
    static const struct {
        int64_t utc_ms;
        enum bw_clock clock;
        double lat_deg;
        const char *route_id;
        enum bw_order_kind kind;
        enum bw_severity severity;
    } rows[] = {
        {FROM_UTC_MS, BW_CLOCK_GNSS, 29.5, NULL, BW_ORDER_EXEMPTION, BW_NOTICE},
        {FROM_UTC_MS - 1, BW_CLOCK_GNSS, 29.5, NULL, BW_ORDER_EXEMPTION, BW_MINOR},
        {UNTIL_UTC_MS, BW_CLOCK_GNSS, 29.5, NULL, BW_ORDER_EXEMPTION, BW_MINOR},
        {FROM_UTC_MS, BW_CLOCK_GNSS, 30.5, NULL, BW_ORDER_EXEMPTION, BW_MINOR},
        {FROM_UTC_MS, BW_CLOCK_GNSS, 29.5, "r-1", BW_ORDER_EXEMPTION, BW_NOTICE},
        {FROM_UTC_MS, BW_CLOCK_GNSS, 29.5, "r-2", BW_ORDER_EXEMPTION, BW_MINOR},
        {FROM_UTC_MS, BW_CLOCK_GNSS, 29.5, NULL, BW_ORDER_WEATHER, BW_MINOR},
        /* nobody knows the time: an order for the place is enough not to accuse */
        {0, BW_CLOCK_NONE, 29.5, NULL, BW_ORDER_EXEMPTION, BW_NOTICE},
        {9, BW_CLOCK_SYSTEM, 29.5, NULL, BW_ORDER_EXEMPTION, BW_NOTICE},
        {0, BW_CLOCK_NONE, 30.5, NULL, BW_ORDER_EXEMPTION, BW_MINOR},
        {0, BW_CLOCK_NONE, 29.5, "r-2", BW_ORDER_EXEMPTION, BW_MINOR},
        {0, BW_CLOCK_NONE, 29.5, NULL, BW_ORDER_WEATHER, BW_MINOR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        exempt();
        in.utc_ms = rows[i].utc_ms;
        in.clock = rows[i].clock;
        in.fix.position.lat_deg = rows[i].lat_deg;
        orders_of_day[1].kind = rows[i].kind;
        if (rows[i].route_id != NULL) {
            orders_of_day[1].n_routes = 1;
            strcpy(orders_of_day[1].routes[0], rows[i].route_id);
        }
        raise_now();
        const struct bw_alert alert = alert_after(BW_SEVERITY_NONE);
        cr_expect_eq(alert.severity, rows[i].severity, "row %zu: %d", i, alert.severity);
        cr_expect_str_eq(alert.evidence.off_route.exempted_by, rows[i].severity == BW_NOTICE ? "works" : "",
                         "row %zu", i);
    }
}

Test(rule_off_route, any_order_for_the_place_will_do_when_nobody_knows_the_time)
{
    for (size_t first = 0; first < 2; first++) {
        set_up();
        exempt();
        in.clock = BW_CLOCK_NONE;
        if (first == 1) {
            const struct bw_order fog = orders_of_day[0];
            orders_of_day[0] = orders_of_day[1];
            orders_of_day[1] = fog;
        }
        raise_now();
        cr_expect_str_eq(alert_after(BW_SEVERITY_NONE).evidence.off_route.exempted_by, "works", "row %zu",
                         first);
    }
}

Test(rule_off_route, without_orders_nothing_is_exempted_whatever_the_clock)
{
    static const enum bw_clock clocks[] = {BW_CLOCK_GNSS, BW_CLOCK_NONE};
    for (size_t i = 0; i < 2; i++) {
        set_up();
        in.clock = clocks[i];
        raise_now();
        cr_expect_eq(alert_after(BW_SEVERITY_NONE).severity, BW_MINOR, "row %zu", i);
    }
}

Test(rule_off_route, a_start_elsewhere_may_be_exempted_too)
{
    exempt();
    beyond_the_edge(1011);
    *rule = (struct rule_off_route){.travelled_m = 900, .outside_s = 99, .nearest_m = 500, .usual_step_s = 1};
    cr_assert_eq(step(), LIFECYCLE_RAISE);
    cr_expect_eq(alert_after(BW_SEVERITY_NONE).severity, BW_NOTICE);
}

/* The driver needs time to come back: 60 s of driving off the route make it an accusation. */
Test(rule_off_route, an_exemption_that_ends_is_followed_by_a_minute_to_come_back)
{
    static const double steps_s[] = {1, 0, 3, 50, 5, 1}; /* 60 s with the last but no earlier */
    exempt();
    raise_now();
    in.utc_ms = UNTIL_UTC_MS;
    for (size_t i = 0; i < sizeof steps_s / sizeof steps_s[0]; i++) {
        cr_expect_eq(alert_after(BW_NOTICE).severity, BW_NOTICE, "step %zu", i);
        rule->usual_step_s = 50;
        in.step_s = steps_s[i];
        (void)step();
    }
    const struct bw_alert alert = alert_after(BW_NOTICE);
    cr_expect_eq(alert.severity, BW_MINOR);
    cr_expect_str_eq(alert.evidence.off_route.exempted_by, "");
}

Test(rule_off_route, only_what_speaks_for_a_departure_counts_after_an_exemption)
{
    exempt();
    raise_now();
    in.fix.position.lat_deg = 30.5; /* its area is left as its time is */
    rule->unexempted_s = 59.5;
    beyond_the_edge(12);
    (void)step();
    cr_expect_eq(alert_after(BW_NOTICE).severity, BW_NOTICE, "within the margin");
    beyond_the_edge(17);
    (void)step();
    cr_expect_eq(alert_after(BW_NOTICE).severity, BW_MINOR);
}

Test(rule_off_route, an_exemption_that_holds_again_begins_again)
{
    exempt();
    raise_now();
    rule->unexempted_s = 59;
    (void)step();
    cr_expect_eq(rule->unexempted_s, 0);
    cr_expect_str_eq(rule->exempted_by, "works");
}

Test(rule_off_route, an_accusation_stays_one_when_an_exemption_begins)
{
    raise_now();
    exempt();
    (void)step();
    const struct bw_alert alert = alert_after(BW_MINOR);
    cr_expect_eq(alert.severity, BW_MINOR);
    cr_expect_str_eq(alert.evidence.off_route.exempted_by, "");
}

Test(rule_off_route, what_was_exempted_once_is_not_for_ever)
{
    strcpy(rule->exempted_by, "works");
    raise_now();
    cr_expect_eq(alert_after(BW_SEVERITY_NONE).severity, BW_MINOR);
}

Test(rule_off_route, an_order_is_looked_for_when_there_is_something_to_exempt)
{
    exempt();
    (void)step();
    cr_expect_str_eq(rule->exempted_by, "");
}

Test(rule_off_route, has_grown_when_half_as_far_again_and_by_a_street)
{
    static const struct {
        float before_m, now_m;
        enum bw_severity now;
        bool grown;
    } rows[] = {
        {40, 90, BW_NOTICE, false},     {40, 90.5F, BW_NOTICE, true}, {200, 300, BW_NOTICE, false},
        {200, 300.5F, BW_NOTICE, true}, {40, 40, BW_MINOR, true},     {40, 40, BW_NOTICE, false},
        {40, 65, BW_NOTICE, false},     {200, 255, BW_NOTICE, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct bw_alert before = {.severity = BW_NOTICE,
                                        .evidence.off_route.peak_distance_m = rows[i].before_m};
        const struct bw_alert now = {.severity = rows[i].now,
                                     .evidence.off_route.peak_distance_m = rows[i].now_m};
        cr_expect_eq(rule_off_route.grown(&before, &now), rows[i].grown, "row %zu", i);
    }
}

Test(rule_off_route, what_was_open_goes_on_as_what_it_was)
{
    static const struct {
        enum bw_severity severity;
        const char *exempted_by;
        bool empty;
    } rows[] = {
        {BW_MINOR, "", false}, {BW_NOTICE, "", true}, {BW_NOTICE, "works", false}, {BW_NOTICE, "w", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bw_alert open = {.kind = BW_OFF_ROUTE, .phase = BW_RAISED, .severity = rows[i].severity};
        strcpy(open.evidence.off_route.exempted_by, rows[i].exempted_by);
        rule_off_route.resume(&rules, &open);
        cr_expect_eq(rule->empty, rows[i].empty, "row %zu", i);
        cr_expect_str_eq(rule->exempted_by, rows[i].exempted_by, "row %zu", i);
    }
}

Test(rule_off_route, what_was_open_goes_on_with_its_evidence)
{
    struct bw_alert alert = {.kind = BW_OFF_ROUTE};
    const struct bw_alert open = {
        .kind = BW_OFF_ROUTE,
        .phase = BW_RAISED,
        .evidence.off_route = {
            .entered = true, .peak_distance_m = 300, .outside_ms = 41500, .left_utc_ms = 7}};
    rule_off_route.resume(&rules, &open);
    cr_expect_eq(rule->nearest_m, INFINITY);
    in.step_s = 2;
    cr_expect_eq(step(), LIFECYCLE_NONE, "not raised again");
    in.step_s = NAN; /* the first fix of another process */
    cr_expect_eq(step(), LIFECYCLE_NONE);
    rule_off_route.describe(&rules, &in, &alert);
    cr_expect_eq(alert.evidence.off_route.outside_ms, 43500U);
    cr_expect_eq(alert.evidence.off_route.peak_distance_m, 300);
    cr_expect_eq(alert.evidence.off_route.left_utc_ms, 7);
    cr_expect(alert.evidence.off_route.entered);
    beyond_the_edge(-5);
    cr_expect_eq(step(), LIFECYCLE_END);
}

/* 8.107 s is a little less than 8107 ms in binary (found by fuzzing). */
Test(rule_off_route, what_was_open_goes_on_from_the_same_millisecond)
{
    for (uint32_t ms = 1; ms < 100000; ms++) {
        struct bw_alert alert = {.kind = BW_OFF_ROUTE};
        const struct bw_alert open = {.kind = BW_OFF_ROUTE, .evidence.off_route.outside_ms = ms};
        rule_off_route.resume(&rules, &open);
        rule_off_route.describe(&rules, &in, &alert);
        cr_assert_eq(alert.evidence.off_route.outside_ms, ms);
    }
}
