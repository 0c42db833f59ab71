#include <string.h>
#include <strings.h>

#include "gateway/cabin/mapping.h"
#include "gateway/check.h"
#include "gateway/statustext.h"

enum { VALUES_LEN = 192, PLACE_LEN = WORDS_PLACE_LEN + 16 };

#define SAY(check, en, zh) ((check)->language == WORDS_ZH ? (zh) : (en))

/* --- what values mean --- */

/* [WORDS_EN], [WORDS_ZH]: of yes and of no. */
static const struct {
    const char *yes[2], *no[2];
} states[CABIN_KINDS] = {
    [CABIN_SEAT] = {{"occupied", "有人"}, {"empty", "无人"}},
    [CABIN_BELT] = {{"fastened", "系好"}, {"open", "未系"}},
    [CABIN_DOOR] = {{"open", "开"}, {"closed", "关"}},
    [CABIN_IGNITION] = {{"on", "打开"}, {"off", "关闭"}},
    [CABIN_POWER] = {{"there", "有电"}, {"gone", "断电"}},
    [CABIN_ANTENNA] = {{"good", "正常"}, {"open or short", "开路或短路"}},
    [CABIN_BUTTON] = {{"pressed", "按下"}, {"released", "松开"}},
};

static void persons(const struct check *check, const struct cabin_seat *seat, char ret[VALUES_LEN])
{
    char unknown[48] = "";
    if (seat->unknown_value != CABIN_NO_UNKNOWN_VALUE)
        (void)snprintf(unknown, sizeof unknown, SAY(check, ", %d not known", "，%d 不明"),
                       seat->unknown_value);
    if (seat->capacity == 1)
        (void)snprintf(ret, VALUES_LEN, SAY(check, "0 empty, 1 occupied%s", "0 无人，1 有人%s"), unknown);
    else
        (void)snprintf(ret, VALUES_LEN, SAY(check, "0 empty, 1..%u persons%s", "0 无人，1..%u 人%s"),
                       seat->capacity, unknown);
}

static void values_of(const struct check *check, const struct cabinbus_mapping *mapping, char ret[VALUES_LEN])
{
    const enum cabin_kind kind = mapping->kind;
    const bool more = mapping->has_values || mapping->length_bits > 1;
    if (kind == CABIN_SEAT && !mapping->has_values)
        persons(check, &mapping->seat, ret);
    else if (kind == CABIN_IN || kind == CABIN_OUT)
        (void)snprintf(ret, VALUES_LEN,
                       SAY(check, "persons, up to %u, then from 0", "人数，到 %u 后从 0 开始"),
                       mapping->counter_max);
    else if (kind == CABIN_WHEEL)
        (void)snprintf(ret, VALUES_LEN, "km/h");
    else
        (void)snprintf(ret, VALUES_LEN, SAY(check, "%.10g %s, %.10g %s%s", "%.10g %s，%.10g %s%s"),
                       mapping->has_values ? mapping->yes : 1, states[kind].yes[check->language],
                       mapping->has_values ? mapping->no : 0, states[kind].no[check->language],
                       more ? SAY(check, ", else not known", "，其他不明") : "");
}

/* The signal of the same place that says something else of it: of a seat its belt. NULL: there is none. */
static const char *partner(const struct cabinbus *bus, const char *place, const char *what)
{
    struct cabinbus_mapping other;
    const size_t stem = (size_t)(strrchr(place, '.') - place) + 1;
    for (size_t i = 0; i < cabinbus_signal_count(bus); i++) {
        cabinbus_mapping(bus, i, &other);
        if (strncmp(other.place, place, stem) == 0 && strcmp(other.place + stem, what) == 0)
            return other.name;
    }
    return NULL;
}

/* --- the table --- */

static void place_of(const struct check *check, const struct cabinbus_mapping *mapping, char ret[PLACE_LEN])
{
    char words[WORDS_PLACE_LEN];
    (void)snprintf(ret, PLACE_LEN, "%s%s", words_place(check->language, mapping->place, words),
                   mapping->kind == CABIN_BELT ? SAY(check, ", belt", "、安全带") : "");
}

static void cell(const struct check *check, const char *text, size_t columns)
{
    const size_t used = status_columns(text);
    (void)fprintf(check->out, "%s%*s", text, (int)(used < columns ? columns - used : 0) + 2, "");
}

/* Of a seat its belt, of a door its counter. */
static void print_partner(const struct check *check, const struct cabinbus *bus,
                          const struct cabinbus_mapping *mapping, bool counters)
{
    const char *belt = mapping->kind == CABIN_SEAT ? partner(bus, mapping->place, "belted") : NULL;
    if (belt != NULL)
        (void)fprintf(check->out, SAY(check, "; belt %s", "；安全带 %s"), belt);
    else if (mapping->kind == CABIN_SEAT)
        (void)fputs(SAY(check, "; no belt signal", "；无安全带信号"), check->out);
    else if (mapping->kind == CABIN_DOOR && counters)
        (void)fputs(mapping->counted ? SAY(check, "; counted", "；有计数")
                                     : SAY(check, "; not counted", "；无计数"),
                    check->out);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void print_table(const struct check *check, const struct cabinbus *bus, bool counters)
{
    const size_t n = cabinbus_signal_count(bus);
    const char *const heads[] = {SAY(check, "place", "位置"), SAY(check, "signal", "信号"),
                                 SAY(check, "where", "所在"), SAY(check, "values", "取值含义")};
    size_t widths[3];
    char place[PLACE_LEN], values[VALUES_LEN];
    struct cabinbus_mapping mapping;
    for (size_t c = 0; c < 3; c++)
        widths[c] = status_columns(heads[c]);
    for (size_t i = 0; i < n; i++) {
        cabinbus_mapping(bus, i, &mapping);
        place_of(check, &mapping, place);
        widths[0] = larger(widths[0], status_columns(place));
        widths[1] = larger(widths[1], status_columns(mapping.name));
        widths[2] = larger(widths[2], status_columns(mapping.where));
    }
    for (size_t c = 0; c < 3; c++)
        cell(check, heads[c], widths[c]);
    (void)fprintf(check->out, "%s\n", heads[3]);
    for (size_t i = 0; i < n; i++) {
        cabinbus_mapping(bus, i, &mapping);
        place_of(check, &mapping, place);
        values_of(check, &mapping, values);
        cell(check, place, widths[0]);
        cell(check, mapping.name, widths[1]);
        cell(check, mapping.where, widths[2]);
        (void)fputs(values, check->out);
        print_partner(check, bus, &mapping, counters);
        (void)fputc('\n', check->out);
    }
}

/* --- what may not be meant --- */

/* Names in a row, the first of them when there are many. */
struct names {
    char text[CHECK_SUBJECT_LEN - 32];
    size_t n;
};

static void add_name(struct names *names, const char *name)
{
    const size_t len = strlen(names->text);
    if (names->n++ < CHECK_NAMES_MAX && len + strlen(name) + 2 < sizeof names->text)
        (void)snprintf(names->text + len, sizeof names->text - len, "%s%s", len > 0 ? ", " : "", name);
}

static void doubt_names(struct check *check, enum check_doubt doubt, const struct names *names)
{
    size_t shown = names->n > 0;
    char subject[CHECK_SUBJECT_LEN];
    for (const char *at = names->text; (at = strstr(at, ", ")) != NULL; at += 2)
        shown++;
    if (names->n > shown)
        (void)snprintf(subject, sizeof subject, SAY(check, "%s and %zu more", "%s 等，另有 %zu 个"),
                       names->text, names->n - shown);
    else
        (void)snprintf(subject, sizeof subject, "%s", names->text);
    if (names->n > 0)
        check_doubt(check, doubt, subject);
}

static void doubt_unit(struct check *check, const struct cabinbus_mapping *wheel)
{
    static const char *const kmh[] = {"km/h", "kmh", "kph", "kmph", "km/hr"};
    char subject[CHECK_SUBJECT_LEN];
    if (wheel->unit == NULL)
        return; /* a register has none */
    for (size_t i = 0; i < sizeof kmh / sizeof kmh[0]; i++)
        if (strcasecmp(wheel->unit, kmh[i]) == 0)
            return;
    (void)snprintf(subject, sizeof subject, "%.100s (\"%.32s\")", wheel->name, wheel->unit);
    check_doubt(check, CHECK_UNIT, subject);
}

static void doubt_places(struct check *check, const struct cabinbus *bus, const size_t n[CABIN_KINDS])
{
    static const char *const witnesses[CABIN_KINDS] = {
        [CABIN_POWER] = "power.main", [CABIN_ANTENNA] = "gnss.antenna", [CABIN_WHEEL] = "vehicle.speed"};
    struct names unbelted = {.n = 0}, unseen = {.n = 0};
    struct cabinbus_mapping mapping;
    char words[PLACE_LEN];
    for (size_t i = 0; i < cabinbus_signal_count(bus); i++) {
        cabinbus_mapping(bus, i, &mapping);
        place_of(check, &mapping, words);
        if (mapping.kind == CABIN_SEAT && partner(bus, mapping.place, "belted") == NULL)
            add_name(&unbelted, words);
        if (mapping.kind == CABIN_DOOR && n[CABIN_IN] > 0 && !mapping.counted)
            check_doubt(check, CHECK_NOT_COUNTED, words);
        if (mapping.kind == CABIN_IN && partner(bus, mapping.place, "open") == NULL)
            check_doubt(check, CHECK_COUNTS_NO_DOOR, words);
        if (mapping.kind == CABIN_WHEEL)
            doubt_unit(check, &mapping);
    }
    for (enum cabin_kind kind = 0; kind < CABIN_KINDS; kind++)
        if (witnesses[kind] != NULL && n[kind] == 0)
            add_name(&unseen, words_place(check->language, witnesses[kind], words));
    doubt_names(check, CHECK_NO_BELT, &unbelted);
    doubt_names(check, CHECK_NO_WITNESS, &unseen);
}

static bool begins(const char *name, const char *text)
{
    return strncasecmp(name, text, strlen(text)) == 0;
}

static bool ends(const char *name, const char *text)
{
    const size_t len = strlen(name), tail = strlen(text);
    return len >= tail && strcasecmp(name + len - tail, text) == 0;
}

/* No name by the convention (gateway/cabin/mapping.h), but as if it should be one: other capitals, a seat
 * without a side, other words. */
static bool resembles(const char *name)
{
    static const struct {
        const char *begin, *end;
    } forms[] = {
        {"SEAT", "_OCC"},   {"SEAT", "_OCCUPIED"}, {"SEAT", "_BELT"},    {"SEAT", "_BELTED"},
        {"DOOR_", "_OPEN"}, {"DOOR_", "_OPENED"},  {"DOOR_", "_IN"},     {"DOOR_", "_OUT"},
        {"IGN", "_ON"},     {"IGN_ON", ""},        {"POWER_MAIN", ""},   {"MAIN_POWER", ""},
        {"GNSS_ANT", ""},   {"GPS_ANTENNA", ""},   {"VEHICLESPEED", ""}, {"VEHICLE_SPEED", ""},
        {"ATTENDANT", ""},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (begins(name, forms[i].begin) && ends(name, forms[i].end))
            return true;
    return false;
}

/* Names that nobody uses and that somebody may have meant. */
static void doubt_unused(struct check *check, const struct cabinbus *bus)
{
    struct names alike = {.n = 0}, left_out = {.n = 0};
    struct cabin_map map;
    struct cabin_slot slot;
    for (size_t i = 0; i < cabinbus_name_count(bus); i++) {
        bool used;
        const char *name = cabinbus_name(bus, i, &used);
        cabin_map_init(&map);
        if (used)
            continue;
        if (cabin_map_signal(&map, name, &slot) == 0)
            add_name(&left_out, name);
        else if (resembles(name))
            add_name(&alike, name);
    }
    doubt_names(check, CHECK_NOT_NAMED, &left_out);
    doubt_names(check, CHECK_RESEMBLES, &alike);
}

static void doubt_capacity(struct check *check, unsigned most, unsigned capacity)
{
    char subject[CHECK_SUBJECT_LEN];
    if (most >= capacity)
        return;
    (void)snprintf(subject, sizeof subject, "%u < %u", most, capacity);
    check_doubt(check, CHECK_TOO_FEW, subject);
}

static void print_sums(const struct check *check, const struct cabinbus *bus, const size_t n[CABIN_KINDS],
                       unsigned most, unsigned capacity)
{
    char text[CHECK_SUBJECT_LEN], approved[64] = "";
    const char *file = check->config->dbc_path[0] != '\0' ? check->config->dbc_path : "[registers]";
    if (capacity > 0)
        (void)snprintf(approved, sizeof approved, SAY(check, "; approved: %u", "；核定 %u 人"), capacity);
    (void)snprintf(text, sizeof text,
                   SAY(check, "%zu, persons that they can report: %u%s", "%zu 处，最多报告 %u 人%s"),
                   n[CABIN_SEAT], most, approved);
    check_say(check, "seats", "座位", text);
    (void)snprintf(text, sizeof text,
                   SAY(check, "%.192s: %zu, of them used: %zu", "%.192s：%zu 个，使用 %zu 个"), file,
                   cabinbus_name_count(bus), cabinbus_signal_count(bus));
    check_say(check, "signals", "信号", text);
}

void check_cabin(struct check *check, const struct cabinbus *bus, unsigned capacity)
{
    size_t n[CABIN_KINDS] = {0};
    unsigned most = 0;
    struct cabinbus_mapping mapping;
    if (bus == NULL) {
        check_doubt(check, CHECK_NO_CABIN, "");
        return;
    }
    for (size_t i = 0; i < cabinbus_signal_count(bus); i++) {
        cabinbus_mapping(bus, i, &mapping);
        n[mapping.kind]++;
        most += mapping.seat.capacity;
    }
    (void)fputc('\n', check->out);
    print_table(check, bus, n[CABIN_IN] > 0);
    (void)fputc('\n', check->out);
    print_sums(check, bus, n, most, capacity);
    static const struct {
        enum cabin_kind kind;
        enum check_doubt doubt;
    } needed[] = {{CABIN_SEAT, CHECK_NO_SEATS},
                  {CABIN_IGNITION, CHECK_NO_IGNITION},
                  {CABIN_DOOR, CHECK_NO_DOOR},
                  {CABIN_BUTTON, CHECK_NO_BUTTON}};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (n[needed[i].kind] == 0)
            check_doubt(check, needed[i].doubt, "");
    doubt_capacity(check, most, capacity);
    doubt_places(check, bus, n);
    doubt_unused(check, bus);
}
