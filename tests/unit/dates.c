/* Which dates of a receiver may be believed (gateway/dates.h). */
#include <criterion/criterion.h>

#include "gateway/dates.h"

Test(dates, neither_before_the_software_nor_long_after_software_and_licence)
{
    static const int64_t RELEASE = 1788220800000 /* 2026-09-01 */, YEAR = 31557600000;
    struct bw_permit old = {.valid_from_day = 14600}; /* 2009-12-22 */
    const struct bw_licence licence = {.issued_utc_ms = RELEASE + 3 * YEAR, .n_permits = 1, .permits = &old};
    cr_expect_eq(dates_believable(NULL, false).floor_utc_ms, RELEASE);
    cr_expect_lt(dates_believable(NULL, false).ceiling_utc_ms, RELEASE + 6 * YEAR);
    cr_expect_eq(dates_believable(&licence, false).floor_utc_ms, RELEASE,
                 "a live receiver is never that old");
    cr_expect_gt(dates_believable(&licence, false).ceiling_utc_ms, RELEASE + 7 * YEAR);
    cr_expect_eq(dates_believable(&licence, true).floor_utc_ms, 14600 * INT64_C(86400000));
}
