#include "bureau/report/text.h"

#include "proto/utc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The paragraphs of one language; ZH and EN take the same values in the same order. */
struct writer {
    const struct report *report;
    enum words_language language;
    FILE *out;
};
#define SAY(writer, en, zh, ...)                                                                             \
    (void)((writer)->language == WORDS_ZH ? fprintf((writer)->out, zh, __VA_ARGS__)                          \
                                          : fprintf((writer)->out, en, __VA_ARGS__))
#define PRINT(language, target, size, en, zh, ...)                                                           \
    (void)((language) == WORDS_ZH ? snprintf(target, size, zh, __VA_ARGS__)                                  \
                                  : snprintf(target, size, en, __VA_ARGS__))
#define PUT(writer, en, zh) (void)fputs((writer)->language == WORDS_ZH ? (zh) : (en), (writer)->out)
#define N                   "%" PRId64

/* --- words --- */

static const char *pick(enum words_language language, const char *en, const char *zh)
{
    return language == WORDS_ZH ? zh : en;
}

static void day_text(int32_t day, enum words_language language, char ret[REPORT_SPAN_LEN])
{
    char iso[UTC_DAY_TEXT_LEN], *end;
    utc_day_format(day, iso);
    if (language != WORDS_ZH) {
        (void)snprintf(ret, REPORT_SPAN_LEN, "%s", iso);
        return;
    }
    const long year = strtol(iso, &end, 10), month = strtol(end + 1, &end, 10),
               of_month = strtol(end + 1, NULL, 10); /* utc_day_format() always writes three */
    (void)snprintf(ret, REPORT_SPAN_LEN, "%ld年%ld月%ld日", year, month, of_month);
}

void report_period(const struct report *report, enum words_language language, char ret[REPORT_TITLE_LEN])
{
    char from[REPORT_SPAN_LEN], to[REPORT_SPAN_LEN];
    day_text(report->from_day, language, from);
    day_text(report->to_day, language, to);
    PRINT(language, ret, REPORT_TITLE_LEN, "%s to %s", "%s至%s", from, to);
}

void report_title(const struct report *report, enum words_language language, char ret[REPORT_TITLE_LEN])
{
    char division[BW_DIVISION_LEN + 32] = "";
    const char *whose = report->bureau;
    if (*whose == '\0' && report->division[0] != '\0') {
        PRINT(language, division, sizeof(division), "Division %s", "行政区划%s", report->division);
        whose = division;
    }
    if (language == WORDS_ZH)
        (void)snprintf(ret, REPORT_TITLE_LEN, "%s%s校车安全管理情况", whose, report->school);
    else
        (void)snprintf(ret, REPORT_TITLE_LEN, "%s%sSchool vehicle safety%s%s", whose, *whose ? ": " : "",
                       report->school[0] ? ", " : "", report->school);
}

static void local_minute(int64_t utc_ms, char ret[REPORT_SPAN_LEN])
{
    char date[UTC_DAY_TEXT_LEN], clock[UTC_MINUTE_TEXT_LEN];
    int32_t day;
    int minute, weekday;
    utc_local(utc_ms, REGISTRY_UTC_OFFSET_MIN, &day, &minute, &weekday);
    utc_day_format(day, date);
    utc_minute_format((uint16_t)minute, clock);
    (void)snprintf(ret, REPORT_SPAN_LEN, "%s %s", date, clock);
}

void report_made(const struct report *report, enum words_language language, char ret[REPORT_TITLE_LEN])
{
    char when[REPORT_SPAN_LEN];
    local_minute(report->made_utc_ms, when);
    PRINT(language, ret, REPORT_TITLE_LEN, "Made %s (Beijing time) by Buswarden " BUSWARDEN_VERSION,
          "%s（北京时间）由校车卫士 Buswarden " BUSWARDEN_VERSION " 生成", when);
}

const char *report_row_name(const struct report_row *row, enum words_language language)
{
    if (!row->in_registry)
        return pick(language, "Not in the registry", "不在登记册内");
    return row->name[0] != '\0' ? row->name : pick(language, "No township named", "未注明乡镇");
}

const char *report_case_kind(int kind, enum words_language language)
{
    if (kind == CASE_SILENT)
        return pick(language, "vehicle silent", "车载设备失联");
    if (kind == CASE_OUTAGE)
        return pick(language, "county-wide outage", "大范围通信中断");
    if (kind == CASE_SIGHTING)
        return pick(language, "sighting of a vehicle without permit", "无证接送学生车辆（“黑车”）线索");
    return words_kind(language, kind > 0 && kind < BW_KIND_COUNT ? (enum bw_kind)kind : BW_KIND_UNSPECIFIED);
}

const char *report_verdict(int verdict, enum words_language language)
{
    static const char *const words[REPORT_VERDICTS][2] = {
        {"of a kind not known here", "未知"},
        [SIGHTING_UNREAD] = {"plate not read", "号牌未看清"},
        [SIGHTING_LICENSED] = {"with a permit", "许可有效"},
        [SIGHTING_WRONG_HOUR] = {"outside the permit's hours", "超出许可时段"},
        [SIGHTING_EXPIRED] = {"permit expired", "许可过期"},
        [SIGHTING_SUSPENDED] = {"permit suspended", "许可暂停或吊销"},
        [SIGHTING_NO_PERMIT] = {"registered without a permit", "在册但无许可"},
        [SIGHTING_UNKNOWN] = {"not registered", "未登记"},
    };
    return words[verdict > 0 && verdict < REPORT_VERDICTS ? verdict : 0][language == WORDS_ZH];
}

void report_span(int64_t span_ms, enum words_language language, char ret[REPORT_SPAN_LEN])
{
    const int64_t minutes = (span_ms + 59999) / 60000, hours = minutes / 60, days = hours / 24;
    if (days > 0)
        PRINT(language, ret, REPORT_SPAN_LEN, N " d " N " h", N "天" N "小时", days, hours % 24);
    else if (hours > 0)
        PRINT(language, ret, REPORT_SPAN_LEN, N " h " N " min", N "小时" N "分钟", hours, minutes % 60);
    else
        PRINT(language, ret, REPORT_SPAN_LEN, N " min", N "分钟", minutes);
}

void report_purged(const struct report *report, enum words_language language, char ret[REPORT_TITLE_LEN])
{
    static const char *const words[][2] = {
        {"trips", "行程"}, {"alerts", "预警"}, {"hazards", "隐患"}, {"sightings", "线索"}};
    char list[REPORT_TITLE_LEN / 4] = "";
    size_t len = 0;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (report->purged >> i & 1)
            len +=
                (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
                                 len > 0 ? pick(language, ", ", "、") : "", words[i][language == WORDS_ZH]);
    *ret = '\0';
    if (len > 0)
        PRINT(language, ret, REPORT_TITLE_LEN,
              "Some data of the term has been deleted by retention: the figures of %s may be too low.",
              "本期部分数据已按保存期限删除，%s的数字可能偏低。", list);
}

bool report_is_empty(const struct report *report)
{
    static const struct report_counts nothing = {0};
    return memcmp(&report->total, &nothing, sizeof(nothing)) == 0;
}

/* --- one: the vehicles and their trips --- */

static void say_carried(const struct writer *writer, const struct report_counts *counts)
{
    if (counts->trips == 0) {
        PUT(writer, "No trip was recorded in the term.", "本期没有行程记录。");
        return;
    }
    if (report_boarded_unknown(counts))
        SAY(writer, "They ran " N " trips; on none of them is it known how many were aboard.",
            "本期共运行校车" N "趟次，各趟次乘车人数均不详，接送学生人次无法统计。", counts->trips);
    else
        SAY(writer, "They ran " N " trips and carried " N " pupils (boardings).",
            "本期共运行校车" N "趟次，接送学生" N "人次。", counts->trips, counts->boarded);
    if (counts->trips_uncounted > 0 && !report_boarded_unknown(counts))
        SAY(writer, " On " N " of the trips nobody could count; they are not among the pupils carried.",
            "有" N "趟次乘车人数不详，未计入人次。", counts->trips_uncounted);
    if (counts->trips_over > 0)
        SAY(writer, " On " N " trips more than the approved number were aboard.", "有" N "趟次存在超员行驶。",
            counts->trips_over);
}

static void say_vehicles(const struct writer *writer)
{
    const struct report_counts *counts = &writer->report->total;
    char day[REPORT_SPAN_LEN];
    day_text(writer->report->to_day, writer->language, day);
    PUT(writer, "1. Vehicles and trips\n", "一、基本情况\n");
    SAY(writer,
        "On %s " N " school vehicles were registered, " N " of them with a permit in force and " N
        " without; ",
        "截至%s，登记在册校车" N "辆，其中持有有效校车使用许可的" N "辆、无有效许可的" N "辆，", day,
        counts->vehicles, counts->vehicles_permitted, counts->vehicles - counts->vehicles_permitted);
    SAY(writer, "the inspection of " N " was overdue. " N " vehicles ran in the term. ",
        "安全技术检验逾期的" N "辆；本期实际运行校车" N "辆。", counts->vehicles_uninspected,
        counts->vehicles_ran);
    say_carried(writer, counts);
    (void)fputs("\n\n", writer->out);
}

/* --- two: what was found, and put right --- */

/* "（一般300起，严重20起）": nothing when all are of one unnamed band. */
static void say_bands(const struct writer *writer, const int64_t bands[REPORT_BANDS])
{
    bool first = true;
    for (int band = BW_NOTICE; band < REPORT_BANDS; band++) {
        if (bands[band] == 0)
            continue;
        const char *name = words_severity(writer->language, (enum bw_severity)band);
        SAY(writer, "%s%s " N, "%s%s" N "起",
            first ? pick(writer->language, " (", "（") : pick(writer->language, ", ", "，"), name,
            bands[band]);
        first = false;
    }
    if (!first)
        PUT(writer, ")", "）");
}

static void say_alerts(const struct writer *writer)
{
    const struct report_counts *counts = &writer->report->total;
    const int64_t all = report_alerts(counts);
    PUT(writer, "(1) Alerts of the vehicles. ", "（一）车载监测预警。");
    if (all == 0) {
        PUT(writer, "None was raised in the term.\n", "本期未发生预警。\n");
        return;
    }
    SAY(writer, N " were raised in the term: ", "本期共发生预警" N "起：", all);
    bool first = true;
    for (int kind = 1; kind <= REPORT_KINDS; kind++) { /* what is not known here comes last */
        const int at = kind % REPORT_KINDS;
        const int64_t n = report_alerts_of(counts, at);
        if (n == 0)
            continue;
        SAY(writer, "%s%s " N, "%s%s" N "起", first ? "" : pick(writer->language, "; ", "；"),
            words_kind(writer->language, (enum bw_kind)at), n);
        say_bands(writer, counts->alerts[at]);
        first = false;
    }
    PUT(writer, ".", "。");
    const int64_t notices = report_alerts_in(counts, BW_NOTICE);
    if (notices > 0)
        SAY(writer, " The " N " notices accuse nobody.", "其中提示性预警" N "起，不作违规认定。", notices);
    (void)fputs("\n", writer->out);
}

static void say_rate(const struct writer *writer, const struct report_cases *cases)
{
    const int64_t due = report_cases_found(cases) - report_cases_void(cases);
    if (due <= 0)
        return;
    const int64_t tenths = (report_cases_rectified(cases) * 1000 + due / 2) / due;
    SAY(writer, " (" N "." N " %% of what had to be)", "，整改率" N "." N "%%", tenths / 10, tenths % 10);
}

static void say_cases(const struct writer *writer)
{
    const struct report_cases cases = report_cases(&writer->report->total);
    PUT(writer, "(2) Hazards and their rectification. ", "（二）隐患整改。");
    if (report_cases_found(&cases) == 0) {
        PUT(writer, "No case was opened in the term.\n", "本期未发现需立案整改的隐患。\n");
        return;
    }
    SAY(writer, N " were found; " N " are rectified, " N " of them checked and closed",
        "本期共发现隐患" N "件，已整改" N "件（其中经核查销号" N "件）", report_cases_found(&cases),
        report_cases_rectified(&cases), cases.states[CASE_CLOSED] - cases.explained);
    say_rate(writer, &cases);
    SAY(writer, "; " N " are being put right, " N " of them overdue; " N " were found to be none",
        "；正在整改" N "件，其中逾期未整改" N "件；经核实不予认定" N "件", report_cases_going(&cases),
        cases.overdue, report_cases_void(&cases));
    if (cases.handed_over > 0)
        SAY(writer, "; " N " were handed over to the police", "；移送公安机关" N "件", cases.handed_over);
    PUT(writer, ". This is their state when this report was made.\n", "。以上为本报告生成时的办理状态。\n");
}

static void say_time(const struct writer *writer, const char *en, const char *zh,
                     const struct report_time *time)
{
    char median[REPORT_SPAN_LEN], p90[REPORT_SPAN_LEN];
    report_span(time->median_ms, writer->language, median);
    report_span(time->p90_ms, writer->language, p90);
    SAY(writer, "From opening a case %s (" N " cases): half of them within %s, nine tenths within %s. ",
        "从立案到%s（" N "件），半数在%s以内，九成在%s以内。", pick(writer->language, en, zh), time->n,
        median, p90);
}

static void say_times(const struct writer *writer)
{
    const struct report_times *times = &writer->report->times;
    PUT(writer, "(3) How fast. ", "（三）处置时效。");
    if (times->taken.n > 0)
        say_time(writer, "to taking it up", "受理", &times->taken);
    else
        PUT(writer, "No case has been taken up yet. ", "尚无已受理的隐患。");
    if (times->rectified.n > 0)
        say_time(writer, "to rectifying it", "整改完成", &times->rectified);
    else
        PUT(writer, "None has been rectified yet.", "尚无已整改的隐患。");
    (void)fputs("\n\n", writer->out);
}

/* --- three: black vehicles --- */

static void say_verdicts(const struct writer *writer)
{
    bool first = true;
    for (int verdict = 1; verdict <= REPORT_VERDICTS; verdict++) { /* what is not known here comes last */
        const int at = verdict % REPORT_VERDICTS;
        const int64_t n = report_sightings_of(&writer->report->total.sightings[at]);
        if (n == 0)
            continue;
        SAY(writer, "%s%s " N, "%s%s" N "条", first ? "" : pick(writer->language, ", ", "，"),
            report_verdict(at, writer->language), n);
        first = false;
    }
}

static void say_sightings(const struct writer *writer)
{
    const struct report_sightings all = report_sightings(&writer->report->total, false),
                                  suspects = report_sightings(&writer->report->total, true);
    PUT(writer, "3. Vehicles without permit\n", "三、无证接送学生车辆（“黑车”）查处\n");
    if (report_sightings_of(&all) == 0) {
        PUT(writer, "No sighting was reported in the term.\n\n", "本期未接到线索。\n\n");
        return;
    }
    SAY(writer, N " sightings were reported by gate duty and police: ",
        "本期接到校门值守和公安机关等上报线索" N "条：", report_sightings_of(&all));
    say_verdicts(writer);
    SAY(writer, ". " N " different plates had no valid permit. ", "。涉及无有效许可的号牌" N "个。",
        writer->report->plates);
    SAY(writer,
        "Of the " N " sightings without a permit or a plate, " N " are settled, " N " are being seen to, " N
        " were found to be none and " N " are in no case; " N " were handed over to the police.\n\n",
        "其中无有效许可或号牌未看清的线索" N "条，已办结" N "条、正在办理" N "条、经核实不成立" N
        "条、未立案" N "条；移送公安机关" N "条。\n\n",
        report_sightings_of(&suspects), suspects.outcomes[REPORT_SETTLED], suspects.outcomes[REPORT_GOING],
        suspects.outcomes[REPORT_DISMISSED], suspects.outcomes[REPORT_NO_CASE], suspects.handed_over);
}

/* --- the parts --- */

static void say_row(const struct writer *writer, const struct report_row *row)
{
    const struct report_counts *counts = &row->counts;
    const struct report_cases cases = report_cases(counts);
    SAY(writer, "%s: " N " vehicles, " N " ran, " N " trips, ",
        "%s：登记校车" N "辆，运行" N "辆、" N "趟次，", report_row_name(row, writer->language),
        counts->vehicles, counts->vehicles_ran, counts->trips);
    if (report_boarded_unknown(counts))
        PUT(writer, "pupils carried not known, ", "接送学生人次不详，");
    else
        SAY(writer, N " pupils carried, ", "接送学生" N "人次，", counts->boarded);
    SAY(writer, N " alerts, " N " hazards found, " N " rectified, " N " overdue.\n",
        "预警" N "起，发现隐患" N "件，已整改" N "件，逾期" N "件。\n", report_alerts(counts),
        report_cases_found(&cases), report_cases_rectified(&cases), cases.overdue);
}

static void say_rows(const struct writer *writer)
{
    const bool by_school = writer->report->by == REPORT_BY_SCHOOL;
    if (by_school)
        PUT(writer, "4. By school\n", "四、分学校情况\n");
    else
        PUT(writer, "4. By township\n", "四、分乡镇情况\n");
    for (size_t i = 0; i < writer->report->n_rows; i++)
        say_row(writer, &writer->report->rows[i]);
    (void)fputs("\n", writer->out);
}

int report_write_text(const struct report *report, enum words_language language, FILE *out)
{
    const struct writer writer = {report, language, out};
    char text[REPORT_TITLE_LEN];
    report_title(report, language, text);
    (void)fprintf(out, "%s\n", text);
    report_period(report, language, text);
    SAY(&writer, "%s\n\n", "（%s）\n\n", text);
    if (report_is_empty(report))
        PUT(&writer, "No data: the store holds nothing of this term.\n\n", "本期没有数据。\n\n");
    say_vehicles(&writer);
    PUT(&writer, "2. Hazards\n", "二、隐患排查治理\n");
    say_alerts(&writer);
    say_cases(&writer);
    say_times(&writer);
    say_sightings(&writer);
    say_rows(&writer);
    report_purged(report, language, text);
    if (*text != '\0')
        (void)fprintf(out, "%s\n", text);
    report_made(report, language, text);
    SAY(&writer, "%s. Alerts and trips count on the day they happened, however late they were told.\n",
        "%s。预警和行程按事件发生之日统计，含补传数据。\n", text);
    return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}
