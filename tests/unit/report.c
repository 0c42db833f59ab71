/* The term report: which days, which months, which row; what is said when nothing is known. The sums are
 * compared with the store row by row in tests/integration/report. */
#include "bureau/report/figures.h"
#include "bureau/report/text.h"
#include "bureau/store/cases.h"
#include "proto/utc.h"
#include "tests/unit/fixture_store.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seq;
static const uint8_t STREAM[BW_STREAM_LEN] = {1};

TestSuite(report, .init = open_store, .fini = close_store);

static int32_t day(const char *text)
{
    int32_t day = 0;
    cr_assert_eq(utc_day_parse(text, &day), 0);
    return day;
}

static int64_t instant(const char *text)
{
    int64_t utc_ms = 0;
    cr_assert_eq(utc_parse(text, &utc_ms), 0);
    return utc_ms;
}

static struct report_query term(const char *from, const char *to)
{
    return (struct report_query){.from_day = day(from),
                                 .to_day = day(to),
                                 .by = REPORT_BY_SCHOOL,
                                 .bureau = "",
                                 .now_utc_ms = instant("2026-07-20T00:00:00Z")};
}

static struct report *make(struct report_query query)
{
    struct report *report = NULL;
    cr_assert_eq(report_make(store, &query, NULL, NULL, &report), 0, "%s", store_error(store));
    return report;
}

static void run_sql(const char *sql)
{
    file_do(path, sql);
}

static void drive(const char *vehicle, const char *begun, uint32_t boarded, enum bw_quality quality)
{
    const int64_t begun_utc_ms = instant(begun);
    const struct bw_trip trip = {.begun_utc_ms = begun_utc_ms,
                                 .ended_utc_ms = begun_utc_ms + 1000,
                                 .boarded = boarded,
                                 .alighted = boarded,
                                 .quality = quality};
    cr_assert_eq(store_trip_apply(store, vehicle, STREAM, ++seq, &trip, begun_utc_ms + 2000), 0);
}

static void alert(const char *vehicle, const char *raised, int kind, enum bw_severity severity)
{
    const struct bw_alert told = {.kind = (enum bw_kind)kind,
                                  .phase = BW_RAISED,
                                  .severity = severity,
                                  .number = ++seq,
                                  .time_utc_ms = instant(raised),
                                  .raised_utc_ms = instant(raised)};
    int64_t event = 0;
    cr_assert_eq(store_alert_apply(store, vehicle, STREAM, seq, &told, instant(raised) + 200, &event), 0);
}

static int64_t open_case(const char *vehicle, const char *opened)
{
    const struct store_case_opening opening = {.kind = BW_OVERLOAD,
                                               .source = CASE_BY_ALERT,
                                               .subject = "",
                                               .vehicle = vehicle,
                                               .plate = "",
                                               .division = "",
                                               .severity = BW_MINOR,
                                               .trip_utc_ms = instant(opened), /* each its own */
                                               .happened_utc_ms = instant(opened),
                                               .utc_ms = instant(opened),
                                               .who = "test",
                                               .text = ""};
    int64_t id = 0;
    bool opened_one = false;
    cr_assert_eq(store_case_open(store, &CASE_POLICY_DEFAULT, &opening, &id, &opened_one), 0, "%s",
                 store_error(store));
    cr_assert(opened_one);
    return id;
}

static void act(int64_t id, enum case_action action, const char *when)
{
    const struct store_case_deed deed = {.action = action,
                                         .role = CASE_ROLE_BUREAU,
                                         .who = "test",
                                         .text = "好",
                                         .answer = CASE_DONE,
                                         .utc_ms = instant(when)};
    enum case_refusal refusal;
    cr_assert_eq(store_case_act(store, &CASE_POLICY_DEFAULT, id, 0, &deed, &refusal, NULL), 0, "%s",
                 store_error(store));
}

/* --- the term --- */

Test(report, a_term_is_a_year_at_most_and_does_not_end_before_it_begins)
{
    cr_expect_eq(report_check(0, 0), 0);
    cr_expect_eq(report_check(0, REPORT_DAYS_MAX - 1), 0);
    cr_expect_eq(report_check(0, REPORT_DAYS_MAX), -ERANGE);
    cr_expect_eq(report_check(1, 0), -EINVAL);
    struct report *report = NULL;
    const struct report_query query = term("2026-02-02", "2026-02-01");
    cr_expect_eq(report_make(store, &query, NULL, NULL, &report), -EINVAL);
    cr_expect_null(report);
}

Test(report, days_are_those_of_shanghai)
{
    drive("bus-a", "2026-02-28T15:59:59.999Z", 1, BW_QUALITY_GOOD); /* the last of February there */
    drive("bus-a", "2026-02-28T16:00:00Z", 2, BW_QUALITY_GOOD);     /* the first of March */
    drive("bus-a", "2026-03-31T15:59:59.999Z", 4, BW_QUALITY_GOOD);
    drive("bus-a", "2026-03-31T16:00:00Z", 8, BW_QUALITY_GOOD);
    struct report *report = make(term("2026-03-01", "2026-03-31"));
    cr_expect_eq(report->total.boarded, 6);
    cr_expect_eq(report->total.trips, 2);
    report_free(report);
}

Test(report, a_term_is_cut_into_the_months_that_it_touches)
{
    static const struct {
        const char *from, *to;
        size_t n;
        int first_month, last_month;
    } cases[] = {
        {"2026-02-23", "2026-07-10", 6, 2, 7},   {"2026-03-01", "2026-03-31", 1, 3, 3},
        {"2025-09-15", "2026-09-14", 13, 9, 9},  {"2025-12-31", "2026-01-01", 2, 12, 1},
        {"2024-01-01", "2024-12-31", 12, 1, 12},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct report *report = make(term(cases[i].from, cases[i].to));
        const struct report_month *last = &report->months[report->n_months - 1];
        cr_expect_eq(report->n_months, cases[i].n, "%s: %zu", cases[i].from, report->n_months);
        cr_expect_eq(report->months[0].month, cases[i].first_month);
        cr_expect_eq(last->month, cases[i].last_month);
        cr_expect_eq(report->months[0].from_day, day(cases[i].from));
        cr_expect_eq(last->to_day, day(cases[i].to));
        for (size_t k = 1; k < report->n_months; k++)
            cr_expect_eq(report->months[k].from_day, report->months[k - 1].to_day + 1);
        report_free(report);
    }
}

Test(report, what_happens_is_counted_in_its_own_month)
{
    drive("bus-a", "2026-02-28T15:59:59.999Z", 1, BW_QUALITY_GOOD);
    drive("bus-a", "2026-02-28T16:00:00Z", 2, BW_QUALITY_GOOD);
    alert("bus-a", "2026-02-28T16:00:00Z", BW_OVERLOAD, BW_SERIOUS);
    (void)open_case("bus-a", "2026-02-28T16:00:00Z");
    struct report *report = make(term("2026-02-01", "2026-03-31"));
    cr_expect_eq(report->months[0].counts.boarded, 1);
    cr_expect_eq(report->months[1].counts.boarded, 2);
    cr_expect_eq(report_alerts(&report->months[0].counts), 0);
    cr_expect_eq(report->months[1].counts.alerts[BW_OVERLOAD][BW_SERIOUS], 1);
    cr_expect_eq(report->months[1].counts.cases[BW_OVERLOAD].states[CASE_OPEN], 1);
    report_free(report);
}

/* --- rows --- */

Test(report, a_school_has_a_row_and_what_is_of_none_has_the_last)
{
    drive("bus-a", "2026-03-02T00:00:00Z", 5, BW_QUALITY_GOOD);
    drive("gone", "2026-03-02T00:00:00Z", 7, BW_QUALITY_GOOD);
    struct report *report = make(term("2026-03-01", "2026-03-31"));
    cr_assert_eq(report->n_rows, 3);
    int64_t boarded = 0, vehicles = 0;
    for (size_t i = 0; i < report->n_rows; i++) {
        boarded += report->rows[i].counts.boarded;
        vehicles += report->rows[i].counts.vehicles;
    }
    cr_expect_eq(boarded, 12);
    cr_expect_eq(report->total.boarded, 12);
    cr_expect_eq(vehicles, report->total.vehicles);
    cr_expect(!report->rows[2].in_registry);
    cr_expect_eq(report->rows[2].counts.boarded, 7);
    cr_expect_eq(report->rows[2].counts.vehicles, 0);
    cr_expect_eq(report->rows[2].counts.vehicles_ran, 1);
    cr_expect_str_eq(report_row_name(&report->rows[2], WORDS_ZH), "不在登记册内");
    report_free(report);
}

Test(report, a_township_that_the_registry_leaves_empty_is_a_row_too)
{
    struct report_query query = term("2026-03-01", "2026-03-31");
    query.by = REPORT_BY_TOWNSHIP;
    struct report *report = make(query);
    cr_assert_eq(report->n_rows, 2);
    cr_expect_str_eq(report_row_name(&report->rows[0], WORDS_ZH), "未注明乡镇");
    cr_expect_str_eq(report_row_name(&report->rows[1], WORDS_ZH), "石梁镇");
    cr_expect_eq(report->rows[0].counts.vehicles + report->rows[1].counts.vehicles, report->total.vehicles);
    report_free(report);
}

Test(report, one_school_alone_hears_of_itself_alone)
{
    struct report_query query = term("2026-03-01", "2026-03-31");
    drive("bus-a", "2026-03-02T00:00:00Z", 5, BW_QUALITY_GOOD);
    drive("bus-b", "2026-03-02T00:00:00Z", 7, BW_QUALITY_GOOD);
    drive("gone", "2026-03-02T00:00:00Z", 9, BW_QUALITY_GOOD);
    alert("bus-b", "2026-03-02T00:00:00Z", BW_OVERLOAD, BW_MINOR);
    (void)open_case("bus-b", "2026-03-02T00:00:00Z");
    query.school_id = "s-shiliang";
    struct report *report = make(query);
    cr_assert_eq(report->n_rows, 1);
    cr_expect_str_eq(report->rows[0].school_id, "s-shiliang");
    cr_expect_str_eq(report->school, "天台县石梁镇中心小学");
    cr_expect_eq(report->total.boarded, 5);
    cr_expect_eq(report->total.vehicles, 2);
    cr_expect_eq(report->total.vehicles_ran, 1);
    cr_expect_eq(report_alerts(&report->total), 0);
    const struct report_cases cases = report_cases(&report->total);
    cr_expect_eq(report_cases_found(&cases), 0);
    cr_expect_eq(report->times.taken.n, 0);
    report_free(report);
    query.school_id = "s-nowhere";
    cr_expect_eq(report_make(store, &query, NULL, NULL, &report), -ENOENT);
}

/* --- what nobody knows --- */

Test(report, pupils_on_trips_that_nobody_could_count_are_unknown_and_not_none)
{
    drive("bus-a", "2026-03-02T00:00:00Z", 0, BW_QUALITY_UNKNOWN);
    struct report *report = make(term("2026-03-01", "2026-03-31"));
    cr_expect(report_boarded_unknown(&report->total));
    report_free(report);
    drive("bus-a", "2026-03-02T01:00:00Z", 0, BW_QUALITY_GOOD); /* nobody was aboard */
    report = make(term("2026-03-01", "2026-03-31"));
    cr_expect(!report_boarded_unknown(&report->total));
    cr_expect_eq(report->total.trips_uncounted, 1);
    report_free(report);
    report = make(term("2026-04-01", "2026-04-30"));
    cr_expect(!report_boarded_unknown(&report->total), "no trip, so nobody was carried");
    report_free(report);
}

Test(report, what_was_counted_for_a_part_of_a_trip_counts)
{
    drive("bus-a", "2026-03-02T00:00:00Z", 3, BW_QUALITY_UNKNOWN);
    struct report *report = make(term("2026-03-01", "2026-03-31"));
    cr_expect_eq(report->total.boarded, 3);
    cr_expect_eq(report->total.trips_uncounted, 0);
    report_free(report);
}

Test(report, kinds_and_bands_of_a_later_version_are_counted_as_unknown)
{
    run_sql("INSERT INTO alert (vehicle, stream, number, kind, severity, raised_utc_ms)"
            " VALUES ('bus-a', zeroblob(8), 1, 40, 9, 1772409600000)"); /* 2026-03-02 */
    struct report *report = make(term("2026-03-01", "2026-03-31"));
    cr_expect_eq(report_alerts(&report->total), 1);
    cr_expect_eq(report->total.alerts[0][0], 1);
    report_free(report);
}

/* --- how long it took --- */

Test(report, half_and_nine_tenths_by_the_nearest_rank)
{
    static const struct {
        int n;
        int64_t median_ms, p90_ms;
    } cases[] = {{1, 60000, 60000},
                 {2, 60000, 120000},
                 {3, 120000, 180000},
                 {10, 300000, 540000},
                 {11, 360000, 600000}};
    int n = 0;
    char opened[40], taken[40];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (; n < cases[i].n; n++) {
            (void)snprintf(opened, sizeof opened, "2026-03-%02dT00:00:00Z", n + 2);
            (void)snprintf(taken, sizeof taken, "2026-03-%02dT00:%02d:00Z", n + 2, n + 1);
            act(open_case("bus-a", opened), CASE_DO_ACKNOWLEDGE, taken);
        }
        struct report *report = make(term("2026-03-01", "2026-03-31"));
        cr_expect_eq(report->times.taken.n, cases[i].n);
        cr_expect_eq(report->times.taken.median_ms, cases[i].median_ms, "%d", cases[i].n);
        cr_expect_eq(report->times.taken.p90_ms, cases[i].p90_ms, "%d", cases[i].n);
        cr_expect_eq(report->times.rectified.n, 0);
        report_free(report);
    }
}

Test(report, a_case_that_was_sent_back_is_rectified_when_it_was_done_last)
{
    const int64_t id = open_case("bus-a", "2026-03-02T00:00:00Z");
    act(id, CASE_DO_ASSIGN, "2026-03-02T00:01:00Z");
    act(id, CASE_DO_ANSWER, "2026-03-02T00:02:00Z");
    act(id, CASE_DO_RETURN, "2026-03-02T00:03:00Z");
    struct report *report = make(term("2026-03-01", "2026-03-31"));
    cr_expect_eq(report->times.rectified.n, 0, "it is not rectified now");
    cr_expect_eq(report_cases_rectified(&report->total.cases[BW_OVERLOAD]), 0);
    report_free(report);
    act(id, CASE_DO_ANSWER, "2026-03-02T00:04:00Z");
    act(id, CASE_DO_CLOSE, "2026-03-02T00:09:00Z");
    report = make(term("2026-03-01", "2026-03-31"));
    cr_expect_eq(report->times.taken.median_ms, 60000);
    cr_expect_eq(report->times.rectified.median_ms, 240000);
    cr_expect_eq(report_cases_rectified(&report->total.cases[BW_OVERLOAD]), 1);
    report_free(report);
}

Test(report, overdue_is_as_of_when_the_report_is_made)
{
    const int64_t id = open_case("bus-a", "2026-03-02T00:00:00Z");
    act(id, CASE_DO_ASSIGN, "2026-03-02T01:00:00Z"); /* 72 h */
    struct report_query query = term("2026-03-01", "2026-03-31");
    query.now_utc_ms = instant("2026-03-05T01:00:00Z");
    struct report *report = make(query);
    cr_expect_eq(report->total.cases[BW_OVERLOAD].overdue, 0);
    report_free(report);
    query.now_utc_ms++;
    report = make(query);
    cr_expect_eq(report->total.cases[BW_OVERLOAD].overdue, 1);
    report_free(report);
}

/* --- one moment --- */

static int come_in(void *context, unsigned done, unsigned of)
{
    (void)of;
    struct store *other = NULL;
    const struct bw_trip trip = {.begun_utc_ms = instant("2026-04-02T00:00:00Z"),
                                 .ended_utc_ms = instant("2026-04-02T00:10:00Z"),
                                 .boarded = 99,
                                 .quality = BW_QUALITY_GOOD};
    *(unsigned *)context += 1;
    if (done != 0)
        return 0;
    cr_assert_eq(store_open(path, &other), 0);
    cr_assert_eq(store_trip_apply(other, "bus-a", STREAM, 999, &trip, trip.ended_utc_ms), 0);
    store_close(other);
    return 0;
}

static int refuse(void *context, unsigned done, unsigned of)
{
    (void)context;
    (void)of;
    return done == 1 ? -ECANCELED : 0;
}

Test(report, whoever_is_told_may_end_it)
{
    const struct report_query query = term("2026-03-01", "2026-04-30");
    struct report *report = NULL;
    cr_expect_eq(report_make(store, &query, refuse, NULL, &report), -ECANCELED);
    cr_expect_null(report);
    report_free(make(query)); /* the transaction is over: another one begins */
}

Test(report, all_figures_are_of_one_moment)
{
    const struct report_query query = term("2026-03-01", "2026-04-30");
    struct report *report = NULL;
    unsigned told = 0;
    drive("bus-a", "2026-03-02T00:00:00Z", 5, BW_QUALITY_GOOD);
    cr_assert_eq(report_make(store, &query, come_in, &told, &report), 0, "%s", store_error(store));
    cr_expect_eq(report->total.boarded, 5, "what came in meanwhile is in the next report");
    cr_expect_eq(told, 3, "two months, and the end");
    report_free(report);
    report = make(query);
    cr_expect_eq(report->total.boarded, 104);
    report_free(report);
}

/* --- what retention took --- */

Test(report, what_retention_may_have_taken_is_named)
{
    static const struct {
        const char *sql, *zh;
        unsigned purged;
    } cases[] = {
        {"DELETE FROM purged_row", "", 0},
        {"INSERT INTO purged_row VALUES ('bus-a', 2, 1772294399999)", "", 0}, /* up to the first of March */
        {"INSERT INTO purged_row VALUES ('bus-a', 1, 1772294400001)", "预警的数字可能偏低",
         STORE_REPORT_ALERTS},
        {"UPDATE purged_row SET before_utc_ms = 1772294400001", "行程、预警的数字",
         STORE_REPORT_TRIPS | STORE_REPORT_ALERTS},
        {"DELETE FROM purged_row; INSERT INTO purged_case VALUES (1, 5)", "隐患的数字", STORE_REPORT_CASES},
        {"DELETE FROM purged_case; INSERT INTO purged_row VALUES ('', 3, 1772294400001)", "线索的数字",
         STORE_REPORT_SIGHTINGS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run_sql(cases[i].sql);
        struct report *report = make(term("2026-03-01", "2026-03-31"));
        char text[REPORT_TITLE_LEN];
        report_purged(report, WORDS_ZH, text);
        cr_expect_eq(report->purged, cases[i].purged, "%s: %u", cases[i].sql, report->purged);
        cr_expect(*cases[i].zh != '\0' ? strstr(text, cases[i].zh) != NULL : *text == '\0', "%s", text);
        report_free(report);
    }
}

Test(report, a_case_that_retention_took_is_of_another_term_when_cases_beside_it_are)
{
    (void)open_case("bus-a", "2026-01-05T00:00:00Z");
    (void)open_case("bus-a", "2026-01-06T00:00:00Z");
    (void)open_case("bus-a", "2026-04-05T00:00:00Z");
    run_sql("UPDATE cases SET id = 9 WHERE id = 3; INSERT INTO purged_case VALUES (1, 5)");
    struct report *report = make(term("2026-03-01", "2026-03-31"));
    cr_expect_eq(report->purged, 0, "before one that is from before the term");
    report_free(report);
    run_sql("INSERT INTO purged_case VALUES (10, 5)");
    report = make(term("2026-03-01", "2026-03-31"));
    cr_expect_eq(report->purged, 0, "after one that is from after it");
    report_free(report);
    run_sql("INSERT INTO purged_case VALUES (5, 5)");
    report = make(term("2026-03-01", "2026-03-31"));
    cr_expect_eq(report->purged, STORE_REPORT_CASES);
    report_free(report);
}

/* --- the text --- */

static const char *text_of(const struct report *report, enum words_language language)
{
    static char text[16384];
    FILE *out = fmemopen(text, sizeof text, "w");
    cr_assert_eq(report_write_text(report, language, out), 0);
    fclose(out);
    return text;
}

Test(report, the_title_says_whose_it_is)
{
    struct report_query query = term("2026-02-23", "2026-07-10");
    struct report *report = make(query);
    cr_expect(strstr(text_of(report, WORDS_ZH),
                     "行政区划331023校车安全管理情况\n（2026年2月23日至2026年7月10日）") != NULL);
    cr_expect(strstr(text_of(report, WORDS_EN),
                     "Division 331023: School vehicle safety\n2026-02-23 to 2026-07-10") != NULL);
    report_free(report);
    query.bureau = "天台县教育局";
    report = make(query);
    cr_expect(strncmp(text_of(report, WORDS_ZH), "天台县教育局校车安全管理情况\n",
                      strlen("天台县教育局校车安全管理情况\n")) == 0);
    cr_expect(strstr(text_of(report, WORDS_ZH), "2026-07-20 08:00（北京时间）由校车卫士 Buswarden") != NULL);
    report_free(report);
    query.school_id = "s-shiliang";
    report = make(query);
    cr_expect(strstr(text_of(report, WORDS_ZH), "天台县教育局天台县石梁镇中心小学校车安全管理情况") != NULL);
    cr_expect(strstr(text_of(report, WORDS_EN), "School vehicle safety, 天台县石梁镇中心小学") != NULL);
    report_free(report);
}

Test(report, the_text_says_what_is_not_known)
{
    struct report *report = make(term("2026-03-01", "2026-03-31"));
    cr_expect(strstr(text_of(report, WORDS_ZH), "本期没有行程记录。") != NULL);
    cr_expect(strstr(text_of(report, WORDS_ZH), "本期未发生预警。") != NULL);
    cr_expect(strstr(text_of(report, WORDS_ZH), "本期未发现需立案整改的隐患。") != NULL);
    cr_expect(!report_is_empty(report), "vehicles are registered");
    report_free(report);
    drive("bus-a", "2026-03-02T00:00:00Z", 0, BW_QUALITY_UNKNOWN);
    report = make(term("2026-03-01", "2026-03-31"));
    cr_expect(strstr(text_of(report, WORDS_ZH), "各趟次乘车人数均不详，接送学生人次无法统计。") != NULL);
    cr_expect(strstr(text_of(report, WORDS_ZH), "接送学生0人次，预警") != NULL,
              "the other school carried nobody");
    cr_expect(strstr(text_of(report, WORDS_ZH), "接送学生人次不详，预警") != NULL);
    cr_expect(strstr(text_of(report, WORDS_EN), "on none of them is it known how many were aboard") != NULL);
    report_free(report);
}

Test(report, a_span_is_said_in_the_two_greatest_units)
{
    static const struct {
        int64_t ms;
        const char *zh, *en;
    } cases[] = {
        {0, "0分钟", "0 min"},
        {1, "1分钟", "1 min"},
        {60000, "1分钟", "1 min"},
        {3599999, "1小时0分钟", "1 h 0 min"},
        {3660000, "1小时1分钟", "1 h 1 min"},
        {86400000, "1天0小时", "1 d 0 h"},
        {180000000, "2天2小时", "2 d 2 h"},
    };
    char text[REPORT_SPAN_LEN];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        report_span(cases[i].ms, WORDS_ZH, text);
        cr_expect_str_eq(text, cases[i].zh);
        report_span(cases[i].ms, WORDS_EN, text);
        cr_expect_str_eq(text, cases[i].en);
    }
}

Test(report, a_full_disk_is_an_error)
{
    struct report *report = make(term("2026-03-01", "2026-03-31"));
    FILE *full = fopen("/dev/full", "w");
    cr_assert_not_null(full);
    cr_expect_eq(report_write_text(report, WORDS_ZH, full), -EIO);
    fclose(full);
    report_free(report);
}
