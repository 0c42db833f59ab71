/* Who is asked why it says nothing: a table of situations on a school morning, and what is judged of the
 * whole county. Times are minutes after 06:00 of a Tuesday in China. */
#include "bureau/cases/silence.h"
#include "proto/utc.h"

#include <criterion/criterion.h>
#include <string.h>

static const int64_t SIX = 1789423200000; /* 2026-09-15T06:00+08:00 */
static const int64_t MIN_MS = 60000;

static int64_t at(int minute)
{
    return minute == 0 ? 0 : SIX + minute * MIN_MS;
}

/* --- one vehicle --- */

enum { NIGHT = -600, YEARS = -1000000 };

static const struct {
    const char *what;
    int begin, end; /* of its window; 0, 0 = none */
    int heard;      /* 0 = never */
    bool moving, carrying;
    int trip_ended;                              /* 0 = never */
    int now, up_since, outage_begin, outage_end; /* up_since 0 = away */
    bool no_device;
    enum silence_verdict verdict;
} VEHICLES[] = {
    /* the ordinary morning: 06:30 to 07:40 */
    {"no device was given to it", 30, 100, 0, false, false, 0, 60, NIGHT, 0, 0, true, SILENCE_NOT_EXPECTED},
    {"no permit for today", 0, 0, NIGHT, true, true, 0, 60, NIGHT, 0, 0, false, SILENCE_NOT_EXPECTED},
    {"under way and heard", 30, 100, 59, true, true, NIGHT, 60, NIGHT, 0, 0, false, SILENCE_HEARD},
    {"a word 5 minutes ago is one", 30, 100, 55, true, true, NIGHT, 60, NIGHT, 0, 0, false, SILENCE_HEARD},
    {"6 minutes: waited for", 30, 100, 54, true, true, NIGHT, 60, NIGHT, 0, 0, false, SILENCE_WAITING},
    {"20 minutes in a valley: waited for", 30, 100, 40, true, true, NIGHT, 60, NIGHT, 0, 0, false,
     SILENCE_WAITING},
    {"21 minutes: lost", 30, 100, 39, true, true, NIGHT, 60, NIGHT, 0, 0, false, SILENCE_LOST},
    {"lost though nobody knows who is aboard", 30, 100, 39, true, false, NIGHT, 60, NIGHT, 0, 0, false,
     SILENCE_LOST},
    {"standing with pupils aboard: lost", 30, 100, 39, false, true, NIGHT, 60, NIGHT, 0, 0, false,
     SILENCE_LOST},
    {"standing and empty: parked", 30, 100, 39, false, false, NIGHT, 60, NIGHT, 0, 0, false, SILENCE_PARKED},
    {"its trip was over: parked, whatever the seats say", 30, 100, 39, false, true, 38, 60, NIGHT, 0, 0,
     false, SILENCE_PARKED},
    {"a trip that ended long before is another", 30, 100, 39, false, true, 35, 60, NIGHT, 0, 0, false,
     SILENCE_LOST},
    {"drove off after its trip: lost", 30, 100, 39, true, true, 38, 60, NIGHT, 0, 0, false, SILENCE_LOST},
    {"came early, and is lost before its window", 30, 100, 15, true, true, NIGHT, 60, NIGHT, 0, 0, false,
     SILENCE_LOST},
    {"lost in the window, and the window is over", 30, 100, 90, true, true, NIGHT, 300, NIGHT, 0, 0, false,
     SILENCE_LOST},
    {"fell silent after its window", 30, 100, 100, true, true, NIGHT, 300, NIGHT, 0, 0, false, SILENCE_DONE},
    {"is still there after its window", 30, 100, 299, false, false, 95, 300, NIGHT, 0, 0, false,
     SILENCE_HEARD},
    /* not a word */
    {"parked last night, its window has begun", 30, 100, NIGHT, false, false, NIGHT, 60, YEARS, 0, 0, false,
     SILENCE_WAITING},
    {"its window is just over", 30, 100, NIGHT, false, false, NIGHT, 120, YEARS, 0, 0, false,
     SILENCE_WAITING},
    {"its window is over", 30, 100, NIGHT, false, false, NIGHT, 121, YEARS, 0, 0, false, SILENCE_ABSENT},
    {"and it was not parked last night", 30, 100, NIGHT, true, true, 0, 121, YEARS, 0, 0, false,
     SILENCE_ABSENT},
    {"never heard of since it was enrolled", 30, 100, 0, false, false, 0, 121, YEARS, 0, 0, false,
     SILENCE_NEVER_SEEN},
    {"never heard of, its window goes on", 30, 100, 0, false, false, 0, 100, YEARS, 0, 0, false,
     SILENCE_WAITING},
    {"a window of all day is no timetable", -360, 300, NIGHT, false, false, NIGHT, 321, YEARS, 0, 0, false,
     SILENCE_NOT_EXPECTED},
    {"but who runs in it and is lost is lost", -360, 300, 39, true, true, NIGHT, 60, YEARS, 0, 0, false,
     SILENCE_LOST},
    /* the bureau itself */
    {"the broker is away", 30, 100, 39, true, true, NIGHT, 60, 0, 0, 0, false, SILENCE_UNJUDGED},
    {"restarted at 06:40, heard before: it may have parked meanwhile", 30, 100, 39, true, true, NIGHT, 70, 40,
     0, 0, false, SILENCE_UNJUDGED},
    {"restarted at 06:40, heard after", 30, 100, 41, true, true, NIGHT, 70, 40, 0, 0, false, SILENCE_LOST},
    {"restarted at 06:40, heard before, but parked", 30, 100, 39, false, false, 39, 70, 40, 0, 0, false,
     SILENCE_PARKED},
    {"restarted within its window: what it said waits in the vehicle", 30, 100, NIGHT, false, false, NIGHT,
     121, 40, 0, 0, false, SILENCE_UNJUDGED},
    {"restarted before its window", 30, 100, NIGHT, false, false, NIGHT, 121, 29, 0, 0, false,
     SILENCE_ABSENT},
    {"fell silent in an outage that is over", 30, 100, 45, true, true, NIGHT, 90, NIGHT, 0, 60, false,
     SILENCE_UNJUDGED},
    {"fell silent after the outage", 30, 100, 61, true, true, NIGHT, 90, NIGHT, 0, 60, false, SILENCE_LOST},
    {"absent, and its window had an outage", 30, 100, NIGHT, false, false, NIGHT, 121, NIGHT, 0, 60, false,
     SILENCE_UNJUDGED},
    {"absent, and an outage goes on", 30, 100, NIGHT, false, false, NIGHT, 121, NIGHT, 60, 0, false,
     SILENCE_UNJUDGED},
    {"an outage goes on: lost counts for it", 30, 100, 39, true, true, NIGHT, 70, NIGHT, 50, 0, false,
     SILENCE_LOST},
};

Test(case_silence, each_situation_has_its_verdict)
{
    for (size_t i = 0; i < sizeof VEHICLES / sizeof *VEHICLES; i++) {
        const struct silence_vehicle vehicle = {
            .enrolled = !VEHICLES[i].no_device,
            .window = {at(VEHICLES[i].begin), at(VEHICLES[i].end)},
            .heard_utc_ms = at(VEHICLES[i].heard),
            .moving = VEHICLES[i].moving,
            .carrying = VEHICLES[i].carrying,
            .trip_ended_utc_ms = at(VEHICLES[i].trip_ended),
        };
        const struct silence_bureau bureau = {.now_utc_ms = at(VEHICLES[i].now),
                                              .up_since_utc_ms = at(VEHICLES[i].up_since),
                                              .outage_begin_utc_ms = at(VEHICLES[i].outage_begin),
                                              .outage_end_utc_ms = at(VEHICLES[i].outage_end)};
        const enum silence_verdict verdict = silence_judge(&SILENCE_DEFAULT, &vehicle, &bureau);
        cr_expect_eq(verdict, VEHICLES[i].verdict, "%s: %s", VEHICLES[i].what, silence_verdict_name(verdict));
    }
}

/* --- its window --- */

Test(case_silence, of_several_permits_the_window_that_began_last_counts)
{
    static const struct {
        int now, from_day, until_day; /* days: relative to today */
        uint8_t weekdays;
        enum bw_permit_status status;
        int begin, end; /* what comes out, in minutes after six; 0, 0 none */
    } table[] = {
        {29, 0, 0, 0x7f, BW_STATUS_ACTIVE, 0, 0},     {30, 0, 0, 0x7f, BW_STATUS_ACTIVE, 30, 100},
        {500, 0, 0, 0x7f, BW_STATUS_ACTIVE, 30, 100}, {60, 1, 9, 0x7f, BW_STATUS_ACTIVE, 0, 0},
        {60, -9, -1, 0x7f, BW_STATUS_ACTIVE, 0, 0},   {60, 0, 0, 0x02, BW_STATUS_ACTIVE, 30, 100},
        {60, 0, 0, 0x7d, BW_STATUS_ACTIVE, 0, 0},     {60, 0, 0, 0x7f, BW_STATUS_SUSPENDED, 0, 0},
        {60, 0, 0, 0x7f, BW_STATUS_REVOKED, 0, 0},
    };
    int32_t today;
    int minute, weekday;
    utc_local(SIX, 480, &today, &minute, &weekday);
    cr_assert(minute == 360 && weekday == 2);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct silence_window window = {0};
        const struct bw_permit permit = {.weekdays = table[i].weekdays,
                                         .window_start_min = 390,
                                         .window_end_min = 460,
                                         .valid_from_day = today + table[i].from_day,
                                         .valid_until_day = today + table[i].until_day,
                                         .status = table[i].status};
        silence_add_permit(&window, &permit, at(table[i].now));
        cr_expect(window.begin_utc_ms == at(table[i].begin) && window.end_utc_ms == at(table[i].end),
                  "row %zu", i);
    }
    struct silence_window window = {0};
    struct bw_permit permit = {.weekdays = 0x7f,
                               .window_start_min = 960,
                               .window_end_min = 1050,
                               .valid_until_day = today,
                               .status = BW_STATUS_ACTIVE};
    silence_add_permit(&window, &permit, at(610));
    permit.window_start_min = 390;
    silence_add_permit(&window, &permit, at(610));
    cr_expect_eq(window.begin_utc_ms, at(600));
    permit.window_start_min = 960;
    permit.window_end_min = 1080;
    silence_add_permit(&window, &permit, at(610));
    cr_expect_eq(window.end_utc_ms, at(720));
}

/* --- the county --- */

static const struct {
    const char *what;
    uint32_t heard, parked, waiting, lost, at_once, absent, never;
    bool away;
    enum silence_county county;
    bool lost_is_case, absent_is_case; /* of a school with one of each, and one that was heard */
} COUNTIES[] = {
    {"all is well", 300, 0, 0, 0, 0, 0, 0, false, SILENCE_COUNTY_FINE, true, true},
    {"one lost", 299, 0, 0, 1, 1, 0, 0, false, SILENCE_COUNTY_FINE, true, true},
    {"one absent", 299, 0, 0, 0, 0, 1, 0, false, SILENCE_COUNTY_FINE, true, true},
    {"three hundred lost at once", 0, 0, 0, 300, 300, 0, 0, false, SILENCE_COUNTY_BREAK, false, false},
    {"half of those on their way, most have parked", 5, 280, 0, 5, 5, 0, 0, false, SILENCE_COUNTY_BREAK,
     false, false},
    {"fewer than half", 6, 0, 0, 5, 5, 0, 0, false, SILENCE_COUNTY_FINE, true, true},
    {"two of two are no outage", 0, 0, 0, 2, 2, 0, 0, false, SILENCE_COUNTY_FINE, true, true},
    {"lost one by one since this morning", 0, 290, 0, 10, 1, 0, 0, false, SILENCE_COUNTY_FINE, true, true},
    {"the others fall silent a moment later", 0, 0, 150, 150, 150, 0, 0, false, SILENCE_COUNTY_BREAK, false,
     false},
    {"a holiday: nobody runs", 0, 0, 0, 0, 0, 250, 50, false, SILENCE_COUNTY_QUIET, true, false},
    {"a holiday, and one school has lessons", 0, 20, 0, 0, 0, 280, 0, false, SILENCE_COUNTY_QUIET, true,
     false},
    {"half of them run", 100, 50, 0, 0, 0, 150, 0, false, SILENCE_COUNTY_FINE, true, true},
    {"the broker is away", 0, 0, 0, 0, 0, 0, 0, true, SILENCE_COUNTY_DEAF, false, false},
};

Test(case_silence, a_county_that_falls_silent_is_one_case_and_a_holiday_is_none)
{
    for (size_t i = 0; i < sizeof COUNTIES / sizeof *COUNTIES; i++) {
        const struct silence_count county = {.of = {[SILENCE_HEARD] = COUNTIES[i].heard,
                                                    [SILENCE_PARKED] = COUNTIES[i].parked,
                                                    [SILENCE_WAITING] = COUNTIES[i].waiting,
                                                    [SILENCE_LOST] = COUNTIES[i].lost,
                                                    [SILENCE_ABSENT] = COUNTIES[i].absent,
                                                    [SILENCE_NEVER_SEEN] = COUNTIES[i].never},
                                             .lost_at_once = COUNTIES[i].at_once};
        const struct silence_count school = {
            .of = {[SILENCE_HEARD] = 1, [SILENCE_LOST] = 1, [SILENCE_ABSENT] = 2}};
        const struct silence_bureau bureau = {.now_utc_ms = at(60),
                                              .up_since_utc_ms = COUNTIES[i].away ? 0 : at(NIGHT)};
        const enum silence_county got = silence_judge_county(&SILENCE_DEFAULT, &county, &bureau);
        cr_expect_eq(got, COUNTIES[i].county, "%s: %d", COUNTIES[i].what, (int)got);
        cr_expect_eq(silence_is_case(SILENCE_LOST, got, &school), COUNTIES[i].lost_is_case, "%s",
                     COUNTIES[i].what);
        cr_expect_eq(silence_is_case(SILENCE_ABSENT, got, &school), COUNTIES[i].absent_is_case, "%s",
                     COUNTIES[i].what);
        for (int verdict = SILENCE_NOT_EXPECTED; verdict < SILENCE_LOST; verdict++)
            cr_expect_not(silence_is_case((enum silence_verdict)verdict, got, &school));
    }
}

Test(case_silence, a_school_that_is_closed_today_is_not_asked)
{
    const struct silence_count closed = {.of = {[SILENCE_ABSENT] = 2}},
                               single = {.of = {[SILENCE_ABSENT] = 1}},
                               open = {.of = {[SILENCE_ABSENT] = 2, [SILENCE_DONE] = 1}};
    cr_expect_not(silence_is_case(SILENCE_ABSENT, SILENCE_COUNTY_FINE, &closed));
    cr_expect(silence_is_case(SILENCE_ABSENT, SILENCE_COUNTY_FINE, &open));
    cr_expect(silence_is_case(SILENCE_NEVER_SEEN, SILENCE_COUNTY_FINE, &single));
}

Test(case_silence, who_is_lost_at_once)
{
    const struct {
        int heard, now, outage_begin;
        uint32_t at_once;
    } table[] = {{39, 60, 0, 1}, {20, 60, 0, 1}, {19, 60, 0, 0}, {19, 300, 30, 1}, {9, 300, 30, 0}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct silence_count count = {0};
        const struct silence_vehicle vehicle = {.heard_utc_ms = at(table[i].heard)};
        const struct silence_bureau bureau = {.now_utc_ms = at(table[i].now),
                                              .outage_begin_utc_ms = at(table[i].outage_begin)};
        silence_count(&count, &SILENCE_DEFAULT, &vehicle, &bureau, SILENCE_LOST);
        cr_expect(count.of[SILENCE_LOST] == 1 && count.lost_at_once == table[i].at_once, "row %zu", i);
        silence_count(&count, &SILENCE_DEFAULT, &vehicle, &bureau, SILENCE_HEARD);
        cr_expect_eq(count.lost_at_once, table[i].at_once);
    }
    cr_expect_str_eq(silence_verdict_name(SILENCE_NEVER_SEEN), "never_seen");
    cr_expect_str_eq(silence_verdict_name(SILENCE_VERDICTS), "");
}
