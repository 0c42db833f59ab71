/* Lines of `gpspipe -w`: what the gpsd source would have pushed. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/source/tpv.h"

static const struct gps_window window = {.floor_utc_ms = 1577836800000,    /* 2020-01-01 */
                                         .ceiling_utc_ms = 1893456000000}; /* 2030-01-01 */
static const int64_t NOON_MS = 1789473600250;

static int parse(const char *line, struct gps_report *ret_report, const char **ret_reason)
{
    return tpv_parse(line, strlen(line), &window, ret_report, ret_reason);
}

#define TPV  "{\"class\":\"TPV\",\"device\":\"/dev/ttyACM0\","
#define TIME "\"time\":\"2026-09-15T12:00:00.250Z\","

Test(tpv, a_fix_is_read_in_full)
{
    struct gps_report report;
    const char *reason = "";
    cr_assert_eq(
        parse(TPV "\"status\":2,\"mode\":3," TIME
                  "\"ept\":0.005,\"lat\":29.140000001,\"lon\":-121.03,\"altHAE\":1.5e2,\"epx\":3,\"epy\":4,"
                  "\"track\":271.5,\"speed\":4.25,\"eph\":7.5}\r\n",
              &report, &reason),
        0, "%s", reason);
    cr_expect_null(reason);
    cr_expect_eq(report.mode, 3);
    cr_expect_eq(report.utc_ms, NOON_MS);
    cr_expect_eq(report.fix.position.lat_deg, 29.140000001);
    cr_expect_eq(report.fix.position.lon_deg, -121.03);
    cr_expect_eq(report.fix.position.accuracy_m, 7.5);
    cr_expect_eq(report.fix.speed_mps, 4.25);
    cr_expect_eq(report.fix.course_deg, 271.5);
}

Test(tpv, what_a_fix_does_not_say_is_unknown)
{
    static const struct {
        const char *members;
        double accuracy_m;
    } cases[] = {{"", NAN},
                 {",\"epx\":3", NAN},
                 {",\"epx\":3,\"epy\":4", 5},
                 {",\"eph\":null,\"epx\":3,\"epy\":4", 5}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[256];
        struct gps_report report;
        const char *reason;
        (void)snprintf(line, sizeof line, TPV TIME "\"mode\":2,\"lat\":1,\"lon\":2%s}", cases[i].members);
        cr_assert_eq(parse(line, &report, &reason), 0);
        cr_expect_eq(report.mode, 2);
        cr_expect(isnan(report.fix.speed_mps) && isnan(report.fix.course_deg));
        cr_expect(isnan(cases[i].accuracy_m) ? isnan(report.fix.position.accuracy_m)
                                             : report.fix.position.accuracy_m == cases[i].accuracy_m);
    }
}

/* Reports without a fix that may be believed: mode, time and why. */
static const struct {
    const char *line;
    int mode;
    int64_t utc_ms;
    const char *reason;
} no_fix[] = {
    {TPV "\"mode\":0}", 0, 0, NULL},
    {TPV "\"x\":1}", 0, 0, NULL},
    {TPV TIME "\"mode\":1}", 1, NOON_MS, NULL},
    {TPV TIME "\"mode\":1,\"lat\":1,\"lon\":2,\"speed\":3}", 1, NOON_MS, NULL},
    {TPV "\"mode\":1,\"time\":\"1980-01-06T00:00:00.000Z\"}", 1, 0, NULL},
    {TPV "\"mode\":3,\"lat\":1,\"lon\":2}", 0, 0, "fix without a date"},
    {TPV "\"mode\":3,\"time\":\"yesterday\",\"lat\":1,\"lon\":2}", 0, 0, "fix without a date"},
    {TPV "\"mode\":3,\"time\":\"2034-01-01T00:00:00Z\",\"lat\":1,\"lon\":2}", 0, 0, "date too late"},
    {TPV "\"mode\":3,\"time\":\"1999-08-22T00:02:31Z\",\"lat\":1,\"lon\":2}", 0, 0, "date too early"},
    {TPV TIME "\"mode\":3,\"lon\":2}", 0, NOON_MS, "latitude out of range"},
    {TPV TIME "\"mode\":3,\"lat\":90.1,\"lon\":2}", 0, NOON_MS, "latitude out of range"},
    {TPV TIME "\"mode\":3,\"lat\":1,\"lon\":1e999}", 0, NOON_MS, "longitude out of range"},
    {TPV TIME "\"mode\":3,\"lat\":1,\"lon\":2,\"speed\":-1}", 0, NOON_MS, "speed out of range"},
};

Test(tpv, without_a_believable_fix_no_position_is_reported)
{
    for (size_t i = 0; i < sizeof no_fix / sizeof no_fix[0]; i++) {
        struct gps_report report;
        const char *reason = "";
        cr_assert_eq(parse(no_fix[i].line, &report, &reason), 0, "%s", no_fix[i].line);
        cr_expect_eq(report.mode, no_fix[i].mode, "%s", no_fix[i].line);
        cr_expect_eq(report.utc_ms, no_fix[i].utc_ms, "%s", no_fix[i].line);
        cr_expect(isnan(report.fix.position.lat_deg) && isnan(report.fix.speed_mps), "%s", no_fix[i].line);
        if (no_fix[i].reason == NULL)
            cr_expect_null(reason);
        else
            cr_expect_str_eq(reason, no_fix[i].reason);
    }
}

Test(tpv, other_lines_are_no_position_reports_rather_than_errors)
{
    static const char *const lines[] = {
        "",
        "  \r\n",
        "{}",
        "{\"mode\":3}",
        "{\"class\":\"VERSION\",\"release\":\"3.22\"}",
        "{\"class\":\"SKY\",\"satellites\":[{\"PRN\":1,\"used\":true},{\"PRN\":2,\"used\":false}]}",
        "{\"class\":\"WATCH\",\"enable\":true,\"x\":{\"class\":\"TPV\"}}",
        "{\"x\":[[],{},[1,-2.5e+3,\"]}\"]],\"class\":\"DEVICES\"}",
        "{\"class\":5}",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct gps_report report = {.mode = 77};
        const char *reason;
        cr_expect_eq(parse(lines[i], &report, &reason), -ENOMSG, "%s", lines[i]);
        cr_expect_eq(report.mode, 77);
    }
}

Test(tpv, unknown_members_of_any_kind_are_passed_over)
{
    struct gps_report report;
    const char *reason = "";
    cr_assert_eq(
        parse(
            " { \"a\\\"}\\u00e9\" : [ { \"lat\" : 5 } , null ] , \"lat\" : 1 , \"class\" : \"TPV\" ,\t\"o\":"
            "{\"lon\":7},\"mode\":2,\"lon\":2," TIME "\"s\":\"\\\\\\\"\",\"t\":true,\"f\":false} ",
            &report, &reason),
        0, "%s", reason);
    cr_expect_null(reason);
    cr_expect_eq(report.fix.position.lat_deg, 1);
    cr_expect_eq(report.fix.position.lon_deg, 2);
}

static const struct {
    const char *line, *reason;
} malformed[] = {
    {"$GPRMC,1,2", "not a JSON object"},
    {"[]", "not a JSON object"},
    {"{", "a string was expected"},
    {"{class:1}", "a string was expected"},
    {"{\"class\" 1}", "':' was expected"},
    {"{\"class\":}", "a value was expected"},
    {"{\"class\":\"TPV\",}", "a string was expected"},
    {"{\"class\":\"TPV\"", "object cut short"},
    {"{\"class\":\"TPV\",\"mode\":3", "object cut short"},
    {"{\"class\":\"TPV\",\"x\":", "object cut short"},
    {"{\"class\":\"TPV", "string cut short"},
    {"{\"class\":\"T\\xPV\"}", "bad escape in a string"},
    {"{\"class\":\"T\\u12g4\"}", "bad escape in a string"},
    {"{\"class\":\"T\nPV\"}", "control character in a string"},
    {"{\"x\":[1 2]}", "array cut short"},
    {"{\"x\":[1,]}", "a value was expected"},
    {"{\"x\":01}", "bad number"},
    {"{\"x\":-}", "bad number"},
    {"{\"x\":1.}", "bad number"},
    {"{\"x\":1e}", "bad number"},
    {"{\"x\":+1}", "a value was expected"},
    {"{\"x\":nan}", "a value was expected"},
    {"{\"x\":0x10}", "object cut short"},
    {"{\"x\":tru}", "a value was expected"},
    {"{} {}", "trailing bytes"},
    {TPV "\"mode\":4}", "mode is not 0, 1, 2 or 3"},
    {TPV "\"mode\":-1}", "mode is not 0, 1, 2 or 3"},
    {TPV "\"mode\":\"3\"}", "mode is not 0, 1, 2 or 3"},
    {TPV "\"lat\":\"1\"}", "lat or lon is no number"},
    {TPV "\"speed\":[]}", "speed or track is no number"},
    {TPV "\"eph\":true}", "eph is no number"},
    {TPV "\"epx\":{}}", "epx or epy is no number"},
    {"{\"x\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}", "nested too deep"},
};

Test(tpv, malformed_lines_are_errors_with_a_reason)
{
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        struct gps_report report = {.mode = 77};
        const char *reason = NULL;
        cr_expect_eq(parse(malformed[i].line, &report, &reason), -EINVAL, "%s", malformed[i].line);
        cr_assert_not_null(reason, "%s", malformed[i].line);
        cr_expect_str_eq(reason, malformed[i].reason);
        cr_expect_eq(report.mode, 77);
    }
}

Test(tpv, a_line_cut_anywhere_is_malformed)
{
    static const char line[] = TPV TIME "\"mode\":3,\"lat\":29.14,\"lon\":121.03,\"x\":[1,{\"y\":null}]}";
    for (size_t len = 1; len < sizeof line - 1; len++) {
        struct gps_report report;
        const char *reason;
        char *copy = malloc(len); /* exactly: a sanitized run sees a byte too many */
        cr_assert_not_null(copy);
        memcpy(copy, line, len);
        cr_expect_eq(tpv_parse(copy, len, &window, &report, &reason), -EINVAL, "%zu", len);
        free(copy);
    }
}
