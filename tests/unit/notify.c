/* What is told, in which words, and when: texts, digests, rate windows, quiet hours, pauses. */
#include "bureau/notify/pace.h"
#include "bureau/notify/text.h"
#include "proto/utc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t at(const char *text)
{
    int64_t utc_ms = 0;
    cr_assert_eq(utc_parse(text, &utc_ms), 0);
    return utc_ms;
}

static struct store_notice overload(void)
{
    return (struct store_notice){
        .id = 1,
        .source = STORE_NOTICE_OF_ALERT,
        .source_id = 17,
        .what = STORE_NOTICE_RAISED,
        .kind = BW_OVERLOAD,
        .severity = BW_SERIOUS,
        .time_utc_ms = at("2026-11-27T23:12:00Z"),
        .vehicle = "bus-a",
        .plate = "浙J12345",
        .school_id = "s-1",
        .school = "石梁镇中心小学",
        .division = "331023",
        .route = "石梁一线",
        .stop = "东门",
        .aboard = 24,
        .capacity = 18,
    };
}

static struct store_notice left_behind(void)
{
    struct store_notice notice = overload();
    notice.kind = BW_CHILD_LEFT_BEHIND;
    notice.severity = BW_SERIOUS;
    notice.urgent = true;
    notice.aboard = 1;
    notice.capacity = 0;
    return notice;
}

static bool is_utf8(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        const int more = *c < 0x80 ? 0 : *c >= 0xf0 ? 3 : *c >= 0xe0 ? 2 : *c >= 0xc2 ? 1 : -1;
        if (more < 0)
            return false;
        c++;
        for (int i = 0; i < more; i++, c++)
            if ((*c & 0xc0) != 0x80)
                return false;
    }
    return true;
}

/* --- words --- */

Test(text, one_notice_says_what_who_how_many_where_and_when)
{
    static const struct {
        enum notify_language language;
        const char *text;
    } cases[] = {
        {NOTIFY_ZH, "【校车卫士】超员（严重）\n浙J12345，石梁镇中心小学\n实载 24 人，核定 18 人，超 6 人\n"
                    "地点：石梁一线，东门\n时间：2026-11-28 07:12\nhttps://b.example.cn/#alerts"},
        {NOTIFY_EN,
         "[Buswarden] overloaded (serious)\n浙J12345, 石梁镇中心小学\n24 aboard, 18 approved, 6 over\n"
         "Place: 石梁一线, 东门\nTime: 2026-11-28 07:12\nhttps://b.example.cn/#alerts"},
    };
    const struct store_notice notice = overload();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[NOTIFY_TEXT_MAX];
        const struct notify_text_options options = {cases[i].language, "https://b.example.cn/"};
        notify_text_one(&options, &notice, text);
        cr_expect_str_eq(text, cases[i].text);
    }
}

Test(text, a_child_left_behind_is_urgent_until_it_is_over)
{
    const struct notify_text_options options = {NOTIFY_ZH, ""};
    char text[NOTIFY_TEXT_MAX];
    struct store_notice notice = left_behind();
    notify_text_one(&options, &notice, text);
    cr_expect_str_eq(text, "【校车卫士】紧急：学生滞留车内\n浙J12345，石梁镇中心小学\n车内至少 1 人\n"
                           "地点：石梁一线，东门\n时间：2026-11-28 07:12");
    notice.what = STORE_NOTICE_OVER;
    notice.late = true;
    notify_text_one(&options, &notice, text);
    cr_expect(strstr(text, "【校车卫士】学生滞留车内，已解除\n") == text, "%s", text);
    cr_expect(strstr(text, "07:12（数据迟到）") != NULL, "%s", text);
}

Test(text, a_case_has_its_number_and_its_deadline)
{
    const struct notify_text_options options = {NOTIFY_EN, "https://b.example.cn"};
    char text[NOTIFY_TEXT_MAX];
    struct store_notice notice = overload();
    notice.source = STORE_NOTICE_OF_CASE;
    notice.what = STORE_NOTICE_CASE_ASSIGNED;
    notice.capacity = 0;
    notice.case_id = 12;
    notice.deadline_utc_ms = at("2026-12-01T16:00:00Z");
    notify_text_one(&options, &notice, text);
    cr_expect(strstr(text, "overloaded (serious), assigned: to be put right\n") != NULL, "%s", text);
    cr_expect(
        strstr(text, "\nCase 12, due by 2026-12-02 00:00\nhttps://b.example.cn/console/cases.html#12") !=
            NULL,
        "%s", text);
}

Test(text, what_nobody_knows_is_left_out)
{
    const struct notify_text_options options = {NOTIFY_ZH, ""};
    char text[NOTIFY_TEXT_MAX];
    const struct store_notice notice = {.kind = 21,
                                        .what = STORE_NOTICE_CASE_OPENED,
                                        .severity = BW_SERIOUS,
                                        .time_utc_ms = at("2026-11-27T23:12:00Z"),
                                        .vehicle = "",
                                        .plate = "",
                                        .school_id = "",
                                        .school = "",
                                        .division = "",
                                        .route = "",
                                        .stop = ""};
    notify_text_one(&options, &notice, text);
    cr_expect_str_eq(text, "【校车卫士】大面积失联（严重），已立案\n时间：2026-11-28 07:12");
}

/* A name in a file of people must not pass for a line of ours; the longest names fit, or are cut whole. */
Test(text, names_of_any_length_and_kind_stay_in_their_line)
{
    const struct notify_text_options options = {NOTIFY_ZH, "https://b.example.cn/"};
    char text[NOTIFY_TEXT_MAX], name[BW_NAME_LEN] = "";
    struct store_notice notice = overload();
    for (size_t i = 0; i + 3 < sizeof(name); i += 3)
        memcpy(name + i, "校", 4);
    notice.school = notice.route = notice.stop = name;
    notify_text_one(&options, &notice, text);
    cr_expect(is_utf8(text) && strstr(text, "#alerts") != NULL, "%s", text);
    notice.school = "假\n时间：从来没有\r\x1b[2J";
    notify_text_one(&options, &notice, text);
    cr_expect(strstr(text, "假 时间：从来没有") != NULL, "%s", text);
    cr_expect_null(strchr(text, '\x1b'));
    cr_expect_null(strchr(text, '\r'));
}

Test(text, the_title_is_the_first_line_and_is_cut_between_characters)
{
    char title[NOTIFY_TITLE_MAX], text[400] = "";
    notify_title("【校车卫士】超员\n浙J12345", title);
    cr_expect_str_eq(title, "【校车卫士】超员");
    for (int i = 0; i < 100; i++)
        strcat(text, "校");
    notify_title(text, title);
    cr_expect(is_utf8(title) && strlen(title) >= NOTIFY_TITLE_MAX - 5, "%s", title);
}

/* --- digests --- */

static void fill(struct notify_digest *digest, const struct notify_text_options *options, int n)
{
    struct store_notice notice = overload();
    notify_digest_begin(digest, options);
    for (int i = 0; i < n; i++) {
        notice.kind = i % 3 == 0 ? BW_OVERSPEED : BW_OVERLOAD;
        notice.capacity = i % 3 == 0 ? 0 : 18;
        notify_digest_add(digest, &notice);
    }
}

Test(digest, few_have_a_line_each)
{
    static struct notify_digest digest;
    const struct notify_text_options options = {NOTIFY_ZH, "https://b.example.cn"};
    char text[NOTIFY_TEXT_MAX];
    fill(&digest, &options, 3);
    notify_digest_end(&digest, text);
    cr_expect_str_eq(text, "【校车卫士】3 条通知：超员 2、超速 1\n"
                           "07:12 浙J12345 超速（严重），石梁镇中心小学\n"
                           "07:12 浙J12345 超员（严重） 24/18，石梁镇中心小学\n"
                           "07:12 浙J12345 超员（严重） 24/18，石梁镇中心小学\n"
                           "https://b.example.cn/#alerts");
}

Test(digest, of_many_each_one_is_counted_and_none_is_too_long)
{
    static struct notify_digest digest;
    static const int numbers[] = {2, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 50, 200, 5000};
    for (int language = NOTIFY_ZH; language <= NOTIFY_EN; language++)
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
            const struct notify_text_options options = {(enum notify_language)language,
                                                        "https://b.example.cn"};
            char text[NOTIFY_TEXT_MAX], head[64];
            int lines = -1, more = 0; /* the head's own */
            fill(&digest, &options, numbers[i]);
            notify_digest_end(&digest, text);
            for (const char *c = text; *c; c++)
                lines += *c == '\n';
            const char *rest = strstr(text, language == NOTIFY_ZH ? "\n另有 " : "\nand ");
            if (rest)
                more = atoi(rest + (language == NOTIFY_ZH ? strlen("\n另有 ") : strlen("\nand ")));
            lines = lines + 1 - 1 - (rest ? 1 : 0); /* without the link, and the line of the rest */
            (void)snprintf(head, sizeof(head),
                           language == NOTIFY_ZH ? "【校车卫士】%d 条通知" : "[Buswarden] %d notices",
                           numbers[i]);
            cr_expect(strncmp(text, head, strlen(head)) == 0, "%s", text);
            cr_expect_eq(lines + more, numbers[i], "%d lines and %d more of %d: %s", lines, more, numbers[i],
                         text);
            cr_expect(strlen(text) < 2048 && is_utf8(text));
            cr_expect(strstr(text, "/#alerts") != NULL, "the link is cut off: %s", text);
        }
}

Test(digest, every_kind_at_once_leaves_room_for_lines_and_link)
{
    static struct notify_digest digest;
    const struct notify_text_options options = {
        NOTIFY_ZH,
        "https://a-rather-long-name-of-a-host.of-a-county.example.cn/behind/a/proxy/with/a/long/path/"};
    char text[NOTIFY_TEXT_MAX];
    struct store_notice notice = overload();
    notify_digest_begin(&digest, &options);
    for (int i = 0; i < 32 * 400; i++) {
        notice.kind = i % 32;
        notify_digest_add(&digest, &notice);
    }
    notify_digest_end(&digest, text);
    cr_expect(strstr(text, "/long/path/#alerts") != NULL, "%s", text);
    cr_expect(strstr(text, "超员 400、") != NULL, "%s", text);
    cr_expect(strstr(text, "07:12 浙J12345") != NULL, "%s", text);
}

Test(kinds, are_known_by_name)
{
    cr_expect(notify_kind_known("OVERLOAD") && notify_kind_known("TAMPER") && notify_kind_known("SILENT"));
    cr_expect_not(notify_kind_known("overload") || notify_kind_known("") || notify_kind_known("NONE"));
    cr_expect_str_eq(notify_kind_name(BW_CHILD_LEFT_BEHIND), "CHILD_LEFT_BEHIND");
    cr_expect_str_eq(notify_kind_name(-1), "NONE");
    cr_expect_str_eq(notify_kind_name(31), "NONE");
    cr_expect_str_eq(notify_kind_name(32), "NONE");
}

/* --- pace --- */

Test(pace, a_quarter_is_kept_for_what_is_urgent)
{
    static const unsigned cases[][2] = {{1, 1}, {2, 1}, {3, 2}, {4, 3}, {8, 6}, {20, 15}, {100, 75}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_expect_eq(pace_ordinary_limit(cases[i][0]), cases[i][1], "of %u", cases[i][0]);
}

Test(pace, one_by_one_as_long_as_all_fit_then_one_for_all)
{
    static const struct {
        unsigned limit, used;
        size_t waiting;
        enum pace_next ordinary, urgent;
    } cases[] = {
        {20, 0, 0, PACE_WAIT, PACE_WAIT},   {20, 0, 1, PACE_ONE, PACE_ONE},
        {20, 0, 15, PACE_ONE, PACE_ONE},    {20, 0, 16, PACE_DIGEST, PACE_ONE},
        {20, 14, 1, PACE_ONE, PACE_ONE},    {20, 14, 2, PACE_DIGEST, PACE_ONE},
        {20, 15, 500, PACE_WAIT, PACE_ONE}, {20, 19, 1, PACE_WAIT, PACE_ONE},
        {20, 20, 1, PACE_WAIT, PACE_WAIT},  {20, 4000, 1, PACE_WAIT, PACE_WAIT},
        {1, 0, 2, PACE_DIGEST, PACE_ONE},   {1, 1, 1, PACE_WAIT, PACE_WAIT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_expect_eq(pace_ordinary(cases[i].limit, cases[i].used, cases[i].waiting), cases[i].ordinary,
                     "ordinary %zu", i);
        cr_expect_eq(pace_urgent(cases[i].limit, cases[i].used, cases[i].waiting), cases[i].urgent,
                     "urgent %zu", i);
    }
}

/* A storm over ten minutes, second by second: never more than the limit in any minute, and all is told. */
Test(pace, a_storm_stays_within_the_limit_and_nothing_is_left_over)
{
    static int64_t sent_s[2000];
    enum { LIMIT = 20, MINUTE = 60, STORM_S = 600, END_S = 800 };
    size_t n_sent = 0, waiting = 0, told = 0, born = 0;
    for (int64_t now_s = 0; now_s < END_S; now_s++) {
        if (now_s < STORM_S) {
            waiting += now_s % 100 == 0 ? 40 : 1;
            born += now_s % 100 == 0 ? 40 : 1;
        }
        for (;;) {
            unsigned used = 0;
            for (size_t i = 0; i < n_sent; i++)
                used += sent_s[i] > now_s - MINUTE;
            cr_assert_leq(used, LIMIT);
            const enum pace_next next = pace_ordinary(LIMIT, used, waiting);
            if (next == PACE_WAIT)
                break;
            sent_s[n_sent++] = now_s;
            const size_t n = next == PACE_DIGEST ? waiting : 1;
            told += n;
            waiting -= n;
        }
    }
    cr_expect_eq(waiting, 0);
    cr_expect_eq(told, born);
}

Test(pace, quiet_hours_may_go_over_midnight)
{
    static const struct {
        struct notify_quiet quiet;
        const char *utc; /* eight hours before local time */
        bool is_quiet;
    } cases[] = {
        {{22 * 60, 6 * 60 + 30}, "2026-11-27T13:59:59Z", false},
        {{22 * 60, 6 * 60 + 30}, "2026-11-27T14:00:00Z", true},
        {{22 * 60, 6 * 60 + 30}, "2026-11-27T16:00:00Z", true},
        {{22 * 60, 6 * 60 + 30}, "2026-11-27T22:29:59Z", true},
        {{22 * 60, 6 * 60 + 30}, "2026-11-27T22:30:00Z", false},
        {{12 * 60, 13 * 60}, "2026-11-27T04:30:00Z", true},
        {{12 * 60, 13 * 60}, "2026-11-27T05:00:00Z", false},
        {{0, 0}, "2026-11-27T16:00:00Z", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_expect_eq(pace_is_quiet(&cases[i].quiet, at(cases[i].utc)), cases[i].is_quiet, "%zu", i);
}

Test(pace, pauses_double_up_to_the_longest_and_have_chance_in_them)
{
    const struct pace_backoff backoff = {5, 300};
    static const int64_t longest_s[] = {5, 10, 20, 40, 80, 160, 300, 300};
    for (unsigned i = 0; i < 8; i++) {
        cr_expect_eq(pace_backoff_ms(&backoff, i + 1, UINT32_MAX, 0), longest_s[i] * 1000);
        cr_expect_eq(pace_backoff_ms(&backoff, i + 1, 0, 0), longest_s[i] * 500);
    }
    cr_expect_eq(pace_backoff_ms(&backoff, 4000000000U, UINT32_MAX, 0), 300000);
    cr_expect_eq(pace_backoff_ms(&backoff, 1, 0, 60), 60000, "the server asked for a minute");
    cr_expect_eq(pace_backoff_ms(&backoff, 1, 0, 86400), 300000, "and not for a day");
    const struct pace_backoff endless = {1000000000, 1000000000};
    cr_expect_eq(pace_backoff_ms(&endless, 50, UINT32_MAX, 0), INT64_C(1000000000000));
}

Test(pace, a_clock_that_was_set_back_holds_nothing_for_longer_than_a_pause)
{
    cr_expect(pace_is_due(1000, 1000, 300));
    cr_expect_not(pace_is_due(1001, 1000, 300));
    cr_expect_not(pace_is_due(301000, 1000, 300));
    cr_expect(pace_is_due(301001, 1000, 300));
}
