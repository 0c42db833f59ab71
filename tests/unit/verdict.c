#include "bureau/sightings/verdict.h"

#include <criterion/criterion.h>
#include <string.h>

/* 2026-09-14 is a Monday; the permit of tests/data/registry is for 06:30-07:40 on weekdays. */
static const int64_t MORNING_UTC_MS = 1789340400000, HOUR_MS = 3600000, YEAR_MS = 31536000000;

Test(verdict, is_the_one_of_the_instant_when_the_vehicle_was_seen)
{
    struct registry *registry = NULL;
    struct registry_faults faults;
    struct registry_answer answer;
    cr_assert_eq(registry_load("tests/data/registry", &registry, &faults), 0);
    const struct {
        const char *plate;
        int64_t seen_utc_ms;
        enum sighting_verdict verdict;
        bool accuses;
        const char *name;
    } cases[] = {
        {"", MORNING_UTC_MS, SIGHTING_UNREAD, false, "unread"},
        {"浙J1?345", MORNING_UTC_MS, SIGHTING_UNREAD, false, "unread"},
        {"浙J12345", MORNING_UTC_MS, SIGHTING_LICENSED, false, "licensed"},
        {"浙J12345", MORNING_UTC_MS + 3 * HOUR_MS, SIGHTING_WRONG_HOUR, false, "wrong_hour"},
        {"浙J12345", MORNING_UTC_MS - 20 * YEAR_MS, SIGHTING_EXPIRED, true, "expired"},
        {"浙J4567学", MORNING_UTC_MS, SIGHTING_NO_PERMIT, true, "no_permit"}, /* scrapped */
        {"浙A99999", MORNING_UTC_MS, SIGHTING_UNKNOWN, true, "unknown"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const enum sighting_verdict verdict =
            verdict_of(registry, cases[i].plate, cases[i].seen_utc_ms, &answer);
        cr_expect_eq(verdict, cases[i].verdict, "%s: %d", cases[i].plate, verdict);
        cr_expect_eq(verdict_accuses(verdict), cases[i].accuses, "%s", cases[i].plate);
        cr_expect_str_eq(verdict_name(verdict), cases[i].name);
    }
    registry_free(registry);
    registry_faults_free(&faults);
}

Test(verdict, every_one_has_words)
{
    for (int verdict = SIGHTING_UNREAD; verdict <= SIGHTING_UNKNOWN; verdict++) {
        cr_expect_gt(strlen(verdict_words_en((enum sighting_verdict)verdict)), 10);
        cr_expect_gt(strlen(verdict_words_zh((enum sighting_verdict)verdict)), 10);
        cr_expect_gt(strlen(verdict_name((enum sighting_verdict)verdict)), 5);
    }
    cr_expect_str_eq(verdict_name((enum sighting_verdict)99), "");
}
