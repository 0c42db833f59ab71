#include "sim/scenario.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/buswarden-scenario-XXXXXX";
static char file[64];

static void setup(void)
{
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(file, sizeof file, "%s/scenario.ini", folder);
}

static void teardown(void)
{
    (void)unlink(file);
    (void)rmdir(folder);
}

TestSuite(sim_scenario, .init = setup, .fini = teardown);

static void write_file(const char *text)
{
    FILE *out = fopen(file, "w");
    cr_assert_not_null(out);
    cr_assert_geq(fputs(text, out), 0);
    cr_assert_eq(fclose(out), 0);
}

#define HEAD "[simulation]\nroutes = r.geojson\nstart = 2026-09-14T22:40:00Z\n"
#define BUS  "[vehicle bus]\nroute = r-1\ncapacity = 18\nstop = s-1 board 3\n"

Test(sim_scenario, reads_every_key)
{
    write_file(
        HEAD
        "roads = /abs/roads.geojson\nseed = 42\nutc_offset_min = 480\n" BUS
        "stop = s-2 alight 2 board 5\nstop = s-3 alight all\ndetour = d-1\ndetour = d-2\n"
        "tunnel = 430 490.5\nunbelted = 1 2 R2R\nhurry = 3 4 75\nleft_behind = 1 90\n"
        "window = 06:00 08:30\nstop = @1200.5 board 1\nbroken_bench = R3L\ndepart_s = 7.5\ngnss_sigma_m = 8\n"
        "gpsd_port = 20947\nslcan = can/bus\n");
    struct scenario *scenario = NULL;
    char reason[SCENARIO_REASON_LEN] = "";
    cr_assert_eq(scenario_load(folder, &scenario, reason), 0, "%s", reason);
    char expected[128];
    (void)snprintf(expected, sizeof expected, "%s/r.geojson", folder);
    cr_expect_str_eq(scenario->routes, expected, "relative to the scenario's folder");
    cr_expect_str_eq(scenario->roads, "/abs/roads.geojson");
    cr_expect_eq(scenario->start_utc_ms, 1789425600000);
    cr_expect_eq(scenario->seed, 42);
    cr_expect_eq(scenario->utc_offset_min, 480);
    cr_assert_eq(scenario->n_vehicles, 1);
    const struct scenario_vehicle *bus = &scenario->vehicles[0];
    cr_expect_str_eq(bus->id, "bus");
    cr_expect_eq(bus->capacity, 18);
    cr_assert_eq(bus->n_stops, 4);
    cr_expect(bus->stops[3].stop_id[0] == '\0' && bus->stops[3].at_m == 1200.5 && bus->stops[3].board == 1);
    cr_expect_str_eq(bus->stops[1].stop_id, "s-2");
    cr_expect(bus->stops[1].alight == 2 && bus->stops[1].board == 5);
    cr_expect_eq(bus->stops[2].alight, SCENARIO_ALL);
    cr_assert_eq(bus->n_detours, 2);
    cr_expect_str_eq(bus->detours[1], "d-2");
    cr_assert_eq(bus->n_stretches, 3);
    cr_expect(bus->stretches[0].what == SCENARIO_TUNNEL && bus->stretches[0].from_m == 430 &&
              bus->stretches[0].to_m == 490.5);
    cr_expect(bus->stretches[1].what == SCENARIO_UNBELTED && bus->stretches[1].bench == 2);
    cr_expect(bus->stretches[2].what == SCENARIO_HURRY && bus->stretches[2].speed_kmh == 75);
    cr_expect(bus->left_behind == 1 && bus->found_s == 90);
    cr_expect(bus->window_start_min == 360 && bus->window_end_min == 510 && bus->utc_offset_min == 480);
    cr_expect_eq(bus->broken_bench, 3);
    cr_expect_eq(bus->depart_s, 7.5);
    cr_expect_eq(bus->gnss.sigma_m, 8);
    cr_expect_eq(bus->gnss.tau_s, 60, "what is not said has its default");
    cr_expect_eq(bus->gpsd_port, 20947);
    (void)snprintf(expected, sizeof expected, "%s/can/bus", folder);
    cr_expect_str_eq(bus->slcan, expected);
    free(scenario);
}

Test(sim_scenario, a_section_given_again_adds_to_the_vehicle)
{
    write_file(HEAD BUS "[vehicle other]\nroute = r-1\ncapacity = 9\nstop = s-1 board 1\n"
                        "[vehicle bus]\ngpsd_port = 20001\ngpsd_port = 20002\n");
    struct scenario *scenario = NULL;
    char reason[SCENARIO_REASON_LEN] = "";
    cr_assert_eq(scenario_load(file, &scenario, reason), 0, "%s", reason);
    cr_expect_eq(scenario->n_vehicles, 2);
    cr_expect_eq(scenario->vehicles[0].gpsd_port, 20002);
    cr_expect_eq(scenario->vehicles[0].capacity, 18);
    free(scenario);
}

Test(sim_scenario, every_fault_has_file_line_and_reason)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *reason;
    } cases[] = {
        {HEAD BUS "colour = yellow\n", 8, "colour: unknown key"},
        {HEAD "[bus]\nroute = r\n", 5, "bus: unknown section"},
        {HEAD BUS "capacity = 0\n", 8, "capacity: a whole number, 1 to 200"},
        {HEAD BUS "capacity = 18.5\n", 8, "capacity: a whole number"},
        {HEAD BUS "pupil_s = 1s\n", 8, "pupil_s: seconds"},
        {HEAD BUS "pupil_s = nan\n", 8, "pupil_s: seconds"},
        {HEAD BUS "gpsd_port = 65536\n", 8, "gpsd_port: a port"},
        {HEAD BUS "stop = s-2 board\n", 8, "stop: STOP_ID|@M"},
        {HEAD BUS "stop = s-2 board all\n", 8, "stop: STOP_ID|@M"},
        {HEAD BUS "stop = s-2 juggle 3\n", 8, "stop: STOP_ID|@M"},
        {HEAD BUS "stop = s-2 board 28\n", 8, "stop: STOP_ID|@M"},
        {HEAD BUS "tunnel = 500 400\n", 8, "tunnel: FROM_M TO_M"},
        {HEAD BUS "tunnel = 500\n", 8, "tunnel: FROM_M TO_M"},
        {HEAD BUS "tunnel = 500 600 R1L\n", 8, "tunnel: FROM_M TO_M"},
        {HEAD BUS "unbelted = 500 600\n", 8, "unbelted: FROM_M TO_M BENCH"},
        {HEAD BUS "unbelted = 500 600 R1R\n", 8, "unbelted: FROM_M TO_M BENCH"},
        {HEAD BUS "hurry = 500 600 0\n", 8, "hurry: FROM_M TO_M KMH"},
        {HEAD BUS "hurry = 500 600 75 80\n", 8, "hurry: FROM_M TO_M KMH"},
        {HEAD BUS "stop = @-1 board 1\n", 8, "stop: STOP_ID|@M"},
        {HEAD BUS "left_behind = 0 90\n", 8, "left_behind: N SECONDS"},
        {HEAD BUS "left_behind = 1\n", 8, "left_behind: N SECONDS"},
        {HEAD BUS "window = 08:00 06:00\n", 8, "window: HH:MM HH:MM"},
        {HEAD BUS "window = 06:00 08:60\n", 8, "window: HH:MM HH:MM"},
        {HEAD BUS "broken_bench = R1R\n", 8, "broken_bench: the name of a bench"},
        {HEAD BUS "\n; fine\nno equals sign\n", 10, "syntax: neither a [section] nor key = value"},
        {HEAD BUS "colour = yellow\nno equals sign\n", 8, "colour: unknown key"},
        {HEAD BUS "colour = yellow\nshape = round\n", 8, "colour: unknown key"},
        {"[simulation]\nstart = tomorrow\n", 2, "start: a whole second"},
        {"[simulation]\nstart = 2026-09-14T22:40:00.5Z\n", 2, "start: a whole second"},
        {"[simulation]\nroutes = r\n", 1, "[simulation]: start is missing"},
        {"[simulation]\nstart = 2026-09-14T22:40:00Z\n", 1, "[simulation]: routes is missing"},
        {HEAD, 1, "[vehicle ID]: no vehicle at all"},
        {HEAD "[vehicle bus]\ncapacity = 18\n", 5, "bus: needs route, capacity and a stop"},
        {HEAD "[vehicle ]\ncapacity = 18\n", 5, "vehicle : no name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_file(cases[i].text);
        struct scenario *scenario = NULL;
        char reason[SCENARIO_REASON_LEN] = "", expected[256];
        cr_expect_eq(scenario_load(file, &scenario, reason), -EINVAL, "case %zu", i);
        cr_expect_null(scenario, "case %zu", i);
        (void)snprintf(expected, sizeof expected, "%s:%u: %s", file, cases[i].line, cases[i].reason);
        cr_expect_eq(strncmp(reason, expected, strlen(expected)), 0, "case %zu says: %s", i, reason);
        free(scenario);
    }
}

Test(sim_scenario, tables_have_their_limits)
{
    char text[4096] = HEAD BUS;
    for (int i = 1; i < SCENARIO_STOPS_MAX; i++)
        (void)strcat(text, "stop = s-2 board 1\n");
    write_file(text);
    struct scenario *scenario = NULL;
    char reason[SCENARIO_REASON_LEN] = "";
    cr_assert_eq(scenario_load(file, &scenario, reason), 0, "%s", reason);
    free(scenario);
    write_file(strcat(text, "stop = s-2 board 1\n"));
    cr_expect_eq(scenario_load(file, &scenario, reason), -EINVAL);
}

Test(sim_scenario, a_file_that_is_not_there_is_named)
{
    struct scenario *scenario = NULL;
    char reason[SCENARIO_REASON_LEN] = "";
    cr_expect_eq(scenario_load("/nowhere/x.ini", &scenario, reason), -ENOENT);
    cr_expect_str_eq(reason, "/nowhere/x.ini: No such file or directory");
}
