/* buswarden-sim: dispatch and the command line. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/exitcode.h"
#include "proto/utc.h"
#include "sim/can.h"
#include "sim/fleet.h"
#include "sim/run.h"

static const char HELP[] =
    "NAME\n"
    "  buswarden-sim - school vehicles that drive, board pupils and err, for tests and the demo\n"
    "\n"
    "SYNOPSIS\n"
    "  buswarden-sim run SCENARIO [--realtime] [--out DIR] [--seed N] [--start RFC3339]\n"
    "  buswarden-sim fleet DIR --prepare [--vehicles N]\n"
    "  buswarden-sim fleet DIR --bureau PUB [--vehicles N] [--broker HOST:PORT] [--seconds N | --backlog N] "
    "...\n"
    "  buswarden-sim dbc\n"
    "  buswarden-sim --help | --version\n"
    "\n"
    "DESCRIPTION\n"
    "  run plays a scenario (a file, or a folder with a scenario.ini) and prints what happens, a line an "
    "event, until\n"
    "  the last vehicle has arrived. The same scenario, seed and start give the same bytes.\n"
    "\n"
    "  --out DIR    writes for each vehicle <id>.nmea, <id>.tpv.json (as gpspipe -w), <id>.candump.log (as "
    "candump -L)\n"
    "               and <id>.truth.json (what really was, and which alerts are due)\n"
    "  --realtime   plays in true time, from now on: NMEA goes to gpsd_port by UDP, CAN frames to a pseudo "
    "terminal\n"
    "               that slcan links to, as from a LAWICEL adapter. Ctrl-C ends it.\n"
    "  --seed N     in place of the scenario's\n"
    "  --start T    in place of the scenario's; not with --realtime\n"
    "\n"
    "  fleet plays N vehicles (2000) for load, each with its own connection, keys and licence: they drive, "
    "judge, "
    "seal and\n"
    "  send as gateways do, with the gateway's code, and keep their records in memory. --prepare makes DIR "
    "with a "
    "registry\n"
    "  for `buswarden-bureau import` and the keys to enrol; the bureau must issue a licence to each, which "
    "reaches "
    "it by\n"
    "  the broker. The last line of output is a summary in JSON.\n"
    "\n"
    "  --vehicles N       how many (2000; 20000 at most)\n"
    "  --bureau PUB       the bureau's public key file\n"
    "  --broker HOST:PORT (127.0.0.1:1883)\n"
    "  --ca, --cert, --key FILE   TLS, one certificate for all\n"
    "  --seconds N        of driving (60): a record of ten positions in 10 s each, and presence as often\n"
    "  --backlog N        no driving: each has N records waiting, at most 512, and sends them as fast as it "
    "may\n"
    "  --overloads N      alerts an hour of each vehicle (2)\n"
    "  --raised FILE      a line for each alert: vehicle, number, ns of the monotonic clock when it was "
    "raised\n"
    "  --trust-receipts   do not check their signatures: vehicles do so on processors of their own\n"
    "\n"
    "  dbc prints the DBC file that describes the simulated bus's CAN frames.\n"
    "\n";

/* C17 promises no longer strings than 4,095 characters. */
static const char HELP_SCENARIO[] =
    "SCENARIO\n"
    "  Paths are relative to the scenario's folder. A key given again replaces the earlier value; stop, "
    "detour and\n"
    "  stretches FROM_M TO_M add up.\n"
    "  [simulation]\n"
    "    routes = registry/routes.geojson   routes and stops, WGS84\n"
    "    roads = roads.geojson              other roads, LineStrings with a road_id; optional\n"
    "    start = 2026-09-14T22:40:00Z\n"
    "    seed = 1\n"
    "    utc_offset_min = 480               of the times in the timeline\n"
    "  [vehicle ID]\n"
    "    route = ROUTE_ID                   the licensed one, driven in the direction of its line\n"
    "    capacity = 18                      approved number of pupils\n"
    "    stop = STOP_ID [alight N|all] [board N]    in order; the drive ends at the last\n"
    "    detour = ROAD_ID                   driven in place of the route between the road's two ends\n"
    "    stop = @M ...                      the same at no stop, M metres along the path driven\n"
    "    tunnel = FROM_M TO_M               no satellites there, in metres along the path driven\n"
    "    unbelted = FROM_M TO_M BENCH       who sits on BENCH opens the belt there\n"
    "    door_open = FROM_M TO_M            the rear door is open there\n"
    "    hurry = FROM_M TO_M KMH            the driver goes as fast as KMH there, bends or not\n"
    "    power_cut, antenna_cut = FROM_M TO_M   main supply or antenna are gone there\n"
    "    silent = FROM_M TO_M               the controller of seats and belts sends nothing there\n"
    "    left_behind = N SECONDS            N do not get off at the last stop; somebody looks after SECONDS\n"
    "    window = HH:MM HH:MM               local times that the permit allows: for the truth alone\n"
    "    depart_s, pupil_s                  seconds: until departure; for one pupil (0, 1)\n"
    "    cruise_mps, accelerate_mps2, brake_mps2, lateral_mps2          (11.1, 1.0, 1.2, 1.5)\n"
    "    altitude_m (180)    broken_bench = R3L, whose sensor says \"unknown\"\n"
    "    gnss_sigma_m, gnss_tau_s           slow error of the receiver (3.5, 60)\n"
    "    gnss_white_m                       white noise (0.6)\n"
    "    gnss_outliers_per_h, gnss_outlier_m    multipath jumps (0, 60)\n"
    "    gpsd_port = PORT, slcan = PATH     where --realtime feeds this vehicle; without: it does not\n"
    "\n"
    "EXIT STATUS\n"
    "  0 done    1 not every record was receipted    2 wrong use or bad input    3 could not run\n";

static volatile sig_atomic_t stop_requested;

static void on_signal(int number)
{
    stop_requested = number;
}

static int catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: poll must return */
    if (sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGTERM, &action, NULL) != 0)
        return -errno;
    return 0;
}

static int wrong_use(const char *why)
{
    (void)fprintf(stderr, "buswarden-sim: %s; see buswarden-sim --help\n", why);
    return EXIT_USAGE;
}

struct run_arguments {
    const char *scenario;
    const char *out;
    const char *seed;
    const char *start;
    bool realtime;
};

/* NULL, or what is wrong with them. */
static const char *parse_run_arguments(int argc, char **argv, struct run_arguments *ret)
{
    static const struct option OPTIONS[] = {
        {"realtime", no_argument, NULL, 'r'},
        {"out", required_argument, NULL, 'o'},
        {"seed", required_argument, NULL, 's'},
        {"start", required_argument, NULL, 't'},
        {NULL, 0, NULL, 0},
    };
    struct run_arguments arguments = {.scenario = NULL};
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1;) {
        switch (c) {
        case 'r':
            arguments.realtime = true;
            break;
        case 'o':
            arguments.out = optarg;
            break;
        case 's':
            arguments.seed = optarg;
            break;
        case 't':
            arguments.start = optarg;
            break;
        default:
            return "unknown option, or its value is missing";
        }
    }
    if (optind != argc - 1)
        return "run takes one SCENARIO";
    if (arguments.realtime && arguments.start != NULL)
        return "--start does not go with --realtime, which starts now";
    arguments.scenario = argv[optind];
    *ret = arguments;
    return NULL;
}

/* NULL, or what is wrong. */
static const char *apply(const struct run_arguments *arguments, struct scenario *scenario)
{
    if (arguments->seed != NULL) {
        char *end;
        errno = 0;
        unsigned long long seed = strtoull(arguments->seed, &end, 10);
        if (errno != 0 || end == arguments->seed || *end != '\0' || arguments->seed[0] == '-')
            return "--seed takes a whole number";
        scenario->seed = seed;
    }
    int64_t start_utc_ms;
    if (arguments->start == NULL)
        return NULL;
    if (utc_parse(arguments->start, &start_utc_ms) != 0 || start_utc_ms % 1000 != 0)
        return "--start takes a whole second like 2026-09-14T22:40:00Z";
    scenario->start_utc_ms = start_utc_ms;
    return NULL;
}

static int command_run(int argc, char **argv)
{
    struct run_arguments arguments;
    const char *wrong = parse_run_arguments(argc, argv, &arguments);
    if (wrong != NULL)
        return wrong_use(wrong);
    char reason[RUN_REASON_LEN];
    struct scenario *scenario;
    int rc = scenario_load(arguments.scenario, &scenario, reason);
    if (rc == 0) {
        wrong = apply(&arguments, scenario);
        if (wrong != NULL) {
            free(scenario);
            return wrong_use(wrong);
        }
        struct run_options options = {.realtime = arguments.realtime,
                                      .out = arguments.out,
                                      .timeline = stdout,
                                      .stop = &stop_requested};
        rc = catch_signals();
        if (rc == 0)
            rc = run_scenario(scenario, &options, reason);
        else
            (void)snprintf(reason, sizeof reason, "signals: %s", strerror(-rc));
        free(scenario);
    }
    if (rc == 0)
        return EXIT_DONE;
    (void)fprintf(stderr, "buswarden-sim: %s\n", reason);
    return rc == -EINVAL || rc == -ENOENT ? EXIT_USAGE : EXIT_CANNOT;
}

/* --- fleet --- */

enum { VEHICLES = 2000, SECONDS = 60, BACKLOG_MAX = 500, PORT = 1883, HOST_LEN = 256 };

struct fleet_words {
    const char *vehicles, *bureau, *broker, *ca, *cert, *key, *seconds, *backlog, *overloads, *raised;
    bool prepare, trust;
};

/* NULL, or what is wrong with them. */
static const char *parse_fleet_words(int argc, char **argv, struct fleet_words *words, const char **ret_dir)
{
    static const struct option OPTIONS[] = {
        {"prepare", no_argument, NULL, 'p'},
        {"vehicles", required_argument, NULL, 'v'},
        {"bureau", required_argument, NULL, 'u'},
        {"broker", required_argument, NULL, 'b'},
        {"ca", required_argument, NULL, 'a'},
        {"cert", required_argument, NULL, 'c'},
        {"key", required_argument, NULL, 'k'},
        {"seconds", required_argument, NULL, 's'},
        {"backlog", required_argument, NULL, 'l'},
        {"overloads", required_argument, NULL, 'o'},
        {"raised", required_argument, NULL, 'r'},
        {"trust-receipts", no_argument, NULL, 't'},
        {NULL, 0, NULL, 0},
    };
    const struct {
        int option;
        const char **value;
    } values[] = {{'v', &words->vehicles}, {'u', &words->bureau},  {'b', &words->broker},
                  {'a', &words->ca},       {'c', &words->cert},    {'k', &words->key},
                  {'s', &words->seconds},  {'l', &words->backlog}, {'o', &words->overloads},
                  {'r', &words->raised}};
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1;) {
        if (c == '?')
            return "unknown option, or its value is missing";
        words->prepare |= c == 'p';
        words->trust |= c == 't';
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
            if (values[i].option == c)
                *values[i].value = optarg;
    }
    if (optind != argc - 1)
        return "fleet takes one DIR";
    *ret_dir = argv[optind];
    if ((words->bureau == NULL) != words->prepare)
        return "either --prepare or --bureau PUB is needed";
    const int tls = (words->ca != NULL) + (words->cert != NULL) + (words->key != NULL);
    if (tls != 0 && tls != 3)
        return "--ca, --cert and --key go together";
    return words->seconds != NULL && words->backlog != NULL ? "--seconds or --backlog, not both" : NULL;
}

/* NULL text: stays as it is. */
static bool parse_count(const char *text, unsigned long most, unsigned *ret)
{
    char *end;
    errno = 0;
    if (text == NULL)
        return true;
    const unsigned long value = strtoul(text, &end, 10);
    if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != '\0' || value < 1 || value > most)
        return false;
    *ret = (unsigned)value;
    return true;
}

static bool parse_broker(const char *text, char host[HOST_LEN], int *ret_port)
{
    const char *colon = text != NULL ? strrchr(text, ':') : NULL;
    unsigned port = PORT;
    if (text == NULL)
        text = "127.0.0.1";
    const size_t len = colon != NULL ? (size_t)(colon - text) : strlen(text);
    if (len == 0 || len >= HOST_LEN || (colon != NULL && !parse_count(colon + 1, UINT16_MAX, &port)))
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    *ret_port = (int)port;
    return true;
}

static const char *apply_fleet_words(const struct fleet_words *words, char host[HOST_LEN],
                                     struct fleet_options *options)
{
    unsigned overloads = 2;
    options->vehicles = VEHICLES;
    options->seconds = SECONDS;
    options->bureau_pub = words->bureau;
    options->host = host;
    options->ca = words->ca;
    options->cert = words->cert;
    options->key = words->key;
    options->trust_receipts = words->trust;
    if (!parse_count(words->vehicles, FLEET_MAX, &options->vehicles))
        return "--vehicles takes a number from 1 to 20000";
    if (!parse_count(words->seconds, 86400, &options->seconds))
        return "--seconds takes a number from 1 to 86400";
    if (!parse_count(words->backlog, BACKLOG_MAX, &options->backlog))
        return "--backlog takes a number from 1 to 500";
    if (!parse_count(words->overloads, 3600, &overloads))
        return "--overloads takes a number from 1 to 3600";
    options->overloads_per_h = overloads;
    return parse_broker(words->broker, host, &options->port) ? NULL : "--broker takes HOST:PORT";
}

static int fleet_code(int rc, const char *reason)
{
    if (rc == 0)
        return EXIT_DONE;
    (void)fprintf(stderr, "buswarden-sim: %s\n", reason);
    if (rc == -ETIMEDOUT)
        return EXIT_NO;
    return rc == -EINVAL || rc == -ENOENT || rc == -EEXIST ? EXIT_USAGE : EXIT_CANNOT;
}

static int command_fleet(int argc, char **argv)
{
    struct fleet_words words = {.vehicles = NULL};
    struct fleet_options options = {.out = stdout, .stop = &stop_requested};
    char host[HOST_LEN], reason[FLEET_REASON_LEN] = "";
    const char *wrong = parse_fleet_words(argc, argv, &words, &options.dir);
    if (wrong == NULL)
        wrong = apply_fleet_words(&words, host, &options);
    if (wrong != NULL)
        return wrong_use(wrong);
    if (words.prepare)
        return fleet_code(fleet_prepare(options.dir, options.vehicles, reason), reason);
    options.raised = words.raised != NULL ? fopen(words.raised, "we") : NULL;
    int rc = words.raised != NULL && options.raised == NULL ? -errno : catch_signals();
    if (rc != 0)
        (void)snprintf(reason, sizeof reason, "%s: %s", words.raised != NULL ? words.raised : "signals",
                       strerror(-rc));
    (void)signal(SIGPIPE, SIG_IGN);
    if (rc == 0)
        rc = fleet_run(&options, reason);
    if (options.raised != NULL && fclose(options.raised) != 0 && rc == 0) {
        rc = -EIO;
        (void)snprintf(reason, sizeof reason, "%s: %s", words.raised, strerror(EIO));
    }
    return fleet_code(rc, reason);
}

static int finish_stdout(void)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_DONE : EXIT_CANNOT;
}

static int command_dbc(int argc, char **argv)
{
    (void)argv;
    if (argc != 1)
        return wrong_use("dbc takes no argument");
    can_dbc(stdout);
    return finish_stdout();
}

static int command_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    (void)fputs(HELP, stdout);
    (void)fputs(HELP_SCENARIO, stdout);
    return finish_stdout();
}

static int command_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    (void)puts("buswarden-sim " BUSWARDEN_VERSION);
    return finish_stdout();
}

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} COMMANDS[] = {{"run", command_run},
                {"fleet", command_fleet},
                {"dbc", command_dbc},
                {"--help", command_help},
                {"--version", command_version}};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (strcmp(argv[1], COMMANDS[i].name) == 0)
            return COMMANDS[i].run(argc - 1, argv + 1);
    }
    return wrong_use(argc > 1 ? "unknown command" : "no command");
}
