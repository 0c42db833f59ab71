/* What is believed of a receiver. */
#include <criterion/criterion.h>
#include <math.h>

#include "gateway/source/report.h"

static const struct gps_window window = {.floor_utc_ms = 1000, .ceiling_utc_ms = 2000};

static const struct {
    int mode;
    struct bw_fix fix;
    int64_t utc_ms;
    const char *refused; /* NULL: accepted */
} cases[] = {
    {2, {{29.1, 121.0, 5}, 10, 90}, 1500, NULL},
    {3, {{-90, -180, 0}, 0, 0}, 1000, NULL},
    {3, {{90, 180, NAN}, NAN, NAN}, 2000, NULL},
    {3, {{0, 0, 1}, 105.6, 360}, 1500, NULL}, /* 380 km/h of multipath is a measurement: the rules judge it */
    {1, {{29.1, 121.0, 5}, 10, 90}, 1500, "no fix"},
    {0, {{29.1, 121.0, 5}, 10, 90}, 1500, "no fix"},
    {2, {{29.1, 121.0, 5}, 10, 90}, 0, "fix without a date"},
    {2, {{29.1, 121.0, 5}, 10, 90}, 999, "date too early"},
    {2, {{29.1, 121.0, 5}, 10, 90}, 2001, "date too late"},
    {2, {{NAN, 121.0, 5}, 10, 90}, 1500, "latitude out of range"},
    {2, {{90.001, 121.0, 5}, 10, 90}, 1500, "latitude out of range"},
    {2, {{29.1, NAN, 5}, 10, 90}, 1500, "longitude out of range"},
    {2, {{29.1, -180.001, 5}, 10, 90}, 1500, "longitude out of range"},
    {2, {{29.1, INFINITY, 5}, 10, 90}, 1500, "longitude out of range"},
    {2, {{29.1, 121.0, -1}, 10, 90}, 1500, "accuracy out of range"},
    {2, {{29.1, 121.0, INFINITY}, 10, 90}, 1500, "accuracy out of range"},
    {2, {{29.1, 121.0, 5}, -0.1, 90}, 1500, "speed out of range"},
    {2, {{29.1, 121.0, 5}, INFINITY, 90}, 1500, "speed out of range"},
    {2, {{29.1, 121.0, 5}, 10, 360.1}, 1500, "course out of range"},
};

Test(source_report, a_fix_is_accepted_or_refused_with_a_reason)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *reason = NULL;
        const bool good = gps_accept(cases[i].mode, &cases[i].fix, cases[i].utc_ms, &window, &reason);
        cr_expect_eq(good, cases[i].refused == NULL, "case %zu", i);
        if (cases[i].refused == NULL)
            continue;
        cr_assert_not_null(reason, "case %zu", i);
        cr_expect_str_eq(reason, cases[i].refused);
    }
}

Test(source_report, a_settled_report_holds_a_good_fix_or_none)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gps_report report = {cases[i].mode, cases[i].fix, cases[i].utc_ms};
        const bool refused = gps_settle(&report, &window) != NULL;
        cr_expect_eq(refused, cases[i].mode >= 2 && cases[i].refused != NULL, "case %zu", i);
        cr_expect_eq(report.mode, refused ? 0 : cases[i].mode, "case %zu", i);
        cr_expect_eq(isnan(report.fix.position.lat_deg) != 0, report.mode < 2, "case %zu", i);
        cr_expect(report.utc_ms == 0 || (report.utc_ms >= 1000 && report.utc_ms <= 2000), "case %zu", i);
    }
}

Test(source_report, accuracy_comes_from_eph_or_else_from_both_axes)
{
    cr_expect_eq(gps_accuracy_m(7, 3, 4), 7);
    cr_expect_eq(gps_accuracy_m(NAN, 3, 4), 5);
    cr_expect(isnan(gps_accuracy_m(NAN, NAN, 4)));
    cr_expect(isnan(gps_accuracy_m(NAN, 3, INFINITY)));
}
