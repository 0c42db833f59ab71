#include "bureau/notify/text.h"

#include "bureau/cases/state.h"
#include "proto/utc.h"
#include "proto/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { N_LANGUAGES = 2, LINE_MAX_BYTES = 400, TAIL_ROOM = 420 };

/* Of cases; those of alerts are in words.h. */
static const struct kind_words {
    int kind;
    const char *words[N_LANGUAGES];
} KINDS[] = {
    {CASE_SILENT, {"车辆失联", "vehicle silent"}},
    {CASE_OUTAGE, {"大面积失联", "outage"}},
    {CASE_SIGHTING, {"疑似黑车", "vehicle without permit seen"}},
};

static const char *const WHATS[STORE_NOTICE_WHATS][N_LANGUAGES] = {
    [STORE_NOTICE_RAISED] = {"", ""},
    [STORE_NOTICE_GRAVER] = {"，程度加重", ", graver than before"},
    [STORE_NOTICE_OVER] = {"，已解除", ", over"},
    [STORE_NOTICE_CASE_OPENED] = {"，已立案", ", case opened"},
    [STORE_NOTICE_CASE_ASSIGNED] = {"，已交办，请限期整改", ", assigned: to be put right"},
    [STORE_NOTICE_CASE_ESCALATED] = {"，未按期处理，已升级", ", not dealt with in time: escalated"},
};

static enum words_language words_of(enum notify_language language)
{
    return language == NOTIFY_ZH ? WORDS_ZH : WORDS_EN;
}

static const char *kind_words(int kind, enum notify_language language)
{
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++)
        if (KINDS[i].kind == kind)
            return KINDS[i].words[language];
    return words_kind(words_of(language), (enum bw_kind)kind);
}

static bool has_words(int kind)
{
    return kind > 0 && kind < STORE_NOTICE_KINDS && *case_kind_name(kind) != '\0';
}

const char *notify_kind_name(int kind)
{
    return has_words(kind) ? case_kind_name(kind) : "NONE";
}

bool notify_kind_known(const char *name)
{
    return case_kind_parse(name) != 0;
}

static const char *what_words(enum store_notice_what what, enum notify_language language)
{
    const bool known = (unsigned)what < STORE_NOTICE_WHATS && WHATS[what][language];
    return known ? WHATS[what][language] : "";
}

/* --- a text that grows, and never beyond its end --- */

struct text {
    char *data;
    size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    char *at = text->data + text->len;
    const size_t room = text->size - text->len;
    va_start(arguments, format);
    const int n = vsnprintf(at, room, format, arguments);
    va_end(arguments);
    if (n < 0) {
        *at = '\0';
        return;
    }
    size_t len = (size_t)n;
    if (len >= room) {
        /* Not within a character: UTF-8 begins one with 11xxxxxx and goes on with 10xxxxxx. The last one may
         * be whole; it goes all the same. */
        len = room - 1;
        while (len > 0 && ((unsigned char)at[len - 1] & 0xc0) == 0x80)
            len--;
        if (len > 0 && (unsigned char)at[len - 1] >= 0xc0)
            len--;
        at[len] = '\0';
    }
    text->len += len;
}

/* Names come from files of people: a line break in one must not look like a line of ours. */
struct names {
    char vehicle[BW_ID_LEN], plate[BW_PLATE_LEN], school[BW_NAME_LEN], route[BW_NAME_LEN], stop[BW_NAME_LEN];
};

static const char *tamed(const char *name, char *copy, size_t size)
{
    (void)snprintf(copy, size, "%s", name);
    for (char *at = copy; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
    return copy;
}

static struct store_notice tame(const struct store_notice *notice, struct names *names)
{
    struct store_notice copy = *notice;
    copy.vehicle = tamed(notice->vehicle, names->vehicle, sizeof(names->vehicle));
    copy.plate = tamed(notice->plate, names->plate, sizeof(names->plate));
    copy.school = tamed(notice->school, names->school, sizeof(names->school));
    copy.route = tamed(notice->route, names->route, sizeof(names->route));
    copy.stop = tamed(notice->stop, names->stop, sizeof(names->stop));
    return copy;
}

static const char *name_of(const struct store_notice *notice)
{
    return *notice->plate ? notice->plate : notice->vehicle;
}

static void local_time(int64_t utc_ms, bool with_date, char ret[32])
{
    int32_t day;
    int minute, weekday;
    char date[UTC_DAY_TEXT_LEN], clock[UTC_MINUTE_TEXT_LEN];
    utc_local(utc_ms, REGISTRY_UTC_OFFSET_MIN, &day, &minute, &weekday);
    utc_day_format(day, date);
    utc_minute_format((uint16_t)minute, clock);
    (void)snprintf(ret, 32, "%s%s%s", with_date ? date : "", with_date ? " " : "", clock);
}

/* "超员（严重），程度加重" */
static void add_title(struct text *text, const struct store_notice *notice, enum notify_language language)
{
    const char *severity = words_severity(words_of(language), notice->severity);
    const bool zh = language == NOTIFY_ZH;
    if (notice->urgent && notice->what != STORE_NOTICE_OVER)
        add(text, "%s", zh ? "紧急：" : "URGENT: ");
    add(text, "%s", kind_words(notice->kind, language));
    if (notice->severity != BW_SEVERITY_NONE && !notice->urgent)
        add(text, zh ? "（%s）" : " (%s)", severity);
    add(text, "%s", what_words(notice->what, language));
}

static void add_count(struct text *text, const struct store_notice *notice, enum notify_language language)
{
    const int over = notice->aboard - notice->capacity;
    if (notice->kind == BW_CHILD_LEFT_BEHIND && notice->aboard > 0)
        add(text, language == NOTIFY_ZH ? "\n车内至少 %d 人" : "\nAt least %d aboard", notice->aboard);
    if (notice->capacity == 0 || notice->kind == BW_CHILD_LEFT_BEHIND)
        return;
    if (language == NOTIFY_ZH)
        add(text, "\n实载 %d 人，核定 %d 人", notice->aboard, notice->capacity);
    else
        add(text, "\n%d aboard, %d approved", notice->aboard, notice->capacity);
    if (over > 0)
        add(text, language == NOTIFY_ZH ? "，超 %d 人" : ", %d over", over);
}

static void add_place(struct text *text, const struct store_notice *notice, enum notify_language language)
{
    const bool zh = language == NOTIFY_ZH, both = *notice->route && *notice->stop;
    if (*notice->route == '\0' && *notice->stop == '\0')
        return;
    add(text, "%s%s%s%s", zh ? "\n地点：" : "\nPlace: ", notice->route, both ? (zh ? "，" : ", ") : "",
        notice->stop);
}

static void add_case(struct text *text, const struct store_notice *notice, enum notify_language language)
{
    char deadline[32];
    const bool zh = language == NOTIFY_ZH;
    if (notice->case_id == 0)
        return;
    add(text, zh ? "\n案件：%lld 号" : "\nCase %lld", (long long)notice->case_id);
    if (notice->deadline_utc_ms == 0)
        return;
    local_time(notice->deadline_utc_ms, true, deadline);
    add(text, zh ? "，限 %s 前整改" : ", due by %s", deadline);
}

static void add_link(struct text *text, const struct notify_text_options *options, int64_t case_id)
{
    const size_t len = strlen(options->console_url);
    if (len == 0)
        return;
    add(text, "\n%s%s", options->console_url, options->console_url[len - 1] == '/' ? "" : "/");
    if (case_id != 0)
        add(text, "console/cases.html#%lld", (long long)case_id);
    else
        add(text, "#alerts");
}

static const char *sender(enum notify_language language)
{
    return language == NOTIFY_ZH ? "【校车卫士】" : "[Buswarden] ";
}

void notify_text_one(const struct notify_text_options *options, const struct store_notice *raw,
                     char ret[NOTIFY_TEXT_MAX])
{
    struct names names;
    const struct store_notice tame_one = tame(raw, &names), *notice = &tame_one;
    const enum notify_language language = options->language;
    const bool zh = language == NOTIFY_ZH;
    struct text text = {.data = ret, .size = NOTIFY_TEXT_MAX};
    char when[32];
    local_time(notice->time_utc_ms, true, when);
    add(&text, "%s", sender(language));
    add_title(&text, notice, language);
    if (*name_of(notice) != '\0' || *notice->school != '\0')
        add(&text, "\n%s%s%s", name_of(notice), *name_of(notice) && *notice->school ? (zh ? "，" : ", ") : "",
            notice->school);
    add_count(&text, notice, language);
    add_place(&text, notice, language);
    add(&text, "%s%s", zh ? "\n时间：" : "\nTime: ", when);
    if (notice->late)
        add(&text, "%s", zh ? "（数据迟到）" : " (told late)");
    add_case(&text, notice, language);
    add_link(&text, options, notice->case_id);
}

/* --- digests --- */

void notify_digest_begin(struct notify_digest *digest, const struct notify_text_options *options)
{
    memset(digest, 0, sizeof(*digest));
    digest->options = *options;
}

static void digest_line(const struct store_notice *raw, enum notify_language language,
                        char ret[LINE_MAX_BYTES])
{
    struct names names;
    const struct store_notice tame_one = tame(raw, &names), *notice = &tame_one;
    struct text text = {.data = ret, .size = LINE_MAX_BYTES};
    char when[32];
    local_time(notice->time_utc_ms, false, when);
    add(&text, "%s %s ", when, name_of(notice));
    add_title(&text, notice, language);
    if (notice->capacity > 0)
        add(&text, " %d/%d", notice->aboard, notice->capacity);
    if (*notice->school != '\0')
        add(&text, language == NOTIFY_ZH ? "，%s" : ", %s", notice->school);
}

void notify_digest_add(struct notify_digest *digest, const struct store_notice *notice)
{
    char line[LINE_MAX_BYTES];
    digest->n++;
    digest->kinds[has_words(notice->kind) ? notice->kind : 0]++;
    if (digest->n_lines + 1 < digest->n)
        return; /* an earlier one had no room: what follows does not go before it */
    digest_line(notice, digest->options.language, line);
    const size_t len = strlen(line);
    /* Room for the head, which names every kind, for what is left out, and for the link. */
    if (digest->len + len + 1 > NOTIFY_TEXT_MAX - TAIL_ROOM - 500)
        return;
    digest->lines[digest->len++] = '\n';
    memcpy(digest->lines + digest->len, line, len + 1);
    digest->len += len;
    digest->n_lines++;
}

void notify_digest_end(const struct notify_digest *digest, char ret[NOTIFY_TEXT_MAX])
{
    const enum notify_language language = digest->options.language;
    const bool zh = language == NOTIFY_ZH;
    struct text text = {.data = ret, .size = NOTIFY_TEXT_MAX};
    const char *mark = zh ? "：" : ": ";
    add(&text, zh ? "%s%zu 条通知" : "%s%zu notices", sender(language), digest->n);
    for (int kind = 0; kind < STORE_NOTICE_KINDS; kind++) {
        if (digest->kinds[kind] == 0)
            continue;
        add(&text, "%s%s %zu", mark, kind_words(kind, language), digest->kinds[kind]);
        mark = zh ? "、" : ", ";
    }
    add(&text, "%s", digest->lines);
    if (digest->n > digest->n_lines)
        add(&text, zh ? "\n另有 %zu 条未逐一列出" : "\nand %zu more", digest->n - digest->n_lines);
    add_link(&text, &digest->options, 0);
}

void notify_title(const char *text, char ret[NOTIFY_TITLE_MAX])
{
    struct text title = {.data = ret, .size = NOTIFY_TITLE_MAX};
    add(&title, "%.*s", (int)strcspn(text, "\n"), text);
}

void notify_text_test(const struct notify_text_options *options, int64_t now_utc_ms,
                      char ret[NOTIFY_TEXT_MAX])
{
    struct text text = {.data = ret, .size = NOTIFY_TEXT_MAX};
    char when[32];
    local_time(now_utc_ms, true, when);
    add(&text,
        options->language == NOTIFY_ZH ? "%s测试消息，不必处理。\n时间：%s"
                                       : "%sA test: nothing is to be done.\nTime: %s",
        sender(options->language), when);
    add_link(&text, options, 0);
}
