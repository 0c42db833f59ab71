/* Alerts in words (gateway/explain.h, proto/words.h): every kind, in both languages, says what was seen,
 * the limit or permit it is held against, the article, the local time and how grave it is. */
#include "gateway/explain.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_OF(table) (sizeof(table) / sizeof *(table))

static const int64_t MORNING_UTC_MS = 1789425664000; /* 2026-09-15 06:41:04 in China */

static struct bw_route routes[] = {{.route_id = "r-1", .name = "外坑线"}};
static struct bw_stop stops[] = {{.stop_id = "t-0", .name = "桥南"}, {.stop_id = "t-1", .name = "外坑口"}};
static const struct bw_licence LICENCE = {
    .utc_offset_min = 480, .n_routes = 1, .routes = routes, .n_stops = 2, .stops = stops};

static char *said(enum words_language language, struct bw_alert alert)
{
    static char text[4096];
    char *made = NULL;
    size_t len;
    FILE *out = open_memstream(&made, &len);
    struct explain *explain = explain_create(&LICENCE, language, out);
    cr_assert_not_null(explain);
    alert.number = 7;
    alert.time_utc_ms = MORNING_UTC_MS;
    if (alert.phase == BW_PHASE_NONE)
        alert.phase = BW_RAISED;
    explain_alert(explain, &alert);
    explain_destroy(explain);
    (void)fclose(out);
    cr_assert(len < sizeof text);
    memcpy(text, made, len + 1);
    free(made);
    return text;
}

static void expect_lines(enum words_language language, const struct bw_alert *alert, const char *lines)
{
    const char *text = said(language, *alert);
    const char *second = strchr(text, '\n');
    cr_assert_not_null(second);
    cr_expect_str_eq(second + 1, lines);
}

static const struct {
    struct bw_alert alert;
    const char *en, *zh; /* all but the first line */
} rows[] = {
    {{.kind = BW_OVERLOAD,
      .severity = BW_MINOR,
      .occupancy = {BW_QUALITY_DEGRADED, 20, 20, 22},
      .evidence.overload = {20, 21, 18}},
     "  aboard: 20 for certain, at most 22\n  approved capacity 18, peak 21, 3 over\n\n",
     "  车上人数：确定 20 人，至多 22 人\n  核定 18 人，最多 21 人，超 3 人\n\n"},
    {{.kind = BW_OFF_ROUTE,
      .severity = BW_MINOR,
      .has_position = true,
      .position = {29.14125, 121.03125, NAN},
      .evidence.off_route = {"r-1", 154, 180, 30, 12500, MORNING_UTC_MS - 12500, true, ""}},
     "  position: 29.141250 N 121.031250 E\n"
     "  nearest licensed route: 外坑线, half width 30 m\n"
     "  left its corridor at 06:40:51; 154 m from the line, peak 180 m, 12 s outside\n\n",
     "  位置：北纬 29.141250 东经 121.031250\n"
     "  最近的许可路线：外坑线，走廊半宽 30 米\n"
     "  06:40:51 离开走廊；现距路线 154 米，最远 180 米，在外 12 秒\n\n"},
    {{.kind = BW_OFF_ROUTE,
      .severity = BW_NOTICE,
      .evidence.off_route = {"r-9", 700, 700, 30, 60000, 0, false, ""}},
     "  nearest licensed route: r-9, half width 30 m\n"
     "  on no licensed route since the start; 700 m from the nearest\n"
     "  nobody was aboard\n  a notice: it accuses nobody\n\n",
     "  最近的许可路线：r-9，走廊半宽 30 米\n  出发以来从未驶入许可路线；距最近路线 700 米\n"
     "  车上无人\n  仅作提示，不认定违规\n\n"},
    {{.kind = BW_OFF_ROUTE,
      .severity = BW_NOTICE,
      .evidence.off_route = {"r-1", 154, 180, 30, 12500, MORNING_UTC_MS, true, "o-7"}},
     "  nearest licensed route: 外坑线, half width 30 m\n"
     "  left its corridor at 06:41:04; 154 m from the line, peak 180 m, 12 s outside\n"
     "  order o-7 allows it (an exception of Art. 30)\n  a notice: it accuses nobody\n\n",
     "  最近的许可路线：外坑线，走廊半宽 30 米\n"
     "  06:41:04 离开走廊；现距路线 154 米，最远 180 米，在外 12 秒\n"
     "  指令 o-7 准许绕行（第三十条所列情形）\n  仅作提示，不认定违规\n\n"},
    {{.kind = BW_OUT_OF_HOURS, .severity = BW_MINOR, .evidence.out_of_hours = {"P-1", 390, 460, 505}},
     "  permit P-1, hours of this day: 06:30 to 07:40; it was 08:25, 45 min after they end\n\n",
     "  许可 P-1 当日时段：06:30 至 07:40；当时 08:25，晚 45 分钟\n\n"},
    {{.kind = BW_OUT_OF_HOURS, .severity = BW_MINOR, .evidence.out_of_hours = {"P-1", 390, 460, 360}},
     "  permit P-1, hours of this day: 06:30 to 07:40; it was 06:00, 30 min before they begin\n\n",
     "  许可 P-1 当日时段：06:30 至 07:40；当时 06:00，早 30 分钟\n\n"},
    {{.kind = BW_OUT_OF_HOURS,
      .phase = BW_CLEARED,
      .severity = BW_MINOR,
      .evidence.out_of_hours = {"P-1", 390, 460, 390}},
     "  permit P-1, hours of this day: 06:30 to 07:40; it was 06:30\n\n",
     "  许可 P-1 当日时段：06:30 至 07:40；当时 06:30\n\n"},
    {{.kind = BW_OUT_OF_HOURS, .severity = BW_MINOR, .evidence.out_of_hours = {"P-1", 840, 960, 401}},
     "  permit P-1, hours of this day: 14:00 to 16:00; it was 06:41, 7 h 19 min before they begin\n\n",
     "  许可 P-1 当日时段：14:00 至 16:00；当时 06:41，早 7 小时 19 分\n\n"},
    {{.kind = BW_OUT_OF_HOURS, .severity = BW_MINOR, .evidence.out_of_hours = {"P-1", 1320, 60, 100}},
     "  permit P-1, hours of this day: 22:00 to 01:00; it was 01:40, 40 min after they end\n\n",
     "  许可 P-1 当日时段：22:00 至 01:00；当时 01:40，晚 40 分钟\n\n"},
    {{.kind = BW_OUT_OF_HOURS, .severity = BW_MINOR, .evidence.out_of_hours = {"P-1", 1320, 60, 1300}},
     "  permit P-1, hours of this day: 22:00 to 01:00; it was 21:40, 20 min before they begin\n\n",
     "  许可 P-1 当日时段：22:00 至 01:00；当时 21:40，早 20 分钟\n\n"},
    {{.kind = BW_OUT_OF_HOURS,
      .phase = BW_CLEARED,
      .severity = BW_MINOR,
      .evidence.out_of_hours = {"P-1", 1320, 60, 1400}},
     "  permit P-1, hours of this day: 22:00 to 01:00; it was 23:20\n\n",
     "  许可 P-1 当日时段：22:00 至 01:00；当时 23:20\n\n"},
    {{.kind = BW_UNAPPROVED_STOP,
      .severity = BW_MINOR,
      .evidence.unapproved_stop = {"t-1", 310.5F, 40, 3, 1, 21000}},
     "  nearest approved stop: 外坑口, 310 m away; it reaches 40 m\n"
     "  for certain 3 boarded, 1 alighted\n  the door stood open for 21 s\n\n",
     "  最近的停靠站点：外坑口，相距 310 米，站点范围 40 米\n  确定上车 3 人，下车 1 人\n"
     "  车门开启 21 秒\n\n"},
    {{.kind = BW_UNAPPROVED_STOP,
      .severity = BW_NOTICE,
      .evidence.unapproved_stop = {"", NAN, NAN, 0, 0, 125000}},
     "  the licence has no stop\n  whether anybody boarded or alighted: not known\n"
     "  the door stood open for 2 min 5 s\n  a notice: it accuses nobody\n\n",
     "  许可中没有停靠站点\n  有无学生上下：不明\n  车门开启 2 分 5 秒\n  仅作提示，不认定违规\n\n"},
    {{.kind = BW_UNLICENSED,
      .severity = BW_SERIOUS,
      .evidence.unlicensed = {BW_PERMIT_EXPIRED, "P-1", 20700}},
     "  the permit has expired; permit P-1, last day 2026-09-04\n\n",
     "  许可已过期；许可 P-1，有效期至 2026-09-04\n\n"},
    {{.kind = BW_UNLICENSED, .severity = BW_SERIOUS, .evidence.unlicensed = {BW_NO_LICENCE, "", 0}},
     "  the vehicle holds no licence\n\n",
     "  车上没有许可包\n\n"},
    {{.kind = BW_UNLICENSED,
      .severity = BW_SERIOUS,
      .evidence.unlicensed = {BW_INSPECTION_EXPIRED, "", 20700}},
     "  the half-yearly inspection is overdue (Art. 20); it was valid until 2026-09-04\n\n",
     "  逾期未做半年一次的安全技术检验（第二十条）；检验有效期至 2026-09-04\n\n"},
    {{.kind = BW_UNLICENSED, .severity = BW_SERIOUS, .evidence.unlicensed = {BW_SCRAPPED, "", 20700}},
     "  the vehicle was to be scrapped by this day; that day is 2026-09-04\n\n",
     "  车辆已到报废日期；报废日期 2026-09-04\n\n"},
    {{.kind = BW_OVERSPEED,
      .severity = BW_MINOR,
      .evidence.overspeed = {71.3F, 74.9F, 60, BW_LIMIT_LAW, false, "", 9000}},
     "  speed 71 km/h, shown by three fixes in a row 75 km/h; limit 60 km/h: limit of Art. 35 off motorways\n"
     "  by these 24 % over the limit; 9 s over it in all\n\n",
     "  车速 71 km/h，连续三次定位认定 75 km/h；限速 60 km/h：第三十五条规定的非高速公路限速\n"
     "  认定超过限速 24%，共超速行驶 9 秒\n\n"},
    {{.kind = BW_OVERSPEED,
      .severity = BW_CRIMINAL,
      .evidence.overspeed = {NAN, 61, 20, BW_LIMIT_WEATHER, false, "fog-3", 7200000}},
     "  speed ? km/h, shown by three fixes in a row 61 km/h; limit 20 km/h: limit of a weather order, fog-3\n"
     "  by these 205 % over the limit; 2 h 0 min over it in all\n\n",
     "  车速 ? km/h，连续三次定位认定 61 km/h；限速 20 km/h：恶劣天气限速令 fog-3\n"
     "  认定超过限速 205%，共超速行驶 2 小时 0 分\n\n"},
    {{.kind = BW_UNBELTED, .severity = BW_MINOR, .evidence.unbelted = {2, 5, 33.2F}},
     "  seated with an open belt: 2 for certain, peak 5; speed 33 km/h\n\n",
     "  确定有 2 人未系安全带，最多 5 人；车速 33 km/h\n\n"},
    {{.kind = BW_DOOR_OPEN_MOVING, .severity = BW_SERIOUS, .evidence.door_open = {12, 18.2F, 4000}},
     "  driven with an open door for 4 s; speed 12 km/h, peak 18 km/h\n\n",
     "  车门未关行驶 4 秒；车速 12 km/h，最高 18 km/h\n\n"},
    {{.kind = BW_CHILD_LEFT_BEHIND, .severity = BW_SERIOUS, .evidence.left_behind = {1, 30000, 2}},
     "  engine off and all doors closed for 30 s; aboard for certain: 1; alarm in the vehicle: horn\n"
     "  look into the vehicle at once\n\n",
     "  熄火且车门全部关闭 30 秒；车内确定有 1 人；车内报警：喇叭\n  请立即到车内查看\n\n"},
    {{.kind = BW_CHILD_LEFT_BEHIND,
      .phase = BW_CLEARED,
      .severity = BW_SERIOUS,
      .evidence.left_behind = {0, 90000, 3}},
     "  engine off and all doors closed for 90 s; aboard for certain: 0; alarm in the vehicle: horn and "
     "lights\n\n",
     "  熄火且车门全部关闭 90 秒；车内确定有 0 人；车内报警：喇叭和灯光\n\n"},
    {{.kind = BW_SENSOR_FAULT,
      .severity = BW_NOTICE,
      .evidence.sensor_fault = {BW_FAULT_SEATS_UNKNOWN, 61000, 4}},
     "  some seat sensors are silent or make no sense, for 61 s\n  the silent seats could hold 4\n"
     "  a notice: it accuses nobody\n\n",
     "  部分座位传感器无信号或信号异常，已 61 秒\n  状态不明的座位至多可坐 4 人\n"
     "  仅作提示，不认定违规\n\n"},
    {{.kind = BW_TAMPER, .severity = BW_MINOR, .evidence.tamper = {BW_TAMPER_JAMMED, 240000, 3200, 0}},
     "  no position while the wheels turn: signals may be jammed, for 4 min 0 s and 3200 m driven\n"
     "  the cause is to be found at the vehicle; it says nothing of how pupils were carried\n\n",
     "  车轮转动而无定位，信号可能受到干扰，已 4 分 0 秒，其间行驶 3200 米\n"
     "  原因须到车上核实；不说明学生乘车违规\n\n"},
    {{.kind = BW_TAMPER, .severity = BW_MINOR, .evidence.tamper = {BW_TAMPER_POSITION, 1000, 5400.5F, 0}},
     "  the position jumped as no vehicle can, by 5400 m\n"
     "  the cause is to be found at the vehicle; it says nothing of how pupils were carried\n\n",
     "  定位跳变，车辆不可能如此移动，跳变 5400 米\n  原因须到车上核实；不说明学生乘车违规\n\n"},
    {{.kind = BW_TAMPER, .severity = BW_MINOR, .evidence.tamper = {BW_TAMPER_CLOCK, 3600000, 0, 0}},
     "  the receiver's time went back, by 60 min 0 s\n"
     "  the cause is to be found at the vehicle; it says nothing of how pupils were carried\n\n",
     "  定位时间倒退，倒退 60 分 0 秒\n  原因须到车上核实；不说明学生乘车违规\n\n"},
    {{.kind = BW_TAMPER, .severity = BW_MINOR, .evidence.tamper = {BW_TAMPER_POWER_CUT, 12000, 0}},
     "  the main supply is gone, for 12 s\n"
     "  the cause is to be found at the vehicle; it says nothing of how pupils were carried\n\n",
     "  主电源断开，已 12 秒\n  原因须到车上核实；不说明学生乘车违规\n\n"},
};

Test(explain, the_evidence_of_every_kind_in_both_languages)
{
    bool seen[BW_KIND_COUNT] = {[BW_KIND_UNSPECIFIED] = true};
    for (size_t i = 0; i < N_OF(rows); i++) {
        expect_lines(WORDS_EN, &rows[i].alert, rows[i].en);
        expect_lines(WORDS_ZH, &rows[i].alert, rows[i].zh);
        seen[rows[i].alert.kind] = true;
    }
    for (int kind = 0; kind < BW_KIND_COUNT; kind++)
        cr_expect(seen[kind], "kind %d has no words", kind);
}

Test(explain, the_first_line_says_what_article_how_grave_and_when_in_local_time)
{
    for (int language = WORDS_EN; language <= WORDS_ZH; language++) {
        for (int kind = 1; kind < BW_KIND_COUNT; kind++) {
            const char *text = said(
                (enum words_language)language,
                (struct bw_alert){.kind = (enum bw_kind)kind, .phase = BW_UPDATED, .severity = BW_SERIOUS});
            char line[256];
            (void)snprintf(line, sizeof line,
                           language == WORDS_ZH ? "预警 7：%s，%s，严重，更新，2026-09-15 06:41:04\n"
                                                : "Alert 7: %s, %s, serious, updated 2026-09-15 06:41:04\n",
                           words_kind((enum words_language)language, (enum bw_kind)kind),
                           words_article((enum words_language)language, (enum bw_kind)kind));
            cr_expect_eq(strncmp(text, line, strlen(line)), 0, "said %s", text);
        }
    }
}

Test(explain, a_kind_of_a_later_version_is_named_as_not_known)
{
    const char *text = said(WORDS_ZH, (struct bw_alert){.kind = BW_KIND_COUNT, .severity = BW_MINOR});
    cr_expect_str_eq(text, "预警 7：未知类型的预警，-，一般，发生，2026-09-15 06:41:04\n\n");
}

/* --- words --- */

static const char *kind_word(enum words_language language, int value)
{
    return words_kind(language, (enum bw_kind)value);
}

static const char *severity_word(enum words_language language, int value)
{
    return words_severity(language, (enum bw_severity)value);
}

static const char *phase_word(enum words_language language, int value)
{
    return words_phase(language, (enum bw_phase)value);
}

static const char *reason_word(enum words_language language, int value)
{
    return words_reason(language, (enum bw_unlicensed_reason)value);
}

static const char *limit_word(enum words_language language, int value)
{
    return words_limit(language, (enum bw_limit_source)value, false);
}

static const char *fault_word(enum words_language language, int value)
{
    return words_fault(language, (enum bw_fault)value);
}

static const char *tamper_word(enum words_language language, int value)
{
    return words_tamper(language, (enum bw_tamper)value);
}

static const char *alarm_word(enum words_language language, int value)
{
    return words_alarm(language, (uint8_t)value);
}

Test(words, everything_has_a_word_of_its_own_in_both_languages)
{
    static const struct {
        const char *what;
        const char *(*word)(enum words_language, int);
        int last;
    } tables[] = {
        {"kind", kind_word, BW_TAMPER},
        {"severity", severity_word, BW_CRIMINAL},
        {"phase", phase_word, BW_CLEARED},
        {"reason", reason_word, BW_SCRAPPED},
        {"limit", limit_word, BW_LIMIT_WEATHER},
        {"fault", fault_word, BW_FAULT_COUNTER_DEAF},
        {"tamper", tamper_word, BW_TAMPER_SEATS_FROZEN},
        {"alarm", alarm_word, 3},
    };
    for (size_t i = 0; i < N_OF(tables); i++) {
        for (int language = WORDS_EN; language <= WORDS_ZH; language++) {
            const char *unknown = tables[i].word((enum words_language)language, 0);
            cr_expect_str_eq(tables[i].word((enum words_language)language, tables[i].last + 1), unknown,
                             "%s of a later version", tables[i].what);
            for (int value = 1; value <= tables[i].last; value++) {
                const char *word = tables[i].word((enum words_language)language, value);
                cr_assert_not_null(word, "%s %d", tables[i].what, value);
                cr_expect(word[0] != '\0', "%s %d", tables[i].what, value);
                cr_expect_eq((unsigned char)word[0] >= 0xe0, language == WORDS_ZH, "%s %d", tables[i].what,
                             value);
                for (int other = 0; other < value; other++)
                    cr_expect_str_neq(word, tables[i].word((enum words_language)language, other), "%s %d",
                                      tables[i].what, value);
            }
        }
    }
}

/* The words that the bureau and the police use in writing. */
Test(words, the_official_names_of_the_kinds)
{
    static const char *const names[BW_KIND_COUNT] = {
        [BW_OVERLOAD] = "超员",
        [BW_OFF_ROUTE] = "偏离路线",
        [BW_OUT_OF_HOURS] = "超出许可时段",
        [BW_UNAPPROVED_STOP] = "非指定站点上下学生",
        [BW_UNLICENSED] = "无许可/许可失效",
        [BW_OVERSPEED] = "超速",
        [BW_UNBELTED] = "未系安全带",
        [BW_DOOR_OPEN_MOVING] = "行驶中车门未关",
        [BW_CHILD_LEFT_BEHIND] = "学生滞留车内",
        [BW_SENSOR_FAULT] = "设备故障",
        [BW_TAMPER] = "设备异常（疑似人为破坏）",
    };
    for (int kind = 1; kind < BW_KIND_COUNT; kind++)
        cr_expect_str_eq(words_kind(WORDS_ZH, (enum bw_kind)kind), names[kind]);
}

Test(words, the_law_allows_more_on_a_motorway)
{
    cr_expect_str_eq(words_limit(WORDS_ZH, BW_LIMIT_LAW, true),
                     "第三十五条规定的高速公路限速（道路类型不明时亦按此限速）");
    cr_expect_str_neq(words_limit(WORDS_EN, BW_LIMIT_LAW, true), words_limit(WORDS_EN, BW_LIMIT_LAW, false));
    cr_expect_str_eq(words_limit(WORDS_ZH, BW_LIMIT_ROUTE, true),
                     words_limit(WORDS_ZH, BW_LIMIT_ROUTE, false));
}
