#include "bureau/report/workbook.h"

#include "bureau/report/text.h"
#include "bureau/report/whole.h"
#include "proto/utc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xlsxwriter.h>

enum {
    TITLE_ROW,
    PERIOD_ROW,
    MADE_ROW,
    HEAD_ROW,
    FIRST_ROW,
    COLUMNS_MAX = 26,
    A4 = 9, /* of the paper sizes */
    ROW_HEIGHT = 18,
    HEAD_HEIGHT = 34,
    CHART_WIDTH = 1180,
    CHART_HEIGHT = 460,
    BAR_HEIGHT = 24,
};

/* Everything is written row by row: the library keeps one row of a sheet in memory. */
struct book {
    const struct report *report;
    enum words_language language;
    lxw_workbook *workbook;
    lxw_format *title, *note, *head, *text, *count, *unknown, *total_text, *total_count, *hours;
    lxw_error error; /* the first */
};

struct column {
    const char *en, *zh;
    double width;
};

struct sheet {
    struct book *book;
    lxw_worksheet *worksheet;
    const char *name;
    lxw_row_t row; /* that is being written */
    lxw_col_t column;
    bool total; /* it is the last one */
};

static const char *say(const struct book *book, const char *en, const char *zh)
{
    return book->language == WORDS_ZH ? zh : en;
}

static void note(struct book *book, lxw_error error)
{
    if (book->error == LXW_NO_ERROR)
        book->error = error;
}

/* --- cells, from left to right --- */

static void put_text(struct sheet *sheet, const char *text)
{
    struct book *book = sheet->book;
    note(book, worksheet_write_string(sheet->worksheet, sheet->row, sheet->column++, text,
                                      sheet->total ? book->total_text : book->text));
}

static void put_count(struct sheet *sheet, int64_t n)
{
    struct book *book = sheet->book;
    note(book, worksheet_write_number(sheet->worksheet, sheet->row, sheet->column++, (double)n,
                                      sheet->total ? book->total_count : book->count));
}

static void put_unknown(struct sheet *sheet)
{
    struct book *book = sheet->book;
    note(book, worksheet_write_string(sheet->worksheet, sheet->row, sheet->column++,
                                      say(book, "unknown", "不详"), book->unknown));
}

static void put_boarded(struct sheet *sheet, const struct report_counts *counts)
{
    if (report_boarded_unknown(counts))
        put_unknown(sheet);
    else
        put_count(sheet, counts->boarded);
}

/* Hours with one decimal; an empty cell when there is none. */
static void put_hours(struct sheet *sheet, const struct report_time *time, int64_t span_ms)
{
    struct book *book = sheet->book;
    const lxw_col_t column = sheet->column++;
    if (time->n > 0)
        note(book, worksheet_write_number(sheet->worksheet, sheet->row, column, (double)span_ms / 3600000,
                                          book->hours));
}

static void next_row(struct sheet *sheet)
{
    sheet->row++;
    sheet->column = 0;
}

/* --- sheets --- */

static struct sheet begin_sheet(struct book *book, const char *name, const struct column *columns, size_t n)
{
    char text[REPORT_TITLE_LEN];
    struct sheet sheet = {.book = book, .name = name, .row = HEAD_ROW};
    sheet.worksheet = workbook_add_worksheet(book->workbook, name);
    if (sheet.worksheet == NULL) {
        note(book, LXW_ERROR_MEMORY_MALLOC_FAILED);
        return sheet;
    }
    report_title(book->report, book->language, text);
    note(book, worksheet_write_string(sheet.worksheet, TITLE_ROW, 0, text, book->title));
    report_period(book->report, book->language, text);
    note(book, worksheet_write_string(sheet.worksheet, PERIOD_ROW, 0, text, book->note));
    report_made(book->report, book->language, text);
    note(book, worksheet_write_string(sheet.worksheet, MADE_ROW, 0, text, book->note));
    worksheet_set_default_row(sheet.worksheet, ROW_HEIGHT, LXW_FALSE);
    note(book, worksheet_set_row(sheet.worksheet, HEAD_ROW, HEAD_HEIGHT, NULL));
    for (lxw_col_t i = 0; i < (lxw_col_t)n; i++) {
        note(book, worksheet_set_column(sheet.worksheet, i, i, columns[i].width, NULL));
        note(book, worksheet_write_string(sheet.worksheet, HEAD_ROW, i,
                                          say(book, columns[i].en, columns[i].zh), book->head));
    }
    worksheet_freeze_panes(sheet.worksheet, FIRST_ROW, 1);
    worksheet_set_landscape(sheet.worksheet);
    worksheet_set_paper(sheet.worksheet, A4);
    worksheet_fit_to_pages(sheet.worksheet, 1, 0);
    note(book, worksheet_repeat_rows(sheet.worksheet, HEAD_ROW, HEAD_ROW));
    next_row(&sheet);
    return sheet;
}

/* --- the summary --- */

static const struct column SUMMARY[] = {
    {"figure", "指标", 46}, {"value", "数值", 14}, {"meaning", "口径", 76}};

static void put_figure(struct sheet *sheet, const char *en, const char *zh, int64_t n, const char *en_meaning,
                       const char *zh_meaning)
{
    put_text(sheet, say(sheet->book, en, zh));
    put_count(sheet, n);
    put_text(sheet, say(sheet->book, en_meaning, zh_meaning));
    next_row(sheet);
}

static void put_vehicle_figures(struct sheet *sheet)
{
    const struct report_counts *counts = &sheet->book->report->total;
    put_figure(sheet, "vehicles registered", "登记校车（辆）", counts->vehicles,
               "in the registry, not scrapped by the last day", "登记在册，期末未报废");
    put_figure(sheet, "with a permit in force", "其中：持有效许可（辆）", counts->vehicles_permitted,
               "an active permit is valid on the last day", "期末当日有状态正常、在有效期内的校车使用许可");
    put_figure(sheet, "inspection overdue", "其中：检验逾期（辆）", counts->vehicles_uninspected,
               "Art. 20, on the last day", "《校车安全管理条例》第二十条，期末当日");
    put_figure(sheet, "vehicles that ran", "实际运行（辆）", counts->vehicles_ran,
               "began a trip in the term; also those not in the registry",
               "本期有行程记录的车辆，含不在登记册内的");
    put_figure(sheet, "trips", "运行（趟次）", counts->trips, "began in the term", "本期出发的行程");
    put_figure(sheet, "trips that nobody could count", "其中：人数不详（趟次）", counts->trips_uncounted,
               "no sensor could count on them; not among the pupils carried",
               "车载传感器无法计数，未计入接送人次");
    put_figure(sheet, "trips with more than the approved number", "其中：超员行驶（趟次）",
               counts->trips_over, "for certain, with closed doors", "关门行驶中确有超过核定人数的时段");
    put_text(sheet, say(sheet->book, "pupils carried", "接送学生（人次）"));
    put_boarded(sheet, counts);
    put_text(sheet, say(sheet->book, "who boarded, on the trips that were counted",
                        "各趟次上车人数之和，人数不详的趟次除外"));
    next_row(sheet);
}

static void put_case_figures(struct sheet *sheet)
{
    const struct report_cases cases = report_cases(&sheet->book->report->total);
    put_figure(sheet, "alerts", "车载预警（起）", report_alerts(&sheet->book->report->total),
               "raised in the term, however late they were told", "按事件发生之日统计，含补传数据");
    put_figure(sheet, "hazards found", "发现隐患（件）", report_cases_found(&cases),
               "cases opened in the term", "本期立案的隐患");
    put_figure(sheet, "rectified", "已整改（件）", report_cases_rectified(&cases),
               "by their state when this report was made", "以报告生成时的办理状态为准，下同");
    put_figure(sheet, "of them: checked and closed", "其中：核查销号（件）",
               cases.states[CASE_CLOSED] - cases.explained, "the bureau has seen it", "教育局已核查");
    put_figure(sheet, "being put right", "正在整改（件）", report_cases_going(&cases), "not rectified yet",
               "尚未整改完成");
    put_figure(sheet, "of them: overdue", "其中：逾期未整改（件）", cases.overdue,
               "assigned, and the deadline is over", "已交办且已过整改期限");
    put_figure(sheet, "found to be none", "不予认定（件）", report_cases_void(&cases),
               "dismissed with a reason, or explained", "经核实不成立，或原因已查明、无需整改");
    put_figure(sheet, "handed over to the police", "移送公安机关（件）", cases.handed_over,
               "of all that were found", "发现的隐患中移送的件数");
}

static void put_sighting_figures(struct sheet *sheet)
{
    const struct report *report = sheet->book->report;
    const struct report_sightings all = report_sightings(&report->total, false),
                                  suspects = report_sightings(&report->total, true);
    put_figure(sheet, "sightings of vehicles", "黑车线索（条）", report_sightings_of(&all),
               "seen in the term, reported by gate duty and police", "本期目击，由校门值守、公安机关等上报");
    put_figure(sheet, "without a permit, or the plate not read", "其中：无有效许可或号牌未看清（条）",
               report_sightings_of(&suspects), "as the registry was when the report came",
               "以上报当时的登记为准");
    put_figure(sheet, "of them: handed over to the police", "其中：移送公安机关（条）", suspects.handed_over,
               "with their case", "随案移送");
    put_figure(sheet, "different plates without a valid permit", "涉及无证号牌（个）", report->plates,
               "read whole; the same plate counts once", "号牌完整的，同一号牌只计一次");
}

static void put_time_figures(struct sheet *sheet, const char *en, const char *zh,
                             const struct report_time *time)
{
    const struct book *book = sheet->book;
    char name[REPORT_TITLE_LEN];
    for (int i = 0; i < 2; i++) {
        if (book->language == WORDS_ZH)
            (void)snprintf(name, sizeof(name), "%s（小时，%s）", zh, i == 0 ? "中位数" : "九成以内");
        else
            (void)snprintf(name, sizeof(name), "%s (hours, %s)", en,
                           i == 0 ? "median" : "nine tenths within");
        put_text(sheet, name);
        put_hours(sheet, time, i == 0 ? time->median_ms : time->p90_ms);
        put_text(sheet,
                 say(book, "of those that came so far; nearest rank", "只计已办到该环节的，按最近秩法"));
        next_row(sheet);
    }
}

static void write_summary(struct book *book)
{
    char text[REPORT_TITLE_LEN];
    struct sheet sheet =
        begin_sheet(book, say(book, "Summary", "汇总"), SUMMARY, sizeof(SUMMARY) / sizeof(SUMMARY[0]));
    if (book->error != LXW_NO_ERROR)
        return;
    put_vehicle_figures(&sheet);
    put_case_figures(&sheet);
    put_sighting_figures(&sheet);
    put_time_figures(&sheet, "from opening to taking up", "立案至受理", &book->report->times.taken);
    put_time_figures(&sheet, "from opening to rectifying", "立案至整改", &book->report->times.rectified);
    report_purged(book->report, book->language, text);
    if (*text != '\0') {
        put_text(&sheet, text);
        next_row(&sheet);
    }
    if (report_is_empty(book->report)) {
        put_text(&sheet, say(book, "No data: the store holds nothing of this term.", "本期没有数据。"));
        next_row(&sheet);
    }
}

/* --- alerts by kind and band --- */

static const struct column KINDS[] = {
    {"kind", "类型", 30},         {"notice", "提示", 11},  {"minor", "一般", 11}, {"serious", "严重", 11},
    {"criminal", "涉嫌犯罪", 11}, {"unknown", "未知", 11}, {"all", "合计", 11},
};

static void put_bands(struct sheet *sheet, const int64_t bands[REPORT_BANDS])
{
    int64_t all = 0;
    for (int band = 1; band <= REPORT_BANDS; band++) { /* what is not known here comes last */
        put_count(sheet, bands[band % REPORT_BANDS]);
        all += bands[band % REPORT_BANDS];
    }
    put_count(sheet, all);
}

static void write_kinds(struct book *book)
{
    struct sheet sheet =
        begin_sheet(book, say(book, "By kind", "预警分类"), KINDS, sizeof(KINDS) / sizeof(KINDS[0]));
    int64_t bands[REPORT_BANDS];
    if (book->error != LXW_NO_ERROR)
        return;
    for (int kind = 1; kind <= REPORT_KINDS; kind++) {
        put_text(&sheet, words_kind(book->language, (enum bw_kind)(kind % REPORT_KINDS)));
        put_bands(&sheet, book->report->total.alerts[kind % REPORT_KINDS]);
        next_row(&sheet);
    }
    for (int band = 0; band < REPORT_BANDS; band++)
        bands[band] = report_alerts_in(&book->report->total, band);
    sheet.total = true;
    put_text(&sheet, say(book, "all", "合计"));
    put_bands(&sheet, bands);
}

/* --- by month --- */

static const struct column MONTHS[] = {
    {"month", "月份", 14},          {"trips", "运行趟次", 11},          {"not counted", "人数不详趟次", 13},
    {"overloaded", "超员趟次", 11}, {"pupils carried", "接送人次", 12}, {"hazards found", "发现隐患", 11},
    {"alerts", "预警合计", 11},
};
enum { MONTH_COLUMNS = sizeof(MONTHS) / sizeof(MONTHS[0]), MONTH_KIND = MONTH_COLUMNS };

/* Kinds 1, 2, ... have a column each, and the unknown one a last one when there is any. */
static int month_kinds(const struct book *book)
{
    return report_alerts_of(&book->report->total, 0) > 0 ? REPORT_KINDS : REPORT_KINDS - 1;
}

/* The months' columns, and one for each kind. */
static size_t month_columns(const struct book *book, struct column columns[COLUMNS_MAX])
{
    size_t n = MONTH_COLUMNS;
    memcpy(columns, MONTHS, sizeof(MONTHS));
    for (int kind = 1; kind <= month_kinds(book); kind++) {
        const char *name = words_kind(book->language, (enum bw_kind)(kind % REPORT_KINDS));
        columns[n++] = (struct column){name, name, 14};
    }
    return n;
}

static void put_month(struct sheet *sheet, const struct report_counts *counts)
{
    const struct report_cases cases = report_cases(counts);
    put_count(sheet, counts->trips);
    put_count(sheet, counts->trips_uncounted);
    put_count(sheet, counts->trips_over);
    put_boarded(sheet, counts);
    put_count(sheet, report_cases_found(&cases));
    put_count(sheet, report_alerts(counts));
    for (int kind = 1; kind <= month_kinds(sheet->book); kind++)
        put_count(sheet, report_alerts_of(counts, kind % REPORT_KINDS));
    next_row(sheet);
}

static void put_chart(struct sheet *sheet, lxw_chart *chart, uint32_t height)
{
    lxw_chart_options place = {.x_offset = 8, .y_offset = 8};
    place.x_scale = CHART_WIDTH / 480.0; /* of the library's own size */
    place.y_scale = height / 288.0;
    note(sheet->book, worksheet_insert_chart_opt(sheet->worksheet, sheet->row + 1, 0, chart, &place));
}

static lxw_chart_series *add_series(struct sheet *sheet, lxw_chart *chart, lxw_col_t column,
                                    lxw_row_t last_row)
{
    lxw_chart_series *series = chart_add_series(chart, NULL, NULL);
    if (series == NULL) {
        note(sheet->book, LXW_ERROR_MEMORY_MALLOC_FAILED);
        return NULL;
    }
    chart_series_set_categories(series, sheet->name, FIRST_ROW, 0, last_row, 0);
    chart_series_set_values(series, sheet->name, FIRST_ROW, column, last_row, column);
    chart_series_set_name_range(series, sheet->name, HEAD_ROW, column);
    return series;
}

/* Kinds that no alert is of have no place in the legend. */
static void chart_months(struct sheet *sheet, lxw_row_t last_row)
{
    static const lxw_color_t colours[REPORT_KINDS] = {0x7F7F7F, 0xC00000, 0x1F77B4, 0x9467BD,
                                                      0x17BECF, 0x7B3F00, 0xFF7F0E, 0xBCBD22,
                                                      0xE377C2, 0xFF0000, 0x8C8C8C, 0x2CA02C};
    struct book *book = sheet->book;
    lxw_chart *chart = workbook_add_chart(book->workbook, LXW_CHART_COLUMN_STACKED);
    if (chart == NULL) {
        note(book, LXW_ERROR_MEMORY_MALLOC_FAILED);
        return;
    }
    for (int kind = 1; kind <= REPORT_KINDS; kind++) {
        if (report_alerts_of(&book->report->total, kind % REPORT_KINDS) == 0)
            continue;
        lxw_chart_fill fill = {.color = colours[kind % REPORT_KINDS]};
        lxw_chart_series *series = add_series(sheet, chart, (lxw_col_t)(MONTH_KIND + kind - 1), last_row);
        if (series != NULL)
            chart_series_set_fill(series, &fill);
    }
    chart_title_set_name(chart, say(book, "Alerts by month and kind", "各月预警（按类型）"));
    put_chart(sheet, chart, CHART_HEIGHT);
}

static void write_months(struct book *book)
{
    struct column columns[COLUMNS_MAX];
    char name[REPORT_SPAN_LEN];
    const struct report *report = book->report;
    struct sheet sheet =
        begin_sheet(book, say(book, "By month", "分月统计"), columns, month_columns(book, columns));
    if (book->error != LXW_NO_ERROR)
        return;
    for (size_t i = 0; i < report->n_months; i++) {
        if (book->language == WORDS_ZH)
            (void)snprintf(name, sizeof(name), "%d年%d月", report->months[i].year, report->months[i].month);
        else
            (void)snprintf(name, sizeof(name), "%04d-%02d", report->months[i].year, report->months[i].month);
        put_text(&sheet, name);
        put_month(&sheet, &report->months[i].counts);
    }
    const lxw_row_t last_row = sheet.row - 1;
    sheet.total = true;
    put_text(&sheet, say(book, "all", "合计"));
    put_month(&sheet, &report->total);
    if (report_alerts(&report->total) > 0)
        chart_months(&sheet, last_row);
}

/* --- by school or township --- */

static const struct column PARTS[] = {
    {"", "", 26},
    {"township", "乡镇", 16},
    {"vehicles", "登记校车", 10},
    {"with permit", "持有效许可", 11},
    {"inspection overdue", "检验逾期", 10},
    {"ran", "实际运行", 10},
    {"trips", "运行趟次", 10},
    {"not counted", "人数不详趟次", 13},
    {"overloaded", "超员趟次", 10},
    {"pupils carried", "接送人次", 11},
    {"alerts", "预警", 9},
    {"notice", "提示", 9},
    {"minor", "一般", 9},
    {"serious", "严重", 9},
    {"criminal", "涉嫌犯罪", 10},
    {"hazards found", "发现隐患", 10},
    {"rectified", "已整改", 9},
    {"being put right", "正在整改", 10},
    {"overdue", "逾期", 9},
    {"found to be none", "不予认定", 10},
    {"handed over", "移送公安", 10},
    {"sightings", "黑车线索", 10},
    {"without permit", "其中：无证", 10},
    {"taken up, median h", "受理中位用时（时）", 13},
    {"rectified, median h", "整改中位用时（时）", 13},
};
enum { PART_COLUMNS = sizeof(PARTS) / sizeof(PARTS[0]), PART_NOTICE = 11 };

static void put_part(struct sheet *sheet, const struct report_counts *counts,
                     const struct report_times *times)
{
    const struct report_cases cases = report_cases(counts);
    const struct report_sightings sightings = report_sightings(counts, false),
                                  suspects = report_sightings(counts, true);
    put_count(sheet, counts->vehicles);
    put_count(sheet, counts->vehicles_permitted);
    put_count(sheet, counts->vehicles_uninspected);
    put_count(sheet, counts->vehicles_ran);
    put_count(sheet, counts->trips);
    put_count(sheet, counts->trips_uncounted);
    put_count(sheet, counts->trips_over);
    put_boarded(sheet, counts);
    put_count(sheet, report_alerts(counts));
    for (int band = BW_NOTICE; band <= BW_CRIMINAL; band++)
        put_count(sheet, report_alerts_in(counts, band));
    put_count(sheet, report_cases_found(&cases));
    put_count(sheet, report_cases_rectified(&cases));
    put_count(sheet, report_cases_going(&cases));
    put_count(sheet, cases.overdue);
    put_count(sheet, report_cases_void(&cases));
    put_count(sheet, cases.handed_over);
    put_count(sheet, report_sightings_of(&sightings));
    put_count(sheet, report_sightings_of(&suspects));
    put_hours(sheet, &times->taken, times->taken.median_ms);
    put_hours(sheet, &times->rectified, times->rectified.median_ms);
    next_row(sheet);
}

/* One bar each, as tall a chart as they need. */
static void chart_parts(struct sheet *sheet, lxw_row_t last_row)
{
    static const lxw_color_t colours[] = {0x8C8C8C, 0xF2C037, 0xFF7F0E, 0xC00000};
    struct book *book = sheet->book;
    lxw_chart *chart = workbook_add_chart(book->workbook, LXW_CHART_BAR_STACKED);
    if (chart == NULL) {
        note(book, LXW_ERROR_MEMORY_MALLOC_FAILED);
        return;
    }
    for (int band = BW_NOTICE; band <= BW_CRIMINAL; band++) {
        lxw_chart_fill fill = {.color = colours[band - BW_NOTICE]};
        lxw_chart_series *series =
            add_series(sheet, chart, (lxw_col_t)(PART_NOTICE + band - BW_NOTICE), last_row);
        if (series != NULL)
            chart_series_set_fill(series, &fill);
    }
    chart_set_series_gap(chart, 50);
    const bool by_school = book->report->by == REPORT_BY_SCHOOL;
    chart_title_set_name(chart, by_school ? say(book, "Alerts by school", "各校预警")
                                          : say(book, "Alerts by township", "各乡镇预警"));
    chart_axis_set_reverse(chart->y_axis); /* the first row on top */
    put_chart(sheet, chart, (uint32_t)(CHART_HEIGHT / 2 + BAR_HEIGHT * (last_row - FIRST_ROW + 1)));
}

static void write_parts(struct book *book)
{
    const struct report *report = book->report;
    const bool by_school = report->by == REPORT_BY_SCHOOL;
    struct column columns[PART_COLUMNS];
    memcpy(columns, PARTS, sizeof(PARTS));
    columns[0].en = by_school ? "school" : "township";
    columns[0].zh = by_school ? "学校" : "乡镇";
    columns[1].en = by_school ? "township" : "division";
    columns[1].zh = by_school ? "乡镇" : "行政区划";
    struct sheet sheet = begin_sheet(
        book, by_school ? say(book, "By school", "分学校统计") : say(book, "By township", "分乡镇统计"),
        columns, PART_COLUMNS);
    if (book->error != LXW_NO_ERROR)
        return;
    for (size_t i = 0; i < report->n_rows; i++) {
        put_text(&sheet, report_row_name(&report->rows[i], book->language));
        put_text(&sheet, by_school ? report->rows[i].township : report->rows[i].division);
        put_part(&sheet, &report->rows[i].counts, &report->rows[i].times);
    }
    const lxw_row_t last_row = sheet.row - 1;
    sheet.total = true;
    put_text(&sheet, say(book, "all", "合计"));
    put_text(&sheet, "");
    put_part(&sheet, &report->total, &report->times);
    if (report->n_rows > 0 && report_alerts(&report->total) > 0)
        chart_parts(&sheet, last_row);
}

/* --- hazards --- */

static const struct column CASES[] = {
    {"kind", "类型", 38},
    {"found", "发现", 10},
    {"open", "待受理", 10},
    {"acknowledged", "已受理", 10},
    {"assigned", "整改中", 10},
    {"of them: overdue", "其中：逾期", 11},
    {"rectified", "已整改待核查", 13},
    {"closed", "已销号", 10},
    {"explained", "原因已查明", 12},
    {"dismissed", "不成立", 10},
    {"handed over", "移送公安", 10},
};

static void put_cases(struct sheet *sheet, const struct report_cases *cases)
{
    put_count(sheet, report_cases_found(cases));
    put_count(sheet, cases->states[CASE_OPEN]);
    put_count(sheet, cases->states[CASE_ACKNOWLEDGED]);
    put_count(sheet, cases->states[CASE_ASSIGNED]);
    put_count(sheet, cases->overdue);
    put_count(sheet, cases->states[CASE_RECTIFIED]);
    put_count(sheet, cases->states[CASE_CLOSED] - cases->explained);
    put_count(sheet, cases->explained);
    put_count(sheet, cases->states[CASE_DISMISSED]);
    put_count(sheet, cases->handed_over);
    next_row(sheet);
}

static void write_cases(struct book *book)
{
    const struct report_counts *total = &book->report->total;
    const struct report_cases all = report_cases(total);
    struct sheet sheet =
        begin_sheet(book, say(book, "Hazards", "隐患治理"), CASES, sizeof(CASES) / sizeof(CASES[0]));
    if (book->error != LXW_NO_ERROR)
        return;
    for (int kind = 0; kind < CASE_KINDS; kind++) {
        const bool is_known = case_kind_name(kind)[0] != '\0';
        if (!is_known && report_cases_found(&total->cases[kind]) == 0)
            continue;
        put_text(&sheet, report_case_kind(kind, book->language));
        put_cases(&sheet, &total->cases[kind]);
    }
    sheet.total = true;
    put_text(&sheet, say(book, "all", "合计"));
    put_cases(&sheet, &all);
}

/* --- sightings --- */

static const struct column SIGHTINGS[] = {
    {"at the time it was seen", "当时的许可状态", 26},
    {"sightings", "线索", 10},
    {"settled", "已办结", 10},
    {"being seen to", "正在办理", 10},
    {"found to be none", "不成立", 10},
    {"in no case", "未立案", 10},
    {"handed over", "移送公安", 10},
};

static void put_sightings(struct sheet *sheet, const struct report_sightings *sightings)
{
    put_count(sheet, report_sightings_of(sightings));
    put_count(sheet, sightings->outcomes[REPORT_SETTLED]);
    put_count(sheet, sightings->outcomes[REPORT_GOING]);
    put_count(sheet, sightings->outcomes[REPORT_DISMISSED]);
    put_count(sheet, sightings->outcomes[REPORT_NO_CASE]);
    put_count(sheet, sightings->handed_over);
    next_row(sheet);
}

static void write_sightings(struct book *book)
{
    const struct report_counts *total = &book->report->total;
    const struct report_sightings all = report_sightings(total, false);
    struct sheet sheet = begin_sheet(book, say(book, "Sightings", "黑车线索"), SIGHTINGS,
                                     sizeof(SIGHTINGS) / sizeof(SIGHTINGS[0]));
    if (book->error != LXW_NO_ERROR)
        return;
    for (int verdict = 1; verdict <= REPORT_VERDICTS; verdict++) {
        const int at = verdict % REPORT_VERDICTS;
        if (at == 0 && report_sightings_of(&total->sightings[0]) == 0)
            continue;
        put_text(&sheet, report_verdict(at, book->language));
        put_sightings(&sheet, &total->sightings[at]);
    }
    sheet.total = true;
    put_text(&sheet, say(book, "all", "合计"));
    put_sightings(&sheet, &all);
}

/* --- the book --- */

static lxw_format *add_format(struct book *book, const char *number, bool bold, bool border)
{
    lxw_format *format = workbook_add_format(book->workbook);
    if (format == NULL) {
        note(book, LXW_ERROR_MEMORY_MALLOC_FAILED);
        return NULL;
    }
    if (number != NULL)
        format_set_num_format(format, number);
    if (bold)
        format_set_bold(format);
    if (border)
        format_set_border(format, LXW_BORDER_HAIR);
    format_set_align(format, LXW_ALIGN_VERTICAL_CENTER);
    return format;
}

static void add_formats(struct book *book)
{
    static const char count[] = "#,##0";
    book->title = add_format(book, NULL, true, false);
    book->note = add_format(book, NULL, false, false);
    book->head = add_format(book, NULL, true, true);
    book->text = add_format(book, NULL, false, true);
    book->count = add_format(book, count, false, true);
    book->hours = add_format(book, "#,##0.0", false, true);
    book->unknown = add_format(book, NULL, false, true);
    book->total_text = add_format(book, NULL, true, true);
    book->total_count = add_format(book, count, true, true);
    if (book->error != LXW_NO_ERROR)
        return;
    format_set_font_size(book->title, 16);
    format_set_font_color(book->note, 0x595959);
    format_set_text_wrap(book->head);
    format_set_align(book->head, LXW_ALIGN_CENTER);
    format_set_bg_color(book->head, 0xD9E2F3);
    format_set_align(book->unknown, LXW_ALIGN_RIGHT);
    format_set_italic(book->unknown);
    format_set_bg_color(book->total_text, 0xF2F2F2);
    format_set_bg_color(book->total_count, 0xF2F2F2);
}

/* The library takes what it does not change without saying so. */
static void set_properties(struct book *book)
{
    char title[REPORT_TITLE_LEN], company[BW_NAME_LEN];
    static char program[] = "Buswarden " BUSWARDEN_VERSION;
    lxw_doc_properties properties = {.title = title, .company = company, .comments = program};
    report_title(book->report, book->language, title);
    (void)snprintf(company, sizeof(company), "%s", book->report->bureau);
    properties.created = (time_t)(book->report->made_utc_ms / 1000);
    note(book, workbook_set_properties(book->workbook, &properties));
}

/* What the library told of the system's refusal, when that is still known. */
static int errno_of(lxw_error error)
{
    if (error == LXW_NO_ERROR)
        return 0;
    if (error == LXW_ERROR_MEMORY_MALLOC_FAILED)
        return -ENOMEM;
    return errno != 0 ? -errno : -EIO;
}

int report_write_workbook(const struct report *report, enum words_language language, const char *path)
{
    lxw_workbook_options options = {.constant_memory = LXW_TRUE};
    struct book book = {.report = report, .language = language};
    errno = 0;
    book.workbook = workbook_new_opt(path, &options);
    if (book.workbook == NULL)
        return -ENOMEM;
    add_formats(&book);
    if (book.error == LXW_NO_ERROR)
        set_properties(&book);
    void (*const sheets[])(struct book *) = {write_summary, write_kinds, write_months,
                                             write_parts,   write_cases, write_sightings};
    for (size_t i = 0; i < sizeof(sheets) / sizeof(sheets[0]) && book.error == LXW_NO_ERROR; i++)
        sheets[i](&book);
    const lxw_error closed = workbook_close(book.workbook); /* and frees it */
    const int err = errno_of(book.error != LXW_NO_ERROR ? book.error : closed);
    return err == 0 ? whole_check(path) : err;
}
