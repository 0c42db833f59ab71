#include "sim/scenario.h"

#include <assert.h>
#include <errno.h>
#include <ini.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/utc.h"
#include "sim/cabin.h"

enum { WHY_LEN = 192 };

struct parse {
    FILE *file;
    unsigned line; /* last read */
    char folder[SCENARIO_PATH_LEN];
    struct scenario *scenario;
    unsigned vehicle_line[SCENARIO_VEHICLES_MAX];
    unsigned bad_line; /* 0: nothing wrong yet */
    char why[WHY_LEN];
};

/* One key of a section. `set` puts the text's value into `field`; false: the text is not what `wanted` says.
 */
struct key {
    const char *name;
    bool (*set)(const struct parse *parse, const struct key *key, const char *text, void *field);
    size_t offset;
    double low, high;
    const char *wanted;
};

static bool number_of(const char *text, double low, double high, double *ret)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value) || value < low || value > high)
        return false;
    *ret = value;
    return true;
}

static bool set_real(const struct parse *parse, const struct key *key, const char *text, void *field)
{
    (void)parse;
    return number_of(text, key->low, key->high, field);
}

static bool set_whole(const struct parse *parse, const struct key *key, const char *text, void *field)
{
    (void)parse;
    double value;
    if (!number_of(text, key->low, key->high, &value) || value != floor(value))
        return false;
    *(int *)field = (int)value; /* every `unsigned` and `int` target has its range in the table */
    return true;
}

static bool set_seed(const struct parse *parse, const struct key *key, const char *text, void *field)
{
    (void)parse;
    double value;
    if (!number_of(text, key->low, key->high, &value) || value != floor(value))
        return false;
    *(uint64_t *)field = (uint64_t)value;
    return true;
}

static bool set_instant(const struct parse *parse, const struct key *key, const char *text, void *field)
{
    (void)parse;
    (void)key;
    int64_t utc_ms;
    if (utc_parse(text, &utc_ms) != 0 || utc_ms % 1000 != 0)
        return false;
    *(int64_t *)field = utc_ms;
    return true;
}

static bool set_id(const struct parse *parse, const struct key *key, const char *text, void *field)
{
    (void)parse;
    (void)key;
    size_t len = strlen(text);
    if (len == 0 || len >= BW_ID_LEN)
        return false;
    memcpy(field, text, len + 1);
    return true;
}

static bool set_path(const struct parse *parse, const struct key *key, const char *text, void *field)
{
    (void)key;
    const char *folder = text[0] == '/' ? "" : parse->folder;
    return text[0] != '\0' && snprintf(field, SCENARIO_PATH_LEN, "%s%s", folder, text) < SCENARIO_PATH_LEN;
}

static bool set_bench(const struct parse *parse, const struct key *key, const char *text, void *field)
{
    (void)parse;
    (void)key;
    for (int i = 0; i < CABIN_BENCHES; i++) {
        if (strcmp(cabin_bench_names[i], text) == 0) {
            *(int *)field = i;
            return true;
        }
    }
    return false;
}

/* "wk-2 board 10", "wk-2 alight 3 board 1", "school alight all", "@1200 board 2" */
static bool add_stop(const struct parse *parse, const struct key *key, const char *text, void *field)
{
    (void)parse;
    struct scenario_vehicle *vehicle = field;
    struct scenario_stop stop = {.board = 0};
    char words[128], *rest = NULL;
    if (vehicle->n_stops == SCENARIO_STOPS_MAX ||
        (size_t)snprintf(words, sizeof words, "%s", text) >= sizeof words)
        return false;
    const char *id = strtok_r(words, " ", &rest);
    if (id == NULL || strlen(id) >= sizeof stop.stop_id)
        return false;
    if (id[0] != '@')
        (void)snprintf(stop.stop_id, sizeof stop.stop_id, "%s", id);
    else if (!number_of(id + 1, 0, key->high, &stop.at_m))
        return false;
    for (const char *verb = strtok_r(NULL, " ", &rest); verb != NULL; verb = strtok_r(NULL, " ", &rest)) {
        const char *count = strtok_r(NULL, " ", &rest);
        double n = 0;
        bool all = count != NULL && strcmp(count, "all") == 0;
        if (count == NULL || (!all && (!number_of(count, 0, CABIN_PUPILS_MAX, &n) || n != floor(n))))
            return false;
        if (strcmp(verb, "board") == 0 && !all)
            stop.board = (unsigned)n;
        else if (strcmp(verb, "alight") == 0)
            stop.alight = all ? SCENARIO_ALL : (unsigned)n;
        else
            return false;
    }
    vehicle->stops[vehicle->n_stops++] = stop;
    return true;
}

static bool add_detour(const struct parse *parse, const struct key *key, const char *text, void *field)
{
    struct scenario_vehicle *vehicle = field;
    if (vehicle->n_detours == SCENARIO_DETOURS_MAX ||
        !set_id(parse, key, text, vehicle->detours[vehicle->n_detours]))
        return false;
    vehicle->n_detours++;
    return true;
}

/* Which key makes which stretch, and what it wants after its two places. */
static const struct stretch_key {
    const char *name;
    enum scenario_what what;
    bool bench, speed;
} STRETCH_KEYS[] = {
    {"tunnel", SCENARIO_TUNNEL, false, false},       {"unbelted", SCENARIO_UNBELTED, true, false},
    {"door_open", SCENARIO_DOOR_OPEN, false, false}, {"power_cut", SCENARIO_POWER_CUT, false, false},
    {"silent", SCENARIO_SILENT, false, false},       {"antenna_cut", SCENARIO_ANTENNA_CUT, false, false},
    {"hurry", SCENARIO_HURRY, false, true},
};

/* "430 490", "430 490 R3L", "430 490 75" */
static bool add_stretch(const struct parse *parse, const struct key *key, const char *text, void *field)
{
    struct scenario_vehicle *vehicle = field;
    const struct stretch_key *of = STRETCH_KEYS;
    while (strcmp(of->name, key->name) != 0)
        of++;
    struct scenario_stretch stretch = {.what = of->what};
    char words[64], *rest = NULL;
    if (vehicle->n_stretches == SCENARIO_STRETCHES_MAX ||
        (size_t)snprintf(words, sizeof words, "%s", text) >= sizeof words)
        return false;
    const char *from = strtok_r(words, " ", &rest), *to = strtok_r(NULL, " ", &rest);
    if (from == NULL || to == NULL || !number_of(from, 0, key->high, &stretch.from_m) ||
        !number_of(to, stretch.from_m, key->high, &stretch.to_m))
        return false;
    const char *third = strtok_r(NULL, " ", &rest);
    if ((third != NULL) != (of->bench || of->speed) || strtok_r(NULL, " ", &rest) != NULL)
        return false;
    if (of->bench && !set_bench(parse, key, third, &stretch.bench))
        return false;
    if (of->speed && !number_of(third, 1, 144, &stretch.speed_kmh))
        return false;
    vehicle->stretches[vehicle->n_stretches++] = stretch;
    return true;
}

/* "1 90": so many, found after so many seconds */
static bool set_left_behind(const struct parse *parse, const struct key *key, const char *text, void *field)
{
    (void)parse;
    (void)key;
    struct scenario_vehicle *vehicle = field;
    char *middle;
    const unsigned long n = strtoul(text, &middle, 10);
    if (n < 1 || n > CABIN_PUPILS_MAX || *middle != ' ' || !number_of(middle, 1, 3600, &vehicle->found_s))
        return false;
    vehicle->left_behind = (unsigned)n;
    return true;
}

/* "06:30", always five characters */
static bool minute_of(const char *text, uint16_t *ret)
{
    static const char form[] = "dd:dd";
    if (strlen(text) != strlen(form))
        return false;
    for (size_t i = 0; form[i] != '\0'; i++) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == 'd' ? !digit : text[i] != form[i])
            return false;
    }
    const int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
    if (hour > 23 || minute > 59)
        return false;
    *ret = (uint16_t)(hour * 60 + minute);
    return true;
}

/* "06:00 08:00" */
static bool set_window(const struct parse *parse, const struct key *key, const char *text, void *field)
{
    (void)parse;
    (void)key;
    struct scenario_vehicle *vehicle = field;
    char words[16], *rest = NULL;
    if ((size_t)snprintf(words, sizeof words, "%s", text) >= sizeof words)
        return false;
    const char *from = strtok_r(words, " ", &rest), *to = strtok_r(NULL, " ", &rest);
    return from != NULL && to != NULL && strtok_r(NULL, " ", &rest) == NULL &&
           minute_of(from, &vehicle->window_start_min) && minute_of(to, &vehicle->window_end_min) &&
           vehicle->window_start_min < vehicle->window_end_min;
}

#define SIMULATION(field) offsetof(struct scenario, field)
static const struct key SIMULATION_KEYS[] = {
    {"routes", set_path, SIMULATION(routes), 0, 0, "a path"},
    {"roads", set_path, SIMULATION(roads), 0, 0, "a path"},
    {"start", set_instant, SIMULATION(start_utc_ms), 0, 0, "a whole second like 2026-09-14T22:40:00Z"},
    {"seed", set_seed, SIMULATION(seed), 0, 1e15, "a whole number up to 10^15"},
    {"utc_offset_min", set_whole, SIMULATION(utc_offset_min), -840, 840, "minutes, -840 to 840"},
    {.name = NULL},
};

#define VEHICLE(field) offsetof(struct scenario_vehicle, field)
static const struct key VEHICLE_KEYS[] = {
    {"route", set_id, VEHICLE(route_id), 0, 0, "a route_id"},
    {"capacity", set_whole, VEHICLE(capacity), 1, 200, "a whole number, 1 to 200"},
    {"depart_s", set_real, VEHICLE(depart_s), 0, 3600, "seconds, 0 to 3600"},
    {"cruise_mps", set_real, VEHICLE(limits.cruise_mps), 1, 40, "metres per second, 1 to 40"},
    {"accelerate_mps2", set_real, VEHICLE(limits.accelerate_mps2), 0.1, 5, "0.1 to 5"},
    {"brake_mps2", set_real, VEHICLE(limits.brake_mps2), 0.1, 5, "0.1 to 5"},
    {"lateral_mps2", set_real, VEHICLE(limits.lateral_mps2), 0.1, 5, "0.1 to 5"},
    {"altitude_m", set_real, VEHICLE(altitude_m), -400, 6000, "metres, -400 to 6000"},
    {"pupil_s", set_real, VEHICLE(pupil_s), 0.1, 60, "seconds, 0.1 to 60"},
    {"stop", add_stop, 0, 0, 1e6, "STOP_ID|@M [alight N|all] [board N], at most 16 stops"},
    {"detour", add_detour, 0, 0, 0, "a road_id, at most 8 detours"},
    {"tunnel", add_stretch, 0, 0, 1e6, "FROM_M TO_M, at most 16 stretches"},
    {"unbelted", add_stretch, 0, 0, 1e6, "FROM_M TO_M BENCH, at most 16 stretches"},
    {"door_open", add_stretch, 0, 0, 1e6, "FROM_M TO_M, at most 16 stretches"},
    {"power_cut", add_stretch, 0, 0, 1e6, "FROM_M TO_M, at most 16 stretches"},
    {"antenna_cut", add_stretch, 0, 0, 1e6, "FROM_M TO_M, at most 16 stretches"},
    {"silent", add_stretch, 0, 0, 1e6, "FROM_M TO_M, at most 16 stretches"},
    {"hurry", add_stretch, 0, 0, 1e6, "FROM_M TO_M KMH, at most 16 stretches"},
    {"left_behind", set_left_behind, 0, 0, 0, "N SECONDS, e.g. 1 90"},
    {"window", set_window, 0, 0, 0, "HH:MM HH:MM, e.g. 06:00 08:00"},
    {"broken_bench", set_bench, VEHICLE(broken_bench), 0, 0, "the name of a bench like R3L"},
    {"gnss_sigma_m", set_real, VEHICLE(gnss.sigma_m), 0, 200, "metres, 0 to 200"},
    {"gnss_tau_s", set_real, VEHICLE(gnss.tau_s), 0.1, 36000, "seconds, 0.1 to 36000"},
    {"gnss_white_m", set_real, VEHICLE(gnss.white_m), 0, 200, "metres, 0 to 200"},
    {"gnss_outliers_per_h", set_real, VEHICLE(gnss.outliers_per_h), 0, 3600, "0 to 3600"},
    {"gnss_outlier_m", set_real, VEHICLE(gnss.outlier_m), 0, 5000, "metres, 0 to 5000"},
    {"gpsd_port", set_whole, VEHICLE(gpsd_port), 1, 65535, "a port, 1 to 65535"},
    {"slcan", set_path, VEHICLE(slcan), 0, 0, "a path"},
    {.name = NULL},
};

static const struct scenario_vehicle VEHICLE_DEFAULTS = {
    .limits = {.cruise_mps = 11.1, .accelerate_mps2 = 1.0, .brake_mps2 = 1.2, .lateral_mps2 = 1.5},
    .altitude_m = 180,
    .pupil_s = 1,
    .broken_bench = -1,
    .gnss = {.sigma_m = 3.5, .tau_s = 60, .white_m = 0.6, .outliers_per_h = 0, .outlier_m = 60},
};

/* Keep the first fault; every later line is then passed over. */
static int fault(struct parse *parse, unsigned line, const char *what, const char *wanted)
{
    parse->bad_line = line;
    (void)snprintf(parse->why, sizeof parse->why, "%.60s: %.120s", what, wanted);
    return 0;
}

static struct scenario_vehicle *vehicle_of(struct parse *parse, const char *id)
{
    struct scenario *scenario = parse->scenario;
    for (size_t i = 0; i < scenario->n_vehicles; i++) {
        if (strcmp(scenario->vehicles[i].id, id) == 0)
            return &scenario->vehicles[i];
    }
    if (scenario->n_vehicles == SCENARIO_VEHICLES_MAX || id[0] == '\0' || strlen(id) >= BW_ID_LEN)
        return NULL;
    parse->vehicle_line[scenario->n_vehicles] = parse->line;
    struct scenario_vehicle *vehicle = &scenario->vehicles[scenario->n_vehicles++];
    *vehicle = VEHICLE_DEFAULTS;
    (void)snprintf(vehicle->id, sizeof vehicle->id, "%s", id);
    return vehicle;
}

/* inih's handler: 1 is good, 0 is a fault. */
static int on_key(void *context, const char *section, const char *name, const char *text)
{
    struct parse *parse = context;
    if (parse->bad_line != 0)
        return 0;
    const struct key *key;
    char *target;
    if (strcmp(section, "simulation") == 0) {
        key = SIMULATION_KEYS;
        target = (char *)parse->scenario;
    } else if (strncmp(section, "vehicle ", 8) == 0) {
        key = VEHICLE_KEYS;
        target = (char *)vehicle_of(parse, section + 8);
        if (target == NULL)
            return fault(parse, parse->line, section, "no name, one too long, or the 17th vehicle");
    } else {
        return fault(parse, parse->line, section, "unknown section; known are [simulation] and [vehicle ID]");
    }
    while (key->name != NULL && strcmp(key->name, name) != 0)
        key++;
    if (key->name == NULL)
        return fault(parse, parse->line, name, "unknown key");
    if (!key->set(parse, key, text, target + key->offset))
        return fault(parse, parse->line, name, key->wanted);
    return 1;
}

/* inih's reader: fgets that counts the lines, which this build of inih does not tell its handler. */
static char *read_line(char *buffer, int size, void *context)
{
    struct parse *parse = context;
    parse->line++;
    return fgets(buffer, size, parse->file);
}

static void check_whole(struct parse *parse)
{
    struct scenario *scenario = parse->scenario;
    if (scenario->routes[0] == '\0')
        (void)fault(parse, 1, "[simulation]", "routes is missing");
    else if (scenario->start_utc_ms == 0)
        (void)fault(parse, 1, "[simulation]", "start is missing");
    else if (scenario->n_vehicles == 0)
        (void)fault(parse, 1, "[vehicle ID]", "no vehicle at all");
    for (size_t i = 0; i < scenario->n_vehicles && parse->bad_line == 0; i++) {
        struct scenario_vehicle *vehicle = &scenario->vehicles[i];
        vehicle->utc_offset_min = scenario->utc_offset_min;
        if (vehicle->route_id[0] == '\0' || vehicle->capacity == 0 || vehicle->n_stops == 0)
            (void)fault(parse, parse->vehicle_line[i], vehicle->id, "needs route, capacity and a stop");
    }
}

static int parse_file(struct parse *parse, const char *path, char ret_reason[SCENARIO_REASON_LEN])
{
    int bad_line = ini_parse_stream(read_line, parse, on_key, parse);
    if (ferror(parse->file)) {
        (void)snprintf(ret_reason, SCENARIO_REASON_LEN, "%s: cannot be read", path);
        return -EIO;
    }
    /* inih names the first bad line; when it is not the handler's, inih could not make sense of it itself. */
    if (bad_line > 0 && parse->bad_line != (unsigned)bad_line)
        (void)fault(parse, (unsigned)bad_line, "syntax", "neither a [section] nor key = value");
    if (bad_line < 0)
        return -ENOMEM;
    if (parse->bad_line == 0)
        check_whole(parse);
    if (parse->bad_line == 0)
        return 0;
    (void)snprintf(ret_reason, SCENARIO_REASON_LEN, "%s:%u: %s", path, parse->bad_line, parse->why);
    return -EINVAL;
}

int scenario_load(const char *path, struct scenario **ret, char ret_reason[SCENARIO_REASON_LEN])
{
    char file[SCENARIO_PATH_LEN];
    struct stat info;
    bool folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    if (snprintf(file, sizeof file, folder ? "%s/scenario.ini" : "%s", path) >= (int)sizeof file) {
        (void)snprintf(ret_reason, SCENARIO_REASON_LEN, "the path is longer than %d bytes",
                       SCENARIO_PATH_LEN - 1);
        return -EINVAL;
    }
    struct parse parse = {.file = fopen(file, "re")};
    if (parse.file == NULL) {
        int rc = -errno;
        (void)snprintf(ret_reason, SCENARIO_REASON_LEN, "%s: %s", file, strerror(-rc));
        return rc;
    }
    const char *slash = strrchr(file, '/');
    if (slash != NULL)
        memcpy(parse.folder, file, (size_t)(slash - file) + 1);
    int rc = -ENOMEM;
    parse.scenario = calloc(1, sizeof *parse.scenario);
    if (parse.scenario != NULL)
        rc = parse_file(&parse, file, ret_reason);
    if (rc == -ENOMEM)
        (void)snprintf(ret_reason, SCENARIO_REASON_LEN, "%s: out of memory", file);
    (void)fclose(parse.file); /* only read */
    if (rc != 0) {
        free(parse.scenario);
        return rc;
    }
    *ret = parse.scenario;
    return 0;
}
