/* What a span of a track is worth against what the vehicle said. */
#include "bureau/rejudge/compare.h"

#include <criterion/criterion.h>

enum { BEGIN = 1000000000 };

static struct trackjudge_span span;
static struct bw_thresholds thresholds;
static struct compare_shown shown;
static struct compare_said said;

static void set_up(void)
{
    thresholds = engine_thresholds(NULL);
    span = (struct trackjudge_span){.kind = BW_OVERLOAD,
                                    .severity = BW_MINOR,
                                    .from_utc_ms = BEGIN,
                                    .to_utc_ms = BEGIN + 300000,
                                    .sure = {BEGIN, BEGIN, BEGIN + 300000},
                                    .strict = {BEGIN, BEGIN, BEGIN + 300000}};
    shown = (struct compare_shown){
        .span = &span, .thresholds = &thresholds, .received_utc_ms = BEGIN, .known_utc_ms = INT64_MIN};
    said = (struct compare_said){.settled_utc_ms = BEGIN};
}
TestSuite(rejudge_compare, .init = set_up);

Test(rejudge_compare, an_alert_within_two_minutes_is_the_same)
{
    static struct compare_alert alert = {.kind = BW_OVERLOAD};
    said.alerts = &alert;
    said.n_alerts = 1;
    static const struct {
        int64_t from, to;
        bool is_said;
    } rows[] = {
        {BEGIN, BEGIN, true},
        {BEGIN - 200000, BEGIN - COMPARE_APART_MS, true},
        {BEGIN - 200000, BEGIN - COMPARE_APART_MS - 1, false},
        {BEGIN + 300000 + COMPARE_APART_MS, INT64_MAX, true},
        {BEGIN + 300000 + COMPARE_APART_MS + 1, INT64_MAX, false},
        {0, INT64_MAX, true}, /* raised before the vehicle knew the time, and still open */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        alert.from_utc_ms = rows[i].from;
        alert.to_utc_ms = rows[i].to;
        cr_expect_eq(compare_is_said(&said, &span), rows[i].is_said, "row %zu", i);
    }
}

Test(rejudge_compare, proof_takes_half_a_minute_and_twice_the_hold)
{
    static const struct {
        enum bw_kind kind;
        int64_t ms;
    } rows[] = {
        {BW_OVERLOAD, 36000}, {BW_OUT_OF_HOURS, 90000}, {BW_UNLICENSED, 50000}, {BW_OFF_ROUTE, 66000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        span.kind = rows[i].kind;
        span.sure.to_utc_ms = span.strict.to_utc_ms = BEGIN + rows[i].ms;
        cr_expect_eq(compare_doubt(&said, &shown), DOUBT_NONE, "row %zu", i);
        span.sure.to_utc_ms = span.strict.to_utc_ms = BEGIN + rows[i].ms - 1;
        cr_expect_eq(compare_doubt(&said, &shown), DOUBT_SHORT, "row %zu", i);
    }
}

Test(rejudge_compare, overspeed_is_never_proven)
{
    span.kind = BW_OVERSPEED;
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_SPEED);
}

Test(rejudge_compare, a_trip_stands_for_the_number_only_where_it_was)
{
    static struct compare_trip trip;
    trip = (struct compare_trip){BEGIN + 10000, BEGIN + 20000, COMPARE_OVER_S};
    said.trips = &trip;
    said.n_trips = 1;
    span.strict = (struct trackjudge_sure){0};
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_NONE);
    trip.over_s--;
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_SHORT);
    trip = (struct compare_trip){BEGIN - 20000, BEGIN - 10000, COMPARE_OVER_S};
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_SHORT);
}

Test(rejudge_compare, a_licence_counts_from_when_it_is_known)
{
    shown.known_utc_ms = BEGIN + 264000;
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_NONE);
    shown.known_utc_ms++;
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_LICENCE);
}

Test(rejudge_compare, a_gateway_that_took_a_licence_up_forgot_that_it_was_on_the_route)
{
    span.kind = BW_OFF_ROUTE;
    span.sure.since_utc_ms = BEGIN - 1000;
    shown.known_utc_ms = BEGIN;
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_LICENCE);
}

Test(rejudge_compare, of_several_licences_each_must_prove_it)
{
    static struct trackjudge_span other;
    other = span;
    static struct compare_spans others[2];
    others[0] = (struct compare_spans){1, &other};
    shown.others = others;
    shown.n_others = 1;
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_NONE);
    other.kind = BW_OFF_ROUTE;
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_LICENCE);
    other = span;
    other.strict = (struct trackjudge_sure){BEGIN + 400000, BEGIN + 400000, BEGIN + 700000};
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_LICENCE);
    other = span;
    shown.n_others = 2;
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_LICENCE);
}

Test(rejudge_compare, a_loss_near_it_leaves_a_doubt)
{
    static struct compare_gap gap;
    gap = (struct compare_gap){COMPARE_RESTART, BEGIN - COMPARE_NEAR_MS, BEGIN - COMPARE_NEAR_MS};
    said.gaps = &gap;
    said.n_gaps = 1;
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_RESTART);
    gap.to_utc_ms--;
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_NONE);
    gap = (struct compare_gap){COMPARE_HOLE, 0, INT64_MAX / 4};
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_HOLE);
}

Test(rejudge_compare, what_is_not_settled_waits)
{
    shown.received_utc_ms = said.settled_utc_ms + 1;
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_WAITING);
    shown.received_utc_ms--;
    said.alerts_wait = true;
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_WAITING);
}

Test(rejudge_compare, alerts_that_wait_for_days_after_their_track_are_held_back)
{
    said.alerts_wait = true;
    said.patient_utc_ms = shown.received_utc_ms - 1;
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_WAITING);
    said.patient_utc_ms = shown.received_utc_ms;
    cr_expect_eq(compare_doubt(&said, &shown), DOUBT_NONE);
}
