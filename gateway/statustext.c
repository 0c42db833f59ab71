#include "gateway/statustext.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "gateway/faults.h"
#include "proto/modeljson.h"
#include "proto/utc.h"

enum { LINE_LEN = 2048, AGE_LEN = 48, LABEL_COLUMNS = 10, NOT_PROVEN_S = 600, CLOCK_GOOD_S = 2 };

struct printer {
    enum words_language language;
    int utc_offset_min; /* of the vehicle's local time */
    FILE *out;
};

/* --- columns --- */

/* Bytes of the character that begins here; 1 for what is no UTF-8. */
static size_t character(const char *at)
{
    const unsigned char c = (unsigned char)*at;
    const size_t n = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    for (size_t i = 1; i < n; i++)
        if (((unsigned char)at[i] & 0xC0) != 0x80)
            return 1;
    return n;
}

size_t status_columns(const char *text)
{
    size_t columns = 0;
    for (size_t n; *text != '\0'; text += n) {
        n = character(text);
        columns += n >= 3 ? 2 : 1;
    }
    return columns;
}

static void pad(size_t n, FILE *out)
{
    (void)fprintf(out, "%*s", (int)n, "");
}

/* How many bytes of text fit into the columns, and do not begin the next line with a full stop or comma. */
static size_t fitting(const char *text, size_t columns)
{
    size_t used = 0, bytes = 0, at = 0;
    for (size_t n; text[at] != '\0'; at += n) {
        n = character(text + at);
        used += n >= 3 ? 2 : 1;
        if (used > columns)
            return bytes > 0 ? bytes : at > 0 ? at : n;
        const char *next = text + at + n;
        const bool closes = strncmp(next, "。", 3) == 0 || strncmp(next, "，", 3) == 0 ||
                            strncmp(next, "；", 3) == 0 || strncmp(next, "、", 3) == 0;
        if (*next == ' ' || *next == '\0' || (n >= 3 && !closes))
            bytes = at + n;
    }
    return at;
}

void status_print_text(const char *head, const char *text, FILE *out)
{
    const size_t indent = status_columns(head);
    (void)fputs(head, out);
    while (*text != '\0') {
        const size_t n = fitting(text, STATUS_COLUMNS - indent);
        (void)fprintf(out, "%.*s\n", (int)n, text);
        text += n;
        while (*text == ' ')
            text++;
        if (*text != '\0')
            pad(indent, out);
    }
}

/* --- values --- */

/* A macro, so that the compiler sees both formats. */
#define SAY(printer, en, zh) ((printer)->language == WORDS_ZH ? (zh) : (en))

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL ? text : "";
}

static bool has(const json_t *json, const char *key)
{
    return json_is_number(json_object_get(json, key));
}

static double number_of(const json_t *json, const char *key)
{
    return json_number_value(json_object_get(json, key));
}

static const char *age(const struct printer *printer, double seconds, char ret[AGE_LEN])
{
    const uint64_t s = seconds > 0 ? (uint64_t)fmin(seconds, 1e12) : 0, min = s / 60, h = min / 60;
    if (s < 120)
        (void)snprintf(ret, AGE_LEN, SAY(printer, "%" PRIu64 " s", "%" PRIu64 " 秒"), s);
    else if (min < 120)
        (void)snprintf(ret, AGE_LEN, SAY(printer, "%" PRIu64 " min", "%" PRIu64 " 分钟"), min);
    else if (h < 48)
        (void)snprintf(ret, AGE_LEN,
                       SAY(printer, "%" PRIu64 " h %" PRIu64 " min", "%" PRIu64 " 小时 %" PRIu64 " 分"), h,
                       min % 60);
    else
        (void)snprintf(ret, AGE_LEN,
                       SAY(printer, "%" PRIu64 " d %" PRIu64 " h", "%" PRIu64 " 天 %" PRIu64 " 小时"), h / 24,
                       h % 24);
    return ret;
}

static const char *local_time(const struct printer *printer, const char *rfc3339, char ret[UTC_TEXT_LEN])
{
    int64_t utc_ms;
    if (utc_parse(rfc3339, &utc_ms) != 0)
        return SAY(printer, "unknown", "不明");
    utc_format(utc_ms + printer->utc_offset_min * INT64_C(60000), ret);
    if (strlen(ret) < 19)
        return SAY(printer, "unknown", "不明");
    ret[10] = ' ';
    ret[19] = '\0';
    return ret;
}

/* --- a line, built piece by piece and then printed --- */

struct line {
    char text[LINE_LEN];
    size_t len;
};

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void
add(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(line->text + line->len, sizeof line->text - line->len, format, arguments);
    va_end(arguments);
    if (n > 0)
        line->len += (size_t)n;
    if (line->len >= sizeof line->text)
        line->len = sizeof line->text - 1; /* cut */
}

static void print_line(const struct printer *printer, const char *label, const struct line *line)
{
    char head[64];
    const size_t columns = status_columns(label);
    (void)snprintf(head, sizeof head, "%s%*s", label,
                   columns < LABEL_COLUMNS ? (int)(LABEL_COLUMNS - columns) : 1, "");
    status_print_text(head, line->text, printer->out);
}

/* --- what is wrong --- */

static void add_places(const struct printer *printer, struct line *line, const json_t *places)
{
    size_t i;
    const json_t *place;
    char words[WORDS_PLACE_LEN];
    json_array_foreach(places, i, place)
        add(line, "%s%s", i > 0 ? SAY(printer, ", ", "、") : SAY(printer, ": ", "："),
            words_place(printer->language, json_string_value(place), words));
}

static void print_note(const struct printer *printer, const json_t *note, bool warning)
{
    const struct fault_words *words = fault_by_code(text_of(note, "code"));
    struct line line = {0};
    if (words == NULL) {
        add(&line, "%s: %s", text_of(note, "part"), text_of(note, "reason"));
    } else {
        add(&line, "%s", words->what[printer->language]);
        add_places(printer, &line, json_object_get(note, "places"));
        if (text_of(note, "detail")[0] != '\0')
            add(&line, SAY(printer, " (%s)", "（%s）"), text_of(note, "detail"));
    }
    print_line(printer, warning ? SAY(printer, "SOON", "注意") : SAY(printer, "WRONG", "故障"), &line);
    if (words == NULL)
        return;
    line = (struct line){0};
    add(&line, "%s", words->todo[printer->language]);
    print_line(printer, SAY(printer, "  to do", "  处理"), &line);
}

const char *status_kind(enum words_language language, const char *name)
{
    int kind = BW_KIND_COUNT - 1;
    while (kind > BW_KIND_UNSPECIFIED && strcmp(modeljson_kind((enum bw_kind)kind), name) != 0)
        kind--;
    return words_kind(language, (enum bw_kind)kind);
}

static void print_alert(const struct printer *printer, const json_t *alert)
{
    struct line line = {0};
    char time[UTC_TEXT_LEN];
    add(&line, SAY(printer, "%s, since %s (alert %.0f)", "%s，始于 %s（预警 %.0f）"),
        status_kind(printer->language, text_of(alert, "kind")),
        local_time(printer, text_of(alert, "raised_at"), time), number_of(alert, "number"));
    print_line(printer, SAY(printer, "ALERT", "预警"), &line);
}

static void print_notes(const struct printer *printer, const json_t *status)
{
    size_t i;
    const json_t *item, *faults = json_object_get(status, "faults");
    json_array_foreach(faults, i, item) print_note(printer, item, false);
    json_array_foreach(json_object_get(status, "warnings"), i, item) print_note(printer, item, true);
    json_array_foreach(json_object_get(status, "alerts"), i, item) print_alert(printer, item);
    if (json_array_size(faults) == 0)
        (void)fprintf(printer->out, "%s\n", SAY(printer, "Nothing is wrong.", "一切正常。"));
}

/* --- what there is --- */

static void print_clock(const struct printer *printer, const json_t *clock)
{
    struct line line = {0};
    char time[UTC_TEXT_LEN], off[AGE_LEN];
    const char *source = text_of(clock, "source");
    const bool gnss = strcmp(source, "gnss") == 0;
    if (strcmp(source, "none") == 0) {
        add(&line, "%s", SAY(printer, "unknown", "不明"));
    } else {
        add(&line, SAY(printer, "%s, %s", "%s，%s"), local_time(printer, text_of(clock, "utc"), time),
            gnss ? SAY(printer, "from the satellites", "来自卫星")
                 : SAY(printer, "from the computer, not yet from the satellites",
                       "来自终端，尚未取得卫星时间"));
    }
    if (has(clock, "system_ahead_s")) {
        const double ahead_s = number_of(clock, "system_ahead_s");
        if (fabs(ahead_s) < CLOCK_GOOD_S)
            add(&line, "%s", SAY(printer, "; the computer's clock is right", "；终端时钟准确"));
        else if (ahead_s > 0)
            add(&line, SAY(printer, "; the computer's clock is %s fast", "；终端时钟快 %s"),
                age(printer, ahead_s, off));
        else
            add(&line, SAY(printer, "; the computer's clock is %s slow", "；终端时钟慢 %s"),
                age(printer, -ahead_s, off));
    }
    print_line(printer, SAY(printer, "clock", "时钟"), &line);
}

static void print_gps(const struct printer *printer, const json_t *gps)
{
    struct line line = {0};
    char old[AGE_LEN];
    if (json_is_true(json_object_get(gps, "position"))) {
        add(&line, SAY(printer, "%.0fD position, %s old", "%.0fD 定位，%s前"), number_of(gps, "mode"),
            age(printer, number_of(gps, "fix_age_s"), old));
    } else {
        add(&line, "%s", SAY(printer, "no position", "没有定位"));
        if (has(gps, "fix_age_s"))
            add(&line, SAY(printer, ", the last one %s ago", "，上次在 %s前"),
                age(printer, number_of(gps, "fix_age_s"), old));
    }
    if (has(gps, "satellites"))
        add(&line, SAY(printer, ", %.0f satellites", "，%.0f 颗卫星"), number_of(gps, "satellites"));
    if (has(gps, "accuracy_m"))
        add(&line, SAY(printer, ", good to %.0f m", "，精度 %.0f 米"), number_of(gps, "accuracy_m"));
    if (has(gps, "speed_kmh"))
        add(&line, SAY(printer, ", %.0f km/h", "，%.0f km/h"), number_of(gps, "speed_kmh"));
    if (has(gps, "lat"))
        add(&line, SAY(printer, ", %.5f N %.5f E", "，北纬 %.5f 东经 %.5f"), number_of(gps, "lat"),
            number_of(gps, "lon"));
    print_line(printer, SAY(printer, "gps", "定位"), &line);
}

static void print_bus(const struct printer *printer, const json_t *cabin)
{
    struct line line = {0};
    char silent[AGE_LEN];
    if (strcmp(text_of(cabin, "state"), "open") != 0)
        add(&line, "%s", SAY(printer, "not open", "未打开"));
    else
        add(&line, SAY(printer, "%.0f frames a second", "每秒 %.0f 帧"), number_of(cabin, "frames_per_s"));
    if (has(cabin, "silent_s"))
        add(&line, SAY(printer, ", the last one %s ago", "，最近一帧 %s前"),
            age(printer, number_of(cabin, "silent_s"), silent));
    else
        add(&line, "%s", SAY(printer, ", none since the start", "，启动以来没有数据"));
    add(&line,
        SAY(printer, "; refused: %.0f garbled, %.0f too short, %.0f values; %.0f not in the DBC file",
            "；拒收：乱码 %.0f，过短 %.0f，取值 %.0f；DBC 文件中没有的 %.0f"),
        number_of(cabin, "refused"), number_of(cabin, "short_frames"), number_of(cabin, "refused_values"),
        number_of(cabin, "unknown_frames"));
    print_line(printer, SAY(printer, "bus", "总线"), &line);
}

/* By the codes of status --json, which docs/status.md explains. */
static void print_troubles(const struct printer *printer, const json_t *cabin)
{
    struct line line = {0};
    const char *code;
    json_t *n;
    json_object_foreach(json_object_get(cabin, "troubles"), code, n)
        add(&line, "%s%s %.0f", line.text[0] != '\0' ? ", " : "", code, json_number_value(n));
    if (line.text[0] != '\0')
        print_line(printer, SAY(printer, "troubles", "异常"), &line);
}

static void print_aboard(const struct printer *printer, const json_t *cabin)
{
    struct line line = {0};
    const json_t *aboard = json_object_get(cabin, "aboard");
    const char *quality = text_of(aboard, "quality");
    const double low = number_of(aboard, "low"), high = number_of(aboard, "high");
    if (strcmp(quality, "unknown") == 0)
        add(&line, "%s", SAY(printer, "unknown", "不明"));
    else if (low == high)
        add(&line, SAY(printer, "%.0f", "%.0f 人"), low);
    else
        add(&line,
            SAY(printer, "%.0f for certain, at most %.0f: some seats are not known",
                "确定 %.0f 人，至多 %.0f 人：部分座位状态不明"),
            low, high);
    if (json_is_true(json_object_get(cabin, "driver_warned")))
        add(&line, "%s",
            SAY(printer, "; THE DRIVER IS WARNED: more than approved", "；超过核定人数，正在提醒驾驶人"));
    print_line(printer, SAY(printer, "aboard", "车上"), &line);
}

/* Why a signal is not known; "" when it is. */
static void add_unknown(const struct printer *printer, struct line *line, const json_t *signal)
{
    const char *state = text_of(signal, "state");
    char silent[AGE_LEN];
    if (strcmp(state, "never") == 0)
        add(line, "%s", SAY(printer, "unknown: not heard since the start", "不明：启动以来没有信号"));
    else if (strcmp(state, "silent") == 0)
        add(line, SAY(printer, "unknown: silent for %s", "不明：已 %s没有信号"),
            age(printer, number_of(signal, "silent_s"), silent));
    else if (strcmp(state, "nonsense") == 0)
        add(line, "%s", SAY(printer, "unknown: its value makes no sense", "不明：取值无意义"));
    else if (strcmp(state, "stuck") == 0)
        add(line, "%s",
            SAY(printer, "unknown: occupied without end, a bag or a stuck sensor",
                "不明：一直显示有人，可能是包或传感器卡住"));
    else if (strcmp(state, "belted") == 0)
        add(line, "%s",
            SAY(printer, "unknown: empty, but its belt was fastened", "不明：显示无人，但安全带被系上"));
    else
        add(line, "%s",
            SAY(printer, "unknown: the sensor says that it does not know", "不明：传感器自报不明"));
}

static void add_value(const struct printer *printer, struct line *line, const json_t *signal)
{
    static const struct {
        const char *kind, *words[2][2]; /* [no, yes][language] */
    } words[] = {
        {"belt", {{"belt open", "安全带未系"}, {"belt fastened", "安全带已系"}}},
        {"door", {{"closed", "关"}, {"open", "开"}}},
        {"ignition", {{"off", "关"}, {"on", "开"}}},
        {"power", {{"gone", "断开"}, {"there", "正常"}}},
        {"antenna", {{"open or short", "开路或短路"}, {"good", "正常"}}},
        {"button", {{"not pressed", "未按下"}, {"pressed", "按下"}}},
    };
    const char *kind = text_of(signal, "kind");
    const double value = number_of(signal, "value");
    if (strcmp(text_of(signal, "state"), "known") != 0)
        add_unknown(printer, line, signal);
    else if (strcmp(kind, "seat") == 0 && value == 0)
        add(line, "%s", SAY(printer, "empty", "空"));
    else if (strcmp(kind, "seat") == 0)
        add(line, SAY(printer, "%.0f seated", "%.0f 人"), value);
    else if (strcmp(kind, "wheel") == 0)
        add(line, "%.0f km/h", value);
    else if (strcmp(kind, "in") == 0 || strcmp(kind, "out") == 0)
        add(line, SAY(printer, "%.0f persons", "%.0f 人次"), value);
    for (size_t i = 0; i < sizeof words / sizeof words[0] && strcmp(text_of(signal, "state"), "known") == 0;
         i++)
        if (strcmp(kind, words[i].kind) == 0)
            add(line, "%s", words[i].words[value == 1][printer->language]);
}

/* A star: not changed since the start. What may well stay as it is for weeks has none. */
static void add_changes(const struct printer *printer, struct line *line, const json_t *signal)
{
    const char *kind = text_of(signal, "kind");
    const bool used =
        strcmp(kind, "power") != 0 && strcmp(kind, "antenna") != 0 && strcmp(kind, "wheel") != 0;
    char changed[AGE_LEN];
    if (json_is_true(json_object_get(signal, "restless")))
        add(line, "%s", SAY(printer, ", CHANGES WITHOUT END", "，不停跳变"));
    else if (used && has(signal, "changed_s"))
        add(line, SAY(printer, ", changed %s ago", "，%s前有变化"),
            age(printer, number_of(signal, "changed_s"), changed));
    else if (used && strcmp(text_of(signal, "state"), "known") == 0)
        add(line, "*");
}

static bool same_seat(const char *seat, const char *belt)
{
    const char *end = strrchr(seat, '.');
    return end != NULL && strncmp(seat, belt, (size_t)(end - seat) + 1) == 0;
}

static const json_t *belt_of(const json_t *signals, const json_t *seat)
{
    size_t i;
    const json_t *belt;
    json_array_foreach(signals, i,
                       belt) if (strcmp(text_of(belt, "kind"), "belt") == 0 &&
                                 same_seat(text_of(seat, "place"), text_of(belt, "place"))) return belt;
    return NULL;
}

static void print_signal(const struct printer *printer, const json_t *signal, const json_t *belt)
{
    struct line line = {0};
    char place[WORDS_PLACE_LEN], head[WORDS_PLACE_LEN + 32];
    words_place(printer->language, text_of(signal, "place"), place);
    const size_t columns = status_columns(place);
    (void)snprintf(head, sizeof head, "  %s%*s", place, columns < 18 ? (int)(18 - columns) : 1, "");
    add_value(printer, &line, signal);
    add_changes(printer, &line, signal);
    if (belt != NULL) {
        add(&line, "%s", SAY(printer, "; ", "；"));
        if (strcmp(text_of(belt, "state"), "known") != 0)
            add(&line, "%s", SAY(printer, "belt ", "安全带"));
        add_value(printer, &line, belt);
        add_changes(printer, &line, belt);
    }
    status_print_text(head, line.text, printer->out);
}

/* A seat that was never seen to change on a drive may have been empty, or may be stuck: nobody knows. */
static void print_unproven(const struct printer *printer, const json_t *signals, double driven_s)
{
    size_t i, n = 0;
    const json_t *signal;
    char driven[AGE_LEN], place[WORDS_PLACE_LEN];
    struct line line = {0};
    if (driven_s < NOT_PROVEN_S)
        return;
    add(&line, SAY(printer, "never changed in %s of driving: ", "行驶 %s以来从未变化："),
        age(printer, driven_s, driven));
    json_array_foreach(signals, i, signal)
    {
        const bool seat_or_door =
            strcmp(text_of(signal, "kind"), "seat") == 0 || strcmp(text_of(signal, "kind"), "door") == 0;
        if (!seat_or_door || strcmp(text_of(signal, "state"), "known") != 0 ||
            number_of(signal, "changes") > 0)
            continue;
        add(&line, "%s%s", n++ > 0 ? SAY(printer, ", ", "、") : "",
            words_place(printer->language, text_of(signal, "place"), place));
    }
    add(&line, "%s",
        SAY(printer, ". Not used, or stuck: nobody knows before `selftest`.",
            "。可能没有人用，也可能卡住：运行 selftest 才知道。"));
    if (n > 0)
        print_line(printer, SAY(printer, "NOTE", "提示"), &line);
}

static void print_cabin(const struct printer *printer, const json_t *status)
{
    size_t i;
    const json_t *signal, *cabin = json_object_get(status, "cabin");
    const json_t *signals = json_object_get(cabin, "signals");
    struct line line = {0};
    if (!json_is_object(cabin)) {
        add(&line, "%s", SAY(printer, "no sensors are configured", "没有配置传感器"));
        print_line(printer, SAY(printer, "cabin", "车内"), &line);
        return;
    }
    print_bus(printer, cabin);
    print_troubles(printer, cabin);
    print_aboard(printer, cabin);
    json_array_foreach(signals, i, signal)
    {
        const bool seat = strcmp(text_of(signal, "kind"), "seat") == 0;
        if (strcmp(text_of(signal, "kind"), "belt") != 0) /* stands with its seat */
            print_signal(printer, signal, seat ? belt_of(signals, signal) : NULL);
    }
    if (json_array_size(signals) > 0)
        (void)fprintf(printer->out, "%s\n",
                      SAY(printer, "  (* not changed since the start)", "  （* 启动以来没有变化）"));
    print_unproven(printer, signals, number_of(json_object_get(status, "gps"), "driven_s"));
}

static void print_licence(const struct printer *printer, const json_t *licence)
{
    struct line line = {0};
    if (!json_is_object(licence)) {
        add(&line, "%s", SAY(printer, "none", "没有"));
    } else {
        add(&line, SAY(printer, "version %.0f, capacity %.0f", "版本 %.0f，核定 %.0f 人"),
            number_of(licence, "version"), number_of(licence, "capacity"));
        if (has(licence, "days_left"))
            add(&line, SAY(printer, ", valid until %s (%.0f days left)", "，有效期至 %s（还有 %.0f 天）"),
                text_of(licence, "valid_until"), number_of(licence, "days_left"));
        if (has(licence, "permits_today"))
            add(&line, SAY(printer, ", permits for today: %.0f", "，今天的许可 %.0f 个"),
                number_of(licence, "permits_today"));
    }
    print_line(printer, SAY(printer, "licence", "许可包"), &line);
}

static void print_orders(const struct printer *printer, const json_t *orders)
{
    size_t i;
    const json_t *order, *in_force = json_object_get(orders, "in_force");
    struct line line = {0};
    if (!json_is_object(orders))
        return;
    add(&line, SAY(printer, "version %.0f, %zu of %.0f in force", "版本 %.0f，%zu 条生效，共 %.0f 条"),
        number_of(orders, "version"), json_array_size(in_force), number_of(orders, "held"));
    json_array_foreach(in_force, i, order) add(
        &line, "%s%s", i > 0 ? SAY(printer, ", ", "、") : SAY(printer, ": ", "："), json_string_value(order));
    print_line(printer, SAY(printer, "orders", "指令"), &line);
}

static void print_alarm(const struct printer *printer, const json_t *alarm)
{
    const double level = number_of(alarm, "level");
    struct line line = {0};
    if (!json_is_object(alarm))
        add(&line, "%s", SAY(printer, "no output is configured", "没有配置输出"));
    else if (level > 0)
        add(&line, "%s", words_alarm(printer->language, (uint8_t)level));
    else
        add(&line, "%s", SAY(printer, "silent", "没有报警"));
    print_line(printer, SAY(printer, "alarm", "报警"), &line);
}

static void add_class(const struct printer *printer, struct line *line, const json_t *cls)
{
    char old[AGE_LEN];
    if (number_of(cls, "waiting") > 0 && has(cls, "oldest_s"))
        add(line, SAY(printer, " (the oldest %s)", "（最早的 %s前）"),
            age(printer, number_of(cls, "oldest_s"), old));
    if (number_of(cls, "evicted") > 0)
        add(line, SAY(printer, " (%.0f given up when full)", "（满后舍弃 %.0f 条）"),
            number_of(cls, "evicted"));
}

static void print_outbox(const struct printer *printer, const json_t *outbox)
{
    const json_t *alert = json_object_get(outbox, "alert"), *track = json_object_get(outbox, "track");
    struct line line = {0};
    add(&line, SAY(printer, "waiting for the bureau: alerts %.0f", "等待教育局确认：预警记录 %.0f 条"),
        number_of(alert, "waiting"));
    add_class(printer, &line, alert);
    add(&line, SAY(printer, ", positions %.0f", "，定位记录 %.0f 条"), number_of(track, "waiting"));
    add_class(printer, &line, track);
    if (number_of(outbox, "unsaved") > 0)
        add(&line, SAY(printer, ", %.0f in memory alone", "，仅在内存中 %.0f 条"),
            number_of(outbox, "unsaved"));
    if (number_of(outbox, "lost") > 0)
        add(&line, SAY(printer, ", %.0f LOST", "，丢失 %.0f 条"), number_of(outbox, "lost"));
    if (has(outbox, "disk_free_mb"))
        add(&line, SAY(printer, "; %.0f MB of disk free", "；磁盘剩余 %.0f MB"),
            number_of(outbox, "disk_free_mb"));
    print_line(printer, SAY(printer, "outbox", "发件箱"), &line);
}

static void print_certificate(const struct printer *printer, const json_t *certificate)
{
    struct line line = {0};
    if (!json_is_object(certificate))
        return;
    add(&line, SAY(printer, "valid until %.10s", "有效期至 %.10s"), text_of(certificate, "valid_until"));
    if (has(certificate, "days_left"))
        add(&line, SAY(printer, " (%.0f days left)", "（还有 %.0f 天）"),
            number_of(certificate, "days_left"));
    print_line(printer, SAY(printer, "cert", "证书"), &line);
}

static void print_uplink(const struct printer *printer, const json_t *uplink)
{
    struct line line = {0};
    char lasting[AGE_LEN];
    if (!json_is_true(json_object_get(uplink, "connected")))
        add(&line, "%s", SAY(printer, "not connected", "未连接"));
    else
        add(&line, SAY(printer, "connected for %s", "已连接 %s"),
            age(printer, number_of(uplink, "connected_s"), lasting));
    if (has(uplink, "receipt_s"))
        add(&line, SAY(printer, ", last receipt %s ago", "，上次回执 %s前"),
            age(printer, number_of(uplink, "receipt_s"), lasting));
    else
        add(&line, "%s", SAY(printer, ", no receipt since the start", "，启动以来没有回执"));
    print_line(printer, SAY(printer, "uplink", "上行"), &line);
}

static void print_software(const struct printer *printer, const json_t *status)
{
    const json_t *process = json_object_get(status, "process");
    struct line line = {0};
    char uptime[AGE_LEN];
    add(&line, "%s (%s)", text_of(status, "software"), text_of(status, "build"));
    if (has(process, "uptime_s"))
        add(&line, SAY(printer, ", running for %s", "，已运行 %s"),
            age(printer, number_of(process, "uptime_s"), uptime));
    if (has(process, "resident_kb"))
        add(&line,
            SAY(printer, ", memory %.1f MB, of it private %.1f MB", "，内存 %.1f MB，其中私有 %.1f MB"),
            number_of(process, "resident_kb") / 1024, number_of(process, "private_kb") / 1024);
    print_line(printer, SAY(printer, "software", "软件"), &line);
}

void status_print(const json_t *status, enum words_language language, FILE *out)
{
    const json_t *clock = json_object_get(status, "clock"), *licence = json_object_get(status, "licence");
    struct printer printer = {
        .language = language, .utc_offset_min = (int)number_of(clock, "utc_offset_min"), .out = out};
    struct line vehicle = {0};
    add(&vehicle, "%s (%s)", text_of(status, "vehicle"), text_of(status, "division"));
    if (text_of(licence, "plate")[0] != '\0')
        add(&vehicle, SAY(&printer, ", plate %s", "，号牌 %s"), text_of(licence, "plate"));
    print_line(&printer, SAY(&printer, "vehicle", "车辆"), &vehicle);
    print_notes(&printer, status);
    print_clock(&printer, clock);
    print_gps(&printer, json_object_get(status, "gps"));
    print_cabin(&printer, status);
    print_licence(&printer, licence);
    print_orders(&printer, json_object_get(status, "orders"));
    print_alarm(&printer, json_object_get(status, "alarm"));
    print_outbox(&printer, json_object_get(status, "outbox"));
    print_certificate(&printer, json_object_get(status, "certificate"));
    print_uplink(&printer, json_object_get(status, "uplink"));
    print_software(&printer, status);
}
