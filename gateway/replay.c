#include "gateway/replay.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/cabinbus.h"
#include "gateway/compliance/engine.h"
#include "gateway/dates.h"
#include "gateway/explain.h"
#include "gateway/issuedfile.h"
#include "gateway/progress.h"
#include "gateway/source/candump.h"
#include "gateway/source/tpv.h"
#include "proto/exitcode.h"
#include "proto/modeljson.h"
#include "proto/seal.h"

static const char usage[] =
    "NAME\n"
    "    buswarden-gateway replay - judge recorded data as the vehicle would have judged it\n"
    "\n"
    "SYNOPSIS\n"
    "    buswarden-gateway replay --licence FILE [--orders FILE] [--key PUB] --gps TPV.json\n"
    "                             [--cabin CANDUMP.log --dbc FILE [--config FILE] | --aboard N]\n"
    "                             [--explain [--lang en|zh]]\n"
    "\n"
    "DESCRIPTION\n"
    "    Reads what `gpspipe -w` and `candump -L` wrote, merges both in order of time and prints one JSON "
    "object a\n"
    "    line for each phase (RAISED, UPDATED, CLEARED) of each alert. The same input always gives the same "
    "output.\n"
    "    What could not be used is counted on standard error, with the first line of each fault.\n"
    "\n"
    "OPTIONS\n"
    "    --licence FILE   licence of the vehicle, as `buswarden-bureau licence --out` writes it\n"
    "    --orders FILE    orders for the vehicle, as `buswarden-bureau orders --out` writes them\n"
    "    --key PUB        public key file of the bureau; without it no signature is asked for\n"
    "    --gps FILE       gpsd reports, one JSON object a line\n"
    "    --cabin FILE     CAN frames, one a line\n"
    "    --dbc FILE       DBC file that they are decoded by\n"
    "    --config FILE    gateway configuration whose [signals] section maps them to seats and doors\n"
    "    --explain        no JSON: each alert in words, with the positions and the evidence that led to it\n"
    "    --lang en|zh     the language of it (default: zh when the locale is Chinese in UTF-8, else en)\n"
    "    --aboard N       no cabin log: N persons are aboard all the time (0 to 1000)\n"
    "\n"
    "EXIT STATUS\n"
    "    0  judged   2  wrong use or bad input   3  could not run\n";

struct options {
    const char *licence, *orders, *key, *gps, *cabin, *dbc, *config, *lang;
    enum words_language language;
    bool explain;
    int aboard; /* -1 = not given */
};

enum { ENTRIES_MAX = 50000000, LINE_MAX_BYTES = 65536 };
/* Less is done before anybody wonders. */
enum { BYTES_WORTH_SHOWING = 32 * 1024 * 1024, ENTRIES_WORTH_SHOWING = 500000 };

/* One line of input that means something. */
struct entry {
    int64_t utc_us; /* frames follow each other within a millisecond */
    uint64_t order; /* of reading: of one instant, positions first, then as the file has it */
    enum { ENTRY_GPS, ENTRY_CAN } type;
    union {
        struct {
            int mode;
            struct bw_fix fix;
        } gps;
        struct can_frame_in frame;
    } u;
};

struct log {
    struct entry *entries;
    size_t n, capacity;
};

static int log_add(struct log *log, struct entry entry)
{
    if (log->n == log->capacity) {
        const size_t capacity = log->capacity > 0 ? 2 * log->capacity : 4096;
        struct entry *grown =
            capacity <= ENTRIES_MAX ? realloc(log->entries, capacity * sizeof *grown) : NULL;
        if (grown == NULL)
            return -ENOMEM;
        log->entries = grown;
        log->capacity = capacity;
    }
    entry.order = log->n;
    log->entries[log->n++] = entry;
    return 0;
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->utc_us != y->utc_us)
        return x->utc_us < y->utc_us ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* --- reading --- */

/* What a file held that was no use; the first case of it is named. */
struct tally {
    uint64_t lines, used, refused;
    uint64_t first_line;
    char first_reason[128];
};

static void refuse(struct tally *tally, const char *reason)
{
    if (tally->refused++ > 0)
        return;
    tally->first_line = tally->lines;
    (void)snprintf(tally->first_reason, sizeof tally->first_reason, "%s",
                   reason != NULL ? reason : "malformed");
}

/* What was used, and what was not: nobody should take a recording for judged that was not read. */
static void print_tally(const char *path, const struct tally *tally, const char *unit)
{
    (void)fprintf(stderr, "%s: %" PRIu64 " %s\n", path, tally->used, unit);
    if (tally->refused > 0)
        (void)fprintf(stderr, "%s:%" PRIu64 ": %s (%" PRIu64 " of %" PRIu64 " lines not used)\n", path,
                      tally->first_line, tally->first_reason, tally->refused, tally->lines);
}

struct reader {
    struct log *log;
    const struct gps_window *window;
    int64_t last_utc_ms; /* for reports without a time of their own */
};

/* 0 or -ENOMEM; what is no use is counted. */
static int take_gps_line(struct reader *reader, const char *line, size_t len, struct tally *tally)
{
    struct gps_report report;
    const char *reason;
    const int outcome = tpv_parse(line, len, reader->window, &report, &reason);
    if (outcome == -ENOMSG)
        return 0; /* another class of report */
    if (outcome != 0 || reason != NULL)
        refuse(tally, reason);
    if (outcome != 0)
        return 0;
    if (report.utc_ms == 0)
        report.utc_ms = reader->last_utc_ms;
    if (report.utc_ms == 0)
        return 0; /* no fix, and no time yet */
    tally->used += report.mode >= 2;
    reader->last_utc_ms = report.utc_ms;
    struct entry entry = {.utc_us = report.utc_ms * 1000, .type = ENTRY_GPS};
    entry.u.gps.mode = report.mode;
    entry.u.gps.fix = report.fix;
    return log_add(reader->log, entry);
}

static int take_can_line(struct reader *reader, const char *line, size_t len, struct tally *tally)
{
    struct entry entry = {.type = ENTRY_CAN};
    const char *reason;
    const int outcome = candump_parse(line, len, &entry.utc_us, &entry.u.frame, &reason);
    if (outcome == -ENOMSG)
        return 0;
    if (outcome != 0) {
        refuse(tally, reason);
        return 0;
    }
    tally->used++;
    return log_add(reader->log, entry);
}

/* EXIT_DONE, or the exit code after a message on stderr. */
static int read_file(const char *path, struct reader *reader, const char *unit,
                     int (*take)(struct reader *, const char *, size_t, struct tally *))
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return EXIT_USAGE;
    }
    struct tally tally = {0};
    char *line = NULL;
    size_t size = 0;
    int error = 0;
    struct stat status = {0};
    (void)fstat(fileno(file), &status); /* a size of 0 only means that no progress is shown */
    struct progress progress = progress_begin("reading", (uint64_t)status.st_size, BYTES_WORTH_SHOWING);
    uint64_t bytes = 0;
    for (ssize_t n; error == 0 && (n = getline(&line, &size, file)) > 0;) {
        tally.lines++;
        progress_at(&progress, bytes += (uint64_t)n);
        if (n > LINE_MAX_BYTES)
            refuse(&tally, "line too long");
        else
            error = take(reader, line, (size_t)n, &tally);
    }
    progress_end(&progress);
    if (error == 0 && ferror(file) != 0)
        error = -EIO;
    free(line);
    (void)fclose(file); /* only read from */
    print_tally(path, &tally, unit);
    if (error != 0) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(-error));
        return EXIT_CANNOT;
    }
    if (tally.lines > 0 && tally.used == 0 && tally.refused == tally.lines) {
        (void)fprintf(stderr, "%s: not a file of this kind: no line of it could be used\n", path);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* --- judging --- */

struct judging {
    struct engine *engine;
    struct cabinbus *bus;    /* NULL: none */
    struct explain *explain; /* NULL: JSON */
    int aboard;              /* -1: not given */
    struct bw_cabin cabin;   /* as last told to the engine */
    int64_t cabin_mono_ms;
};

static int print_alert(const struct bw_alert *alert)
{
    json_t *json = json_object();
    modeljson_put_alert(&json, alert);
    const int error =
        json == NULL || json_dumpf(json, stdout, MODELJSON_FLAGS) != 0 || putchar('\n') == EOF ? -EIO : 0;
    json_decref(json);
    return error;
}

static int judge_event(struct judging *judging, const struct bw_event *event)
{
    struct bw_alert alerts[ENGINE_ALERTS_MAX];
    const size_t n = engine_step(judging->engine, event, alerts);
    if (judging->explain != NULL)
        explain_event(judging->explain, judging->engine, event);
    for (size_t i = 0; i < n; i++) {
        if (judging->explain != NULL)
            explain_alert(judging->explain, &alerts[i]);
        else if (print_alert(&alerts[i]) != 0)
            return -EIO;
    }
    return 0;
}

static int judge_cabin(struct judging *judging, const struct bw_cabin *cabin, struct bw_event event)
{
    judging->cabin = *cabin;
    judging->cabin_mono_ms = event.mono_ms;
    event.type = BW_EVENT_CABIN;
    event.u.cabin = *cabin;
    return judge_event(judging, &event);
}

/* Tell the engine of the cabin: when it changed, and as a confirmation when `confirm`. */
static int judge_bus(struct judging *judging, struct bw_event event, bool confirm)
{
    struct bw_cabin cabin;
    cabinbus_estimate(judging->bus, event.mono_ms, &cabin);
    if (cabinbus_same(&cabin, &judging->cabin) && !confirm)
        return 0;
    return judge_cabin(judging, &cabin, event);
}

static int judge_gps(struct judging *judging, const struct entry *entry, struct bw_event event)
{
    if (judging->bus != NULL && judge_bus(judging, event, false) != 0) /* it may have fallen silent */
        return -EIO;
    if (judging->aboard >= 0) {
        const uint16_t aboard = (uint16_t)judging->aboard;
        const struct bw_cabin cabin = {.occupancy = {BW_QUALITY_GOOD, aboard, aboard, aboard}};
        if (judge_cabin(judging, &cabin, event) != 0)
            return -EIO;
    }
    event.type = entry->u.gps.mode >= 2 ? BW_EVENT_FIX : BW_EVENT_NO_FIX;
    event.u.fix = entry->u.gps.fix;
    return judge_event(judging, &event);
}

static int judge_can(struct judging *judging, const struct entry *entry, struct bw_event event)
{
    cabinbus_frame(judging->bus, &entry->u.frame, event.mono_ms);
    return judge_bus(judging, event, event.mono_ms - judging->cabin_mono_ms >= 1000); /* once a second */
}

static int judge_log(struct judging *judging, const struct log *log)
{
    struct progress progress = progress_begin("judging", log->n, ENTRIES_WORTH_SHOWING);
    for (size_t i = 0; i < log->n; i++) {
        progress_at(&progress, i);
        const struct entry *entry = &log->entries[i];
        const int64_t utc_ms = entry->utc_us / 1000;
        const struct bw_event event = {
            .mono_ms = utc_ms - log->entries[0].utc_us / 1000 + 1, .utc_ms = utc_ms, .clock = BW_CLOCK_GNSS};
        const int error =
            entry->type == ENTRY_GPS ? judge_gps(judging, entry, event) : judge_can(judging, entry, event);
        if (error != 0)
            return error; /* nobody reads on: the line of progress may stay */
    }
    progress_end(&progress);
    return fflush(stdout) != 0 || ferror(stdout) != 0 ? -EIO : 0;
}

/* --- the command --- */

static int wrong_use(const char *reason)
{
    (void)fprintf(stderr, "buswarden-gateway replay: %s\nTry 'buswarden-gateway replay --help'.\n", reason);
    return EXIT_USAGE;
}

static bool parse_aboard(const char *text, int *ret)
{
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 0 || value > 1000)
        return false;
    *ret = (int)value;
    return true;
}

static int parse_options(int argc, char **argv, struct options *ret)
{
    static const struct option table[] = {
        {"licence", required_argument, NULL, 'l'},
        {"key", required_argument, NULL, 'k'},
        {"gps", required_argument, NULL, 'g'},
        {"cabin", required_argument, NULL, 'c'},
        {"dbc", required_argument, NULL, 'd'},
        {"config", required_argument, NULL, 'f'},
        {"aboard", required_argument, NULL, 'a'},
        {"explain", no_argument, NULL, 'e'},
        {"lang", required_argument, NULL, 'L'},
        {"orders", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    for (int option; (option = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        const struct {
            int option;
            const char **target;
        } texts[] = {{'l', &ret->licence}, {'k', &ret->key},    {'g', &ret->gps},  {'c', &ret->cabin},
                     {'d', &ret->dbc},     {'f', &ret->config}, {'L', &ret->lang}, {'o', &ret->orders}};
        if (option == '?')
            return wrong_use("wrong option");
        if (option == 'a' && !parse_aboard(optarg, &ret->aboard))
            return wrong_use("--aboard: not a number from 0 to 1000");
        ret->explain |= option == 'e';
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
            if (texts[i].option == option)
                *texts[i].target = optarg;
    }
    if (optind < argc)
        return wrong_use("unexpected argument");
    if (ret->licence == NULL || ret->gps == NULL)
        return wrong_use("--licence and --gps are needed");
    if ((ret->cabin != NULL) != (ret->dbc != NULL))
        return wrong_use("--cabin and --dbc go together");
    if (words_choose(ret->lang, &ret->language) != 0)
        return wrong_use("--lang: en or zh");
    if (ret->cabin != NULL && ret->aboard >= 0)
        return wrong_use("--cabin or --aboard, not both");
    return EXIT_DONE;
}

/* What the bureau issued to one vehicle. */
struct mandate {
    struct issued licence, orders; /* orders: of version 0 when none were given */
};

static int load_issued(enum issued_kind kind, const char *path, const struct issued_for *whom,
                       struct issued *ret)
{
    const int error = issuedfile_load(kind, path, whom, ret);
    if (error == 0)
        return EXIT_DONE;
    (void)fprintf(stderr, "%s: %s\n", path, issued_reason(kind, error));
    return EXIT_USAGE;
}

static int load_mandate(const struct options *options, struct mandate *ret)
{
    uint8_t key[BW_PUBLIC_KEY_LEN];
    const int error = options->key != NULL ? seal_public_load(options->key, key) : 0;
    if (error != 0) {
        (void)fprintf(stderr, "%s: %s\n", options->key,
                      error == -EBADMSG ? "not a public key file (64 hex digits)" : strerror(-error));
        return EXIT_USAGE;
    }
    struct issued_for whom = {.key = options->key != NULL ? key : NULL};
    const int code = load_issued(ISSUED_LICENCE, options->licence, &whom, &ret->licence);
    if (code != EXIT_DONE || options->orders == NULL)
        return code;
    whom.vehicle = issued_vehicle(&ret->licence);
    whom.division = issued_division(&ret->licence);
    return load_issued(ISSUED_ORDERS, options->orders, &whom, &ret->orders);
}

static int load_bus(const struct options *options, struct cabinbus **ret)
{
    static struct gateway_config config; /* large */
    char reason[SETTINGS_REASON_MAX];
    if (options->cabin == NULL)
        return EXIT_DONE;
    if (options->config != NULL && config_load(options->config, &config, reason) != 0) {
        (void)fprintf(stderr, "%s\n", reason);
        return EXIT_USAGE;
    }
    if (cabinbus_create(options->dbc, config.signals, config.n_signals, ret, reason) != 0) {
        (void)fprintf(stderr, "%s\n", reason);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

struct span {
    int64_t first_utc_us, last_utc_us;
};

static struct span span_of(const struct entry *entries, size_t n)
{
    struct span span = {INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < n; i++) {
        if (entries[i].utc_us < span.first_utc_us)
            span.first_utc_us = entries[i].utc_us;
        if (entries[i].utc_us > span.last_utc_us)
            span.last_utc_us = entries[i].utc_us;
    }
    return span;
}

/* Positions carry the receiver's time, frames that of whatever computer recorded them. The first n_gps
 * entries are the positions. */
static bool other_clock(const struct log *log, size_t n_gps)
{
    static const int64_t APART_US = 3600000000; /* less may be a bus that was switched on late */
    if (n_gps == 0 || n_gps == log->n)
        return false;
    const struct span gps = span_of(log->entries, n_gps);
    const struct span can = span_of(log->entries + n_gps, log->n - n_gps);
    return can.first_utc_us - gps.last_utc_us > APART_US || gps.first_utc_us - can.last_utc_us > APART_US;
}

static int read_cabin(const struct options *options, struct reader *reader)
{
    const size_t n_gps = reader->log->n;
    const int code = read_file(options->cabin, reader, "frames", take_can_line);
    if (code != EXIT_DONE || !other_clock(reader->log, n_gps))
        return code;
    (void)fprintf(stderr, "%s: recorded more than an hour before or after the positions: by another clock?\n",
                  options->cabin);
    return EXIT_USAGE;
}

static int run_engine(const struct options *options, const struct mandate *mandate, struct cabinbus *bus,
                      const struct log *log)
{
    const struct bw_licence *licence = &mandate->licence.u.licence;
    struct judging judging = {.bus = bus, .aboard = options->aboard};
    void *memory = malloc(engine_size(licence));
    if (options->explain)
        judging.explain = explain_create(licence, options->language, stdout);
    int error = memory == NULL || (options->explain && judging.explain == NULL) ? -ENOMEM : 0;
    if (error == 0) {
        judging.engine = engine_init(memory, licence, 1);
        engine_set_orders(judging.engine, options->orders != NULL ? &mandate->orders.u.orders : NULL);
        error = judge_log(&judging, log);
    }
    explain_destroy(judging.explain);
    free(memory);
    if (error != 0)
        (void)fprintf(stderr, "buswarden-gateway replay: %s\n", strerror(-error));
    return error != 0 ? EXIT_CANNOT : EXIT_DONE;
}

int replay_main(int argc, char **argv)
{
    struct options options = {.aboard = -1};
    struct mandate mandate = {.licence.kind = ISSUED_LICENCE, .orders.kind = ISSUED_ORDERS};
    struct cabinbus *bus = NULL;
    struct log log = {0};
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0 ? EXIT_CANNOT : EXIT_DONE;
    int code = parse_options(argc, argv, &options);
    if (code == EXIT_DONE)
        code = load_mandate(&options, &mandate);
    if (code == EXIT_DONE)
        code = load_bus(&options, &bus);
    const struct gps_window window = dates_believable(&mandate.licence.u.licence, true);
    struct reader reader = {.log = &log, .window = &window};
    if (code == EXIT_DONE)
        code = read_file(options.gps, &reader, "positions", take_gps_line);
    if (code == EXIT_DONE && options.cabin != NULL)
        code = read_cabin(&options, &reader);
    if (code == EXIT_DONE && log.n > 0) {
        qsort(log.entries, log.n, sizeof log.entries[0], compare_entries);
        code = run_engine(&options, &mandate, bus, &log);
    }
    free(log.entries);
    cabinbus_destroy(bus);
    issued_free(&mandate.orders);
    issued_free(&mandate.licence);
    return code;
}
