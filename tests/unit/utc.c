/* Text forms of instants and days (proto/utc.h). */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "proto/utc.h"

Test(utc, instants_have_one_text_and_come_back)
{
    static const struct {
        int64_t utc_ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {951782399999, "2000-02-28T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {1789425600250, "2026-09-14T22:40:00.250Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[UTC_TEXT_LEN];
        int64_t back = 42;
        utc_format(rows[i].utc_ms, text);
        cr_expect_str_eq(text, rows[i].text);
        cr_expect_eq(utc_parse(rows[i].text, &back), 0);
        cr_expect_eq(back, rows[i].utc_ms, "%s", rows[i].text);
    }
}

Test(utc, decimals_are_optional_and_cut_to_milliseconds)
{
    int64_t utc_ms;
    cr_expect_eq(utc_parse("2026-09-14T22:40:00Z", &utc_ms), 0);
    cr_expect_eq(utc_ms, 1789425600000);
    cr_expect_eq(utc_parse("2026-09-14T22:40:00.9999999Z", &utc_ms), 0);
    cr_expect_eq(utc_ms, 1789425600999);
}

Test(utc, what_is_no_instant_is_refused_and_changes_nothing)
{
    static const char *const bad[] = {"",
                                      "2026-09-14",
                                      "2026-09-14T22:40:00",
                                      "2026-09-14T22:40:00+08:00",
                                      "2026-09-14T24:00:00Z",
                                      "2026-09-14T22:60:00Z",
                                      "2026-02-29T00:00:00Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "0000-01-01T00:00:00Z",
                                      "2026-09-14T22:40:00.Z",
                                      "2026-09-14T22:40:00Zz",
                                      " 2026-09-14T22:40:00Z"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t utc_ms = 42;
        cr_expect_eq(utc_parse(bad[i], &utc_ms), -EINVAL, "%s", bad[i]);
        cr_expect_eq(utc_ms, 42);
    }
}

Test(utc, every_day_of_four_centuries_comes_back)
{
    for (int32_t day = -146097; day < 146097; day++) {
        char text[UTC_DAY_TEXT_LEN];
        int32_t back;
        utc_day_format(day, text);
        cr_assert_eq(utc_day_parse(text, &back), 0, "%s", text);
        cr_assert_eq(back, day, "%s", text);
    }
}

Test(utc, local_time_is_eight_hours_ahead_in_china)
{
    int32_t day;
    int minute, weekday;
    utc_local(1789425600000, 480, &day, &minute, &weekday); /* Monday 2026-09-14T22:40Z = Tuesday 06:40 */
    cr_expect_eq(day, 20711);
    cr_expect_eq(minute, 6 * 60 + 40);
    cr_expect_eq(weekday, 2);
}

Test(utc, a_minute_of_the_day_reads_as_a_clock)
{
    static const struct {
        uint16_t minute;
        const char *text;
    } rows[] = {{0, "00:00"}, {390, "06:30"}, {1439, "23:59"}, {1440, "24:00"}, {1441, ""}, {UINT16_MAX, ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[UTC_MINUTE_TEXT_LEN];
        utc_minute_format(rows[i].minute, text);
        cr_expect_str_eq(text, rows[i].text);
    }
}
