/* The committed scenarios, played through, held against their stories. */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/run.h"
#include "sim/vehicle.h"

static const volatile sig_atomic_t GO_ON;
static const char *const SUFFIX[] = {".nmea", ".tpv.json", ".candump.log", ".truth.json"};
enum { SUFFIXES = sizeof SUFFIX / sizeof SUFFIX[0] };

/* Plays a scenario into a new folder, whose path is written over the template. */
static void play(const char *name, char *folder, uint64_t seed)
{
    char path[64], reason[RUN_REASON_LEN] = "";
    (void)snprintf(path, sizeof path, "sim/scenarios/%s", name);
    cr_assert_not_null(mkdtemp(folder));
    struct scenario *scenario = NULL;
    cr_assert_eq(scenario_load(path, &scenario, reason), 0, "%s", reason);
    if (seed != 0)
        scenario->seed = seed;
    FILE *timeline = fopen("/dev/null", "w");
    cr_assert_not_null(timeline);
    struct run_options options = {.out = folder, .timeline = timeline, .stop = &GO_ON};
    cr_assert_eq(run_scenario(scenario, &options, reason), 0, "%s", reason);
    cr_assert_eq(fclose(timeline), 0);
    free(scenario);
}

static char *contents(const char *folder, const char *vehicle, const char *suffix)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s%s", folder, vehicle, suffix);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    char *text = NULL;
    size_t size = 0;
    cr_assert_gt(getdelim(&text, &size, '\0', file), 0);
    cr_assert_eq(fclose(file), 0);
    return text;
}

static json_t *truth_of(const char *folder, const char *vehicle)
{
    char *text = contents(folder, vehicle, ".truth.json");
    json_t *truth = json_loads(text, 0, NULL);
    cr_assert_not_null(truth);
    free(text);
    return truth;
}

static void clean(const char *folder, size_t n, const char *const *vehicles)
{
    for (size_t v = 0; v < n; v++) {
        for (size_t s = 0; s < SUFFIXES; s++) {
            char path[128];
            (void)snprintf(path, sizeof path, "%s/%s%s", folder, vehicles[v], SUFFIX[s]);
            (void)unlink(path);
        }
    }
    (void)rmdir(folder);
}

Test(sim_vehicle, each_scenario_tells_its_story)
{
    static const struct {
        const char *scenario, *vehicle;
        size_t n_expected;
        const char *kind;
        double peak_low, peak_high;
    } cases[] = {
        {"morning", "bus-a", 0, "", 0, 0},
        {"morning", "bus-b", 1, "OVERLOAD", 20, 20},
        {"morning", "bus-c", 1, "OFF_ROUTE", 150, 400},
        {"tunnel", "tunnel", 0, "", 0, 0},
        {"noise", "noise-1", 0, "", 0, 0},
        {"noise", "noise-2", 1, "SENSOR_FAULT", 1, 1},
        {"departures", "departures", 4, "OFF_ROUTE", 150, 400},
        {"offences", "belts", 1, "UNBELTED", 1, 2},
        {"offences", "door", 1, "DOOR_OPEN_MOVING", 39, 40},
        {"offences", "left", 1, "CHILD_LEFT_BEHIND", 1, 1},
        {"offences", "speed", 1, "OVERSPEED", 75, 75},
        {"offences", "stop", 1, "UNAPPROVED_STOP", 1, 1},
        {"offences", "hours", 1, "OUT_OF_HOURS", 1, 1},
        {"offences", "device", 2, "TAMPER", 1, 1},
        {"offences", "silent", 1, "SENSOR_FAULT", 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char folder[] = "/tmp/buswarden-story-XXXXXX";
        play(cases[i].scenario, folder, 0);
        json_t *truth = truth_of(folder, cases[i].vehicle), *entry;
        const json_t *expected = json_object_get(truth, "expected");
        cr_expect_eq(json_array_size(expected), cases[i].n_expected, "%s: %zu", cases[i].vehicle,
                     json_array_size(expected));
        size_t k;
        json_array_foreach(expected, k, entry)
        {
            double peak = json_number_value(json_object_get(entry, "peak"));
            cr_expect_str_eq(json_string_value(json_object_get(entry, "kind")), cases[i].kind);
            cr_expect(peak >= cases[i].peak_low && peak <= cases[i].peak_high, "%s: peak %.1f",
                      cases[i].vehicle, peak);
            const bool ends = strcmp(cases[i].vehicle, "noise-2") != 0; /* its bench stays broken */
            cr_expect_eq(json_is_string(json_object_get(entry, "cleared_after")), ends, "%s ends in order",
                         cases[i].vehicle);
        }
        json_decref(truth);
        static const char *const all[] = {"bus-a",      "bus-b",  "bus-c",  "tunnel", "noise-1", "noise-2",
                                          "departures", "belts",  "door",   "left",   "speed",   "stop",
                                          "hours",      "device", "silent", "several"};
        clean(folder, sizeof all / sizeof all[0], all);
    }
}

Test(sim_vehicle, at_school_everyone_has_left_with_the_door_shut_and_the_ignition_off)
{
    static const char *const buses[] = {"bus-a", "bus-b", "bus-c"};
    char folder[] = "/tmp/buswarden-school-XXXXXX";
    play("morning", folder, 0);
    for (size_t i = 0; i < 3; i++) {
        json_t *truth = truth_of(folder, buses[i]);
        const json_t *seconds = json_object_get(truth, "seconds");
        const json_t *last = json_array_get(seconds, json_array_size(seconds) - 1);
        cr_expect_eq(json_integer_value(json_object_get(last, "aboard")), 0);
        cr_expect(json_is_false(json_object_get(last, "door_open")));
        cr_expect(json_is_false(json_object_get(last, "ignition_on")));
        cr_expect_eq(json_number_value(json_object_get(last, "speed_mps")), 0);
        json_decref(truth);
    }
    clean(folder, 3, buses);
}

Test(sim_vehicle, nobody_boards_while_it_moves_or_the_door_is_shut)
{
    static const char *const buses[] = {"bus-a", "bus-b", "bus-c"};
    char folder[] = "/tmp/buswarden-door-XXXXXX";
    play("morning", folder, 0);
    json_t *truth = truth_of(folder, "bus-b"), *second;
    json_int_t aboard = 0;
    size_t k;
    json_array_foreach(json_object_get(truth, "seconds"), k, second)
    {
        json_int_t now = json_integer_value(json_object_get(second, "aboard"));
        bool open = json_is_true(json_object_get(second, "door_open"));
        cr_assert(now == aboard || open, "second %zu", k);
        cr_assert(!open || json_number_value(json_object_get(second, "speed_mps")) == 0, "second %zu", k);
        aboard = now;
    }
    json_decref(truth);
    clean(folder, 3, buses);
}

/* The second of the truth at or next before an instant of it (both RFC 3339, so that text order is time
 * order). */
static json_int_t aboard_at(const json_t *truth, const char *time)
{
    json_int_t aboard = -1;
    json_t *second;
    size_t k;
    json_array_foreach(json_object_get(truth, "seconds"), k, second)
    {
        if (strcmp(json_string_value(json_object_get(second, "time")), time) <= 0)
            aboard = json_integer_value(json_object_get(second, "aboard"));
    }
    return aboard;
}

Test(sim_vehicle, an_overload_is_due_from_the_19th_pupil_until_18_are_left)
{
    static const char *const buses[] = {"bus-a", "bus-b", "bus-c"};
    char folder[] = "/tmp/buswarden-over-XXXXXX";
    play("morning", folder, 0);
    json_t *truth = truth_of(folder, "bus-b");
    const json_t *overload = json_array_get(json_object_get(truth, "expected"), 0);
    cr_expect_leq(aboard_at(truth, json_string_value(json_object_get(overload, "raised_after"))), 18);
    cr_expect_gt(aboard_at(truth, json_string_value(json_object_get(overload, "cleared_after"))), 18);
    json_decref(truth);
    clean(folder, 3, buses);
}

Test(sim_vehicle, the_same_seed_gives_the_same_bytes_and_another_does_not)
{
    static const char *const buses[] = {"bus-a", "bus-b", "bus-c"};
    char one[] = "/tmp/buswarden-one-XXXXXX", two[] = "/tmp/buswarden-two-XXXXXX",
         other[] = "/tmp/buswarden-oth-XXXXXX";
    play("morning", one, 0);
    play("morning", two, 0);
    play("morning", other, 99);
    for (size_t v = 0; v < 3; v++) {
        for (size_t s = 0; s < SUFFIXES; s++) {
            char *a = contents(one, buses[v], SUFFIX[s]), *b = contents(two, buses[v], SUFFIX[s]);
            cr_expect_eq(strcmp(a, b), 0, "%s%s", buses[v], SUFFIX[s]);
            free(a);
            free(b);
        }
        char *a = contents(one, buses[v], ".nmea"), *b = contents(other, buses[v], ".nmea");
        cr_expect_neq(strcmp(a, b), 0);
        free(a);
        free(b);
    }
    clean(one, 3, buses);
    clean(two, 3, buses);
    clean(other, 3, buses);
}

/* What the bus says of the attendant's round, line by line of a candump log. */
struct round {
    double off_s;   /* the ignition was switched off */
    double press_s; /* the button, last */
    double press_for_s;
    unsigned presses;
    bool seated; /* somebody sits, at a press */
};

static struct round round_of(char *log)
{
    struct round round = {.presses = 0};
    bool pressed = false, ignition = false, seated = false;
    for (char *rest, *line = strtok_r(log, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        const double time_s = strtod(line + 1, NULL);
        const char *seats = strstr(line, "310#"), *state = strstr(line, "320#");
        if (seats != NULL)
            seated = strcmp(seats + 4, "0000000000000000") != 0;
        if (state == NULL)
            continue;
        const unsigned long second = strtoul(state + 6, NULL, 16);
        const bool now_on = (second & 1) != 0, now_pressed = (second & 2) != 0;
        if (ignition && !now_on)
            round.off_s = time_s;
        if (now_pressed && !pressed) {
            round.presses++;
            round.press_s = time_s;
            round.seated |= seated;
        }
        if (pressed && !now_pressed)
            round.press_for_s = time_s - round.press_s;
        ignition = now_on;
        pressed = now_pressed;
    }
    return round;
}

Test(sim_vehicle, the_attendant_presses_the_button_after_the_drive_or_whoever_finds_those_who_were_left)
{
    static const char *const all[] = {"bus-a", "bus-b", "bus-c", "belts",  "door",   "left",
                                      "speed", "stop",  "hours", "device", "silent", "several"};
    static const struct {
        const char *scenario, *vehicle;
        double after_low_s, after_high_s; /* the ignition is off */
    } cases[] = {{"morning", "bus-a", 19.5, 20.5},
                 {"morning", "bus-b", 19.5, 20.5},
                 {"offences", "left", 150, 200},
                 {"offences", "several", 40, 90}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char folder[] = "/tmp/buswarden-round-XXXXXX";
        play(cases[i].scenario, folder, 0);
        char *log = contents(folder, cases[i].vehicle, ".candump.log");
        const struct round round = round_of(log);
        cr_expect_eq(round.presses, 1, "%s", cases[i].vehicle);
        cr_expect_not(round.seated, "%s: nobody looks away from a pupil", cases[i].vehicle);
        cr_expect_float_eq(round.press_for_s, 2, 0.2, "%s", cases[i].vehicle);
        const double after_s = round.press_s - round.off_s;
        cr_expect(after_s >= cases[i].after_low_s && after_s <= cases[i].after_high_s, "%s: %.1f s",
                  cases[i].vehicle, after_s);
        free(log);
        clean(folder, sizeof all / sizeof all[0], all);
    }
}

Test(sim_vehicle, says_which_name_the_roads_do_not_have)
{
    static const struct {
        const char *route, *stop, *detour, *reason;
    } cases[] = {
        {"r-none", "wk-1", NULL, "vehicle bus: r-none: no such route"},
        {"r-waikeng", "wk-none", NULL, "vehicle bus: wk-none: no such stop"},
        {"r-waikeng", "lk-1", NULL, "vehicle bus: lk-1: the path does not pass this stop"},
        {"r-waikeng", "wk-1", "road-none", "vehicle bus: road-none: no such road"},
    };
    struct atlas *atlas = NULL;
    char reason[ATLAS_REASON_LEN] = "";
    cr_assert_eq(atlas_create(&atlas), 0);
    cr_assert_eq(atlas_read(atlas, "sim/scenarios/morning/registry/routes.geojson", reason), 0, "%s", reason);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scenario_vehicle scenario = {.id = "bus", .n_stops = 1, .limits = {.cruise_mps = 10}};
        (void)snprintf(scenario.route_id, sizeof scenario.route_id, "%s", cases[i].route);
        (void)snprintf(scenario.stops[0].stop_id, sizeof scenario.stops[0].stop_id, "%s", cases[i].stop);
        if (cases[i].detour != NULL)
            (void)snprintf(scenario.detours[scenario.n_detours++], BW_ID_LEN, "%s", cases[i].detour);
        struct vehicle *vehicle = NULL;
        cr_expect_eq(vehicle_create(&scenario, atlas, 1, &vehicle, reason), -EINVAL);
        cr_expect_str_eq(reason, cases[i].reason);
        cr_expect_null(vehicle);
    }
    atlas_free(atlas);
}
