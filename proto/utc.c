#include "proto/utc.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Days from civil and back, H. Hinnant, "chrono-Compatible Low-Level Date Algorithms": years run from March,
 * eras of 400 years hold 146,097 days. */
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    const int64_t era = (year >= 0 ? year : year - 399) / 400;
    const unsigned year_of_era = (unsigned)(year - era * 400);
    const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + (int64_t)day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    days += 719468;
    const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const unsigned day_of_era = (unsigned)(days - era * 146097);
    const unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned shifted_month = (5 * day_of_year + 2) / 153;
    *ret_day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    *ret_month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    *ret_year = (int64_t)year_of_era + era * 400 + (*ret_month <= 2);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool digits(const char **text, int n, unsigned *ret)
{
    unsigned value = 0;
    for (int i = 0; i < n; i++) {
        const char c = (*text)[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (unsigned)(c - '0');
    }
    *text += n;
    *ret = value;
    return true;
}

static bool literal(const char **text, char c)
{
    if (**text != c)
        return false;
    ++*text;
    return true;
}

static bool parse_date(const char **text, int64_t *ret_days)
{
    static const unsigned char month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year, month, day;
    if (!digits(text, 4, &year) || !literal(text, '-') || !digits(text, 2, &month) || !literal(text, '-') ||
        !digits(text, 2, &day))
        return false;
    if (year == 0 || month < 1 || month > 12 || day < 1 || day > month_days[month - 1])
        return false;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month == 2 && day == 29 && !leap)
        return false;
    *ret_days = days_from_civil(year, month, day);
    return true;
}

void utc_format(int64_t utc_ms, char ret[UTC_TEXT_LEN])
{
    const int64_t days = floor_div(utc_ms, UTC_MS_PER_DAY);
    const unsigned ms = (unsigned)(utc_ms - days * UTC_MS_PER_DAY);
    int64_t year;
    unsigned month, day;
    civil_from_days(days, &year, &month, &day);
    if (year < 1 || year > 9999) {
        ret[0] = '\0';
        return;
    }
    (void)snprintf(ret, UTC_TEXT_LEN, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)year % 10000,
                   month % 100, day % 100, ms / 3600000 % 100, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

int utc_parse(const char *text, int64_t *ret_utc_ms)
{
    int64_t days;
    unsigned hour, minute, second, ms = 0;
    if (!parse_date(&text, &days) || !literal(&text, 'T') || !digits(&text, 2, &hour) ||
        !literal(&text, ':') || !digits(&text, 2, &minute) || !literal(&text, ':') ||
        !digits(&text, 2, &second))
        return -EINVAL;
    if (hour > 23 || minute > 59 || second > 60) /* 60: a leap second, which is the next one here */
        return -EINVAL;
    if (literal(&text, '.')) {
        unsigned digit, scale = 100, n = 0;
        for (; digits(&text, 1, &digit); n++, scale /= 10)
            ms += digit * scale;
        if (n == 0)
            return -EINVAL;
    }
    if (!literal(&text, 'Z') || *text != '\0')
        return -EINVAL;
    *ret_utc_ms = days * UTC_MS_PER_DAY + ((int64_t)hour * 3600 + (int64_t)minute * 60 + second) * 1000 + ms;
    return 0;
}

int utc_day_parse(const char *text, int32_t *ret_day)
{
    int64_t days;
    if (!parse_date(&text, &days) || *text != '\0')
        return -EINVAL;
    *ret_day = (int32_t)days;
    return 0;
}

void utc_day_format(int32_t day, char ret[UTC_DAY_TEXT_LEN])
{
    char full[UTC_TEXT_LEN];
    utc_format((int64_t)day * UTC_MS_PER_DAY, full);
    full[full[0] == '\0' ? 0 : 10] = '\0';
    memcpy(ret, full, strlen(full) + 1);
}

void utc_minute_format(uint16_t minute, char ret[UTC_MINUTE_TEXT_LEN])
{
    ret[0] = '\0';
    if (minute <= 24 * 60)
        (void)snprintf(ret, UTC_MINUTE_TEXT_LEN, "%02u:%02u", (unsigned)minute / 60 % 100,
                       (unsigned)minute % 60);
}

void utc_local(int64_t utc_ms, int utc_offset_min, int32_t *ret_day, int *ret_minute, int *ret_weekday)
{
    const int64_t local_ms = utc_ms + (int64_t)utc_offset_min * 60000;
    const int64_t day = floor_div(local_ms, UTC_MS_PER_DAY);
    *ret_day = (int32_t)day;
    *ret_minute = (int)((local_ms - day * UTC_MS_PER_DAY) / 60000);
    *ret_weekday = (int)(day + 3 - floor_div(day + 3, 7) * 7) + 1; /* 1970-01-01 was a Thursday */
}
