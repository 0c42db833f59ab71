/* Text forms of instants and days. Proleptic Gregorian calendar, no leap seconds, no time zone database, no
 * clock. */
#ifndef BUSWARDEN_UTC_H
#define BUSWARDEN_UTC_H

#include <stddef.h>
#include <stdint.h>

enum { UTC_TEXT_LEN = 32, UTC_DAY_TEXT_LEN = 16, UTC_MINUTE_TEXT_LEN = 8 };
static const int64_t UTC_MS_PER_DAY = 86400000;

/* "2026-09-15T06:30:00.250Z" (RFC 3339, always milliseconds). Years 0001..9999, else "". */
void utc_format(int64_t utc_ms, char ret[UTC_TEXT_LEN]);
/* The same, with any number of decimals or none. 0 or -EINVAL. */
int utc_parse(const char *text, int64_t *ret_utc_ms);
/* "2026-09-15" as days since 1970-01-01, and back. Impossible dates are -EINVAL. */
int utc_day_parse(const char *text, int32_t *ret_day);
void utc_day_format(int32_t day, char ret[UTC_DAY_TEXT_LEN]);
/* "06:30"; "24:00" is the end of the day. Minutes beyond it are "". */
void utc_minute_format(uint16_t minute, char ret[UTC_MINUTE_TEXT_LEN]);
/* Local day, minute of that day (0..1439) and ISO weekday (1 = Monday) of an instant. */
void utc_local(int64_t utc_ms, int utc_offset_min, int32_t *ret_day, int *ret_minute, int *ret_weekday);

#endif
