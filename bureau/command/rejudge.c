/* rejudge */
#include "bureau/rejudge/opening.h"

#include "bureau/command/command.h"
#include "proto/modeljson.h"
#include "proto/topic.h"
#include "proto/utc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char PROGRAM[] = "buswarden-bureau";

struct printer {
    const struct command *self;
    bool json, zh, progress;
    struct store *cases; /* to open cases in; NULL = none are */
    const struct case_policy *policy;
};

static int print_json(json_t *object)
{
    const int rc =
        object == NULL || json_dumpf(object, stdout, MODELJSON_FLAGS) < 0 || puts("") < 0 ? -EIO : 0;
    json_decref(object);
    return rc;
}

/* --- findings --- */

static const char *words_of(const struct rejudge_finding *finding, bool zh)
{
    switch (finding->what) {
    case REJUDGE_MISSING:
        return zh ? "轨迹可以证明，而车辆没有上报" : "its tracks prove it, and it does not say so";
    case REJUDGE_UNSHOWN:
        return zh ? "车辆上报了，而轨迹恰恰相反" : "it says so, and its tracks say the opposite";
    default:
        return compare_doubt_words(finding->doubt, zh);
    }
}

static int print_finding_json(const struct printer *printer, const struct rejudge_finding *finding)
{
    const bool located = finding->what != REJUDGE_UNSHOWN;
    const bool ended = finding->to_utc_ms != INT64_MAX;
    json_t *object = json_object();
    modeljson_put(&object, "vehicle_id", json_string(finding->vehicle));
    modeljson_put(&object, "finding", json_string(rejudge_what_name(finding->what)));
    modeljson_put(&object, "kind", json_string(modeljson_kind(finding->kind)));
    modeljson_put(&object, "severity", json_string(modeljson_severity(finding->severity)));
    modeljson_put(&object, "from", modeljson_instant(finding->from_utc_ms));
    modeljson_put(&object, "to", ended ? modeljson_instant(finding->to_utc_ms) : json_null());
    modeljson_put(&object, "licence_version", json_integer((json_int_t)finding->licence_version));
    modeljson_put(&object, "lat", modeljson_degrees(located, finding->lat_deg));
    modeljson_put(&object, "lon", modeljson_degrees(located, finding->lon_deg));
    modeljson_put(&object, "doubt",
                  finding->what == REJUDGE_UNSAID ? json_string(compare_doubt_name(finding->doubt))
                                                  : json_null());
    modeljson_put(&object, "number",
                  finding->number > 0 ? json_integer((json_int_t)finding->number) : json_null());
    modeljson_put(&object, "text", json_string(words_of(finding, printer->zh)));
    return print_json(object);
}

static int open_case(struct printer *printer, const struct rejudge_finding *finding)
{
    char who[64];
    command_who(who, sizeof(who));
    return opening_take(printer->cases, printer->policy, who, command_now_utc_ms(), finding);
}

static int print_finding(void *context, const struct rejudge_finding *finding)
{
    struct printer *printer = context;
    char from[UTC_TEXT_LEN], to[UTC_TEXT_LEN] = "-";
    const int rc = printer->cases != NULL ? open_case(printer, finding) : 0;
    if (rc != 0) {
        (void)command_store_failed(printer->cases, "rejudge --cases");
        return rc;
    }
    if (printer->json)
        return print_finding_json(printer, finding);
    utc_format(finding->from_utc_ms, from);
    if (finding->to_utc_ms != INT64_MAX)
        utc_format(finding->to_utc_ms, to);
    return printf("%s %s %s %s %s: %s: %s\n", finding->vehicle, from, to, modeljson_kind(finding->kind),
                  modeljson_severity(finding->severity), rejudge_what_name(finding->what),
                  words_of(finding, printer->zh)) < 0
               ? -EIO
               : 0;
}

static int print_unjudged(void *context, const char *vehicle, const char *why)
{
    const struct printer *printer = context;
    (void)fprintf(stderr, "%s%s: %s: not judged: %s\n", printer->progress ? "\r\033[K" : "", PROGRAM, vehicle,
                  why);
    return 0;
}

static int print_progress(void *context, const struct rejudge_totals *so_far)
{
    const struct printer *printer = context;
    if (printer->progress)
        (void)fprintf(stderr,
                      printer->zh ? "\r已重判 %" PRIu64 " 辆车、%" PRIu64 " 个位置"
                                  : "\r%" PRIu64 " vehicles, %" PRIu64 " positions",
                      so_far->vehicles, so_far->fixes);
    return 0;
}

/* --- sums --- */

static double hours(const struct rejudge_totals *totals)
{
    return (double)totals->judged_ms / 3600000;
}

static json_t *counts_json(rejudge_counts counts)
{
    json_t *kinds = json_object();
    for (int kind = BW_OVERLOAD; kind < BW_KIND_COUNT; kind++) {
        json_t *bands = json_object();
        for (int band = BW_NOTICE; band <= BW_CRIMINAL; band++)
            modeljson_put(&bands, modeljson_severity((enum bw_severity)band),
                          json_integer((json_int_t)counts[kind][band]));
        modeljson_put(&kinds, modeljson_kind((enum bw_kind)kind), bands);
    }
    return kinds;
}

static int print_totals_json(struct rejudge_totals *totals, bool trial)
{
    json_t *sums = json_object(), *object = json_object();
    modeljson_put(&sums, "vehicles", json_integer((json_int_t)totals->vehicles));
    modeljson_put(&sums, "unjudged", json_integer((json_int_t)totals->unjudged));
    modeljson_put(&sums, "records", json_integer((json_int_t)totals->records));
    modeljson_put(&sums, "positions", json_integer((json_int_t)totals->fixes));
    modeljson_put(&sums, "hours", modeljson_number(hours(totals), 2));
    modeljson_put(&sums, "said", counts_json(totals->said));
    modeljson_put(&sums, "shown", counts_json(totals->shown));
    if (trial)
        modeljson_put(&sums, "tried", counts_json(totals->tried));
    for (int what = REJUDGE_MISSING; what <= REJUDGE_UNSHOWN && !trial; what++)
        modeljson_put(&sums, rejudge_what_name((enum rejudge_what)what),
                      json_integer((json_int_t)totals->found[what]));
    modeljson_put(&object, "summary", sums);
    return print_json(object);
}

static int print_table(const struct printer *printer, struct rejudge_totals *totals)
{
    (void)printf("%-16s %-9s %8s %8s %8s %8s\n", printer->zh ? "kind 种类" : "kind", "band", "said", "shown",
                 "tried", "change");
    for (int kind = BW_OVERLOAD; kind < BW_KIND_COUNT; kind++) {
        if (!trackjudge_judges((enum bw_kind)kind))
            continue;
        for (int band = BW_NOTICE; band <= BW_CRIMINAL; band++) {
            const uint64_t said = totals->said[kind][band], shown = totals->shown[kind][band],
                           tried = totals->tried[kind][band];
            if (said + shown + tried > 0)
                (void)printf("%-16s %-9s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %+8" PRId64 "\n",
                             modeljson_kind((enum bw_kind)kind), modeljson_severity((enum bw_severity)band),
                             said, shown, tried, (int64_t)tried - (int64_t)shown);
        }
    }
    return printf(printer->zh ? "共 %" PRIu64 " 辆车、%.1f 小时轨迹；什么也没有改变\n"
                              : "%" PRIu64 " vehicles, %.1f h of tracks; nothing was changed\n",
                  totals->vehicles, hours(totals)) < 0
               ? -EIO
               : 0;
}

static int print_totals(const struct printer *printer, struct rejudge_totals *totals, bool trial)
{
    static const char en[] = "%" PRIu64 " vehicles, %.1f h of tracks: %" PRIu64 " alerts missing, %" PRIu64
                             " shown but not proven, %" PRIu64 " that the tracks contradict\n";
    static const char zh[] = "共 %" PRIu64 " 辆车、%.1f 小时轨迹：缺失预警 %" PRIu64
                             " 个，有迹象但不能证明 %" PRIu64 " 个，与轨迹相反 %" PRIu64 " 个\n";
    if (printer->progress)
        (void)fputs("\r\033[K", stderr);
    if (printer->json)
        return print_totals_json(totals, trial);
    if (trial)
        return print_table(printer, totals);
    return printf(printer->zh ? zh : en, totals->vehicles, hours(totals), totals->found[REJUDGE_MISSING],
                  totals->found[REJUDGE_UNSAID], totals->found[REJUDGE_UNSHOWN]) < 0
               ? -EIO
               : 0;
}

/* --- the trial --- */

#define THRESHOLD(field)                                                                                     \
    {                                                                                                        \
#field, offsetof(struct bw_thresholds, field)                                                        \
    }
/* Those of which tracks can tell. */
static const struct {
    const char *name;
    size_t offset;
} THRESHOLDS[] = {
    THRESHOLD(overload_hold_ms),         THRESHOLD(overload_clear_ms),      THRESHOLD(off_route_margin_m),
    THRESHOLD(off_route_evidence_milli), THRESHOLD(off_route_clear_ms),     THRESHOLD(unlicensed_hold_ms),
    THRESHOLD(raise_hold_off_ms),        THRESHOLD(out_of_hours_grace_min), THRESHOLD(out_of_hours_hold_ms),
    THRESHOLD(overspeed_tolerance_kmh),  THRESHOLD(overspeed_hold_ms),
};
enum { THRESHOLD_COUNT = sizeof THRESHOLDS / sizeof THRESHOLDS[0], SET_MAX = 512 };

/* NULL, or what is wrong with "name=value". */
static const char *set_threshold(char *word, struct bw_thresholds *thresholds)
{
    char *value = strchr(word, '='), *end;
    if (value == NULL)
        return "--set takes NAME=VALUE";
    *value++ = '\0';
    errno = 0;
    const unsigned long long number = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || number == 0 || number > UINT32_MAX)
        return "--set: a threshold is a whole number above 0";
    for (size_t i = 0; i < THRESHOLD_COUNT; i++) {
        if (strcmp(THRESHOLDS[i].name, word) != 0)
            continue;
        const uint32_t whole = (uint32_t)number;
        memcpy((char *)thresholds + THRESHOLDS[i].offset, &whole, sizeof whole);
        return NULL;
    }
    return "--set: no threshold of which tracks can tell; --help names them";
}

static const char *set_thresholds(const char *list, struct bw_thresholds *thresholds)
{
    char copy[SET_MAX], *rest;
    const char *wrong = NULL;
    if ((size_t)snprintf(copy, sizeof copy, "%s", list) >= sizeof copy)
        return "--set: too long";
    for (char *word = strtok_r(copy, ",", &rest); word != NULL && wrong == NULL;
         word = strtok_r(NULL, ",", &rest))
        wrong = set_threshold(word, thresholds);
    return wrong;
}

static int read_licence(const char *path, struct issued *ret)
{
    const struct issued_for anyone = {.key = NULL};
    FILE *file = fopen(path, "re");
    uint8_t *data = malloc(WIRE_LICENCE_MAX + 1);
    int error = file == NULL ? -errno : data == NULL ? -ENOMEM : 0;
    const size_t len = error == 0 ? fread(data, 1, WIRE_LICENCE_MAX + 1, file) : 0;
    if (error == 0 && ferror(file))
        error = -EIO;
    if (error == 0)
        error = issued_open(ISSUED_LICENCE, data, len, &anyone, ret);
    if (error != 0)
        (void)fprintf(stderr, "%s: %s: %s\n", PROGRAM, path,
                      file == NULL ? strerror(-error) : issued_reason(ISSUED_LICENCE, error));
    if (file != NULL)
        (void)fclose(file); /* only read from */
    free(data);
    return error == 0 ? EXIT_DONE : EXIT_USAGE;
}

/* --- the command --- */

struct asked {
    const char *config, *store, *vehicle, *from, *to, *licence, *set, *lang;
    bool json, cases;
    struct bureau_config bureau; /* of config */
    int64_t from_utc_ms, to_utc_ms;
    struct issued trial_licence;
    struct rejudge_trial trial;
};

static int64_t begin_of(int32_t day)
{
    return day * UTC_MS_PER_DAY - (int64_t)REGISTRY_UTC_OFFSET_MIN * 60000;
}

/* Both days are meant whole. */
static const char *read_days(struct asked *asked)
{
    int32_t today, from, to;
    int minute, weekday;
    utc_local(command_now_utc_ms(), REGISTRY_UTC_OFFSET_MIN, &today, &minute, &weekday);
    from = to = today - 1;
    if (asked->from != NULL && utc_day_parse(asked->from, &from) != 0)
        return "--from: not a day like 2026-09-15";
    if (asked->from != NULL && asked->to == NULL)
        to = today;
    if (asked->to != NULL && utc_day_parse(asked->to, &to) != 0)
        return "--to: not a day like 2026-09-15";
    if (asked->to != NULL && asked->from == NULL)
        from = to;
    if (from > to)
        return "--from is after --to";
    asked->from_utc_ms = begin_of(from);
    asked->to_utc_ms = begin_of(to + 1);
    return NULL;
}

static int read_trial(const struct command *self, struct asked *asked)
{
    const char *wrong = asked->set != NULL ? set_thresholds(asked->set, &asked->trial.thresholds) : NULL;
    if (wrong == NULL && asked->licence != NULL && asked->set != NULL)
        wrong = "--licence or --set, not both";
    if (wrong != NULL)
        return command_wrong(self, wrong);
    if (asked->licence == NULL)
        return EXIT_DONE;
    const int status = read_licence(asked->licence, &asked->trial_licence);
    if (status != EXIT_DONE)
        return status;
    const char *vehicle = issued_vehicle(&asked->trial_licence);
    if (asked->vehicle != NULL && strcmp(asked->vehicle, vehicle) != 0)
        return command_wrong(self, "--licence is another vehicle's than --vehicle");
    asked->vehicle = vehicle;
    asked->trial.licence = &asked->trial_licence.u.licence;
    return EXIT_DONE;
}

/* A name that was mistyped must not pass for a vehicle of which nothing is missing. */
static int check_vehicle(struct store *store, const char *id)
{
    char division[BW_DIVISION_LEN];
    const int rc = store_vehicle_division(store, id, division);
    if (rc == -ENOENT) {
        (void)fprintf(stderr, "%s: --vehicle %s: not in the registry\n", PROGRAM, id);
        return EXIT_USAGE;
    }
    return rc == 0 ? EXIT_DONE : command_store_failed(store, "rejudge");
}

static int rejudge(struct store *store, const struct asked *asked, struct printer *printer)
{
    const bool trial = asked->licence != NULL || asked->set != NULL;
    const struct rejudge_options options = {.vehicle = asked->vehicle,
                                            .from_utc_ms = asked->from_utc_ms,
                                            .to_utc_ms = asked->to_utc_ms,
                                            .now_utc_ms = command_now_utc_ms(),
                                            .trial = trial ? &asked->trial : NULL,
                                            .on_finding = print_finding,
                                            .on_unjudged = print_unjudged,
                                            .on_progress = print_progress,
                                            .context = printer};
    struct rejudge_totals totals;
    const int rc = rejudge_store(store, &options, &totals);
    if (rc == -ENOMEM) {
        (void)fprintf(stderr, "%s: rejudge: %s\n", PROGRAM, strerror(-rc));
        return EXIT_CANNOT;
    }
    if (rc != 0)
        return command_store_failed(store, "rejudge");
    if (print_totals(printer, &totals, trial) != 0 || fflush(stdout) != 0)
        return EXIT_CANNOT;
    if (totals.unjudged > 0)
        return EXIT_CANNOT;
    return totals.found[REJUDGE_MISSING] > 0 ? EXIT_NO : EXIT_DONE;
}

static int open_store(const struct command *self, struct asked *asked, struct store **ret)
{
    struct bureau_config *config = &asked->bureau;
    if ((asked->config == NULL) == (asked->store == NULL))
        return command_wrong(self, "either --config FILE or --store FILE is needed");
    if (asked->config != NULL) {
        const int status = command_config(self, asked->config, config);
        if (status != EXIT_DONE)
            return status;
    } else if ((size_t)snprintf(config->store_path, sizeof(config->store_path), "%s", asked->store) >=
               sizeof(config->store_path)) {
        return command_wrong(self, "--store: too long a path");
    }
    return command_store_reading(config, ret);
}

static int run_asked(const struct command *self, struct asked *asked)
{
    const bool zh = asked->lang != NULL && strcmp(asked->lang, "zh") == 0;
    struct printer printer = {.self = self, .json = asked->json, .zh = zh, .progress = isatty(STDERR_FILENO)};
    struct store *store = NULL;
    if (asked->lang != NULL && !zh && strcmp(asked->lang, "en") != 0)
        return command_wrong(self, "--lang: en or zh");
    if (asked->vehicle != NULL && (strlen(asked->vehicle) >= BW_ID_LEN || !topic_level_valid(asked->vehicle)))
        return command_wrong(self, "--vehicle: not an id");
    const char *wrong = read_days(asked);
    if (wrong == NULL && asked->cases &&
        (asked->config == NULL || asked->set != NULL || asked->licence != NULL))
        wrong = "--cases goes with --config, and not with a trial";
    if (wrong != NULL)
        return command_wrong(self, wrong);
    int status = read_trial(self, asked);
    if (status == EXIT_DONE)
        status = open_store(self, asked, &store);
    if (status == EXIT_DONE && asked->vehicle != NULL)
        status = check_vehicle(store, asked->vehicle);
    if (status == EXIT_DONE && asked->cases) {
        status = command_store(&asked->bureau, &printer.cases);
        printer.policy = &asked->bureau.cases;
    }
    if (status == EXIT_DONE)
        status = rejudge(store, asked, &printer);
    store_close(printer.cases);
    store_close(store);
    return status;
}

static int run_rejudge(const struct command *self, int argc, char **argv)
{
    struct asked asked = {.trial_licence.kind = ISSUED_LICENCE};
    const struct command_option options[] = {
        {"config", &asked.config, NULL}, {"store", &asked.store, NULL}, {"vehicle", &asked.vehicle, NULL},
        {"from", &asked.from, NULL},     {"to", &asked.to, NULL},       {"licence", &asked.licence, NULL},
        {"set", &asked.set, NULL},       {"lang", &asked.lang, NULL},   {"json", NULL, &asked.json},
        {"cases", NULL, &asked.cases},
    };
    int status;
    if (!command_parse(self, argc, argv, options, sizeof(options) / sizeof(options[0]), NULL, 0, &status))
        return status;
    status = run_asked(self, &asked);
    issued_free(&asked.trial_licence);
    return status;
}

const struct command COMMAND_REJUDGE = {
    .name = "rejudge",
    .summary = "judge stored tracks again; find alerts that a vehicle left out; try a threshold",
    .run = run_rejudge,
    .manual =
        "NAME\n"
        "    buswarden-bureau rejudge - judge stored tracks again\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau rejudge --config FILE | --store FILE [--vehicle ID] [--from DAY] [--to DAY]\n"
        "                             [--cases] [--json] [--lang en|zh] [--set NAME=VALUE[,...] | --licence "
        "FILE]\n\n"
        "DESCRIPTION\n"
        "    Judges the tracks that vehicles have sent with the vehicles' own rules, by the licence that "
        "was\n"
        "    in force then, and compares with the alerts that they sent. One line for each difference:\n\n"
        "    missing   the tracks prove it, and the vehicle does not say so: somebody works against it\n"
        "    unsaid    the tracks show it and prove nothing, with the reason: accuses nobody\n"
        "    unshown   the vehicle says so, and its tracks say the opposite\n\n"
        "    Tracks hold a position and the number aboard once a second, so OVERLOAD, OFF_ROUTE,\n"
        "    OUT_OF_HOURS, UNLICENSED and OVERSPEED can be judged; what is proof is said in docs/rules.md,\n"
        "    \"Judged again from tracks\". The store is only read; a bureau that runs on it goes on. Run\n"
        "    verify first when the store itself is in doubt.\n\n"
        "    With --set or --licence nothing is compared: how many alerts more or fewer there would have\n"
        "    been, of each kind and band. said: by the vehicles, who know more than their tracks; shown: by\n"
        "    the tracks under the licences in force; tried: by the tracks under those on trial.\n\n"
        "OPTIONS\n"
        "    --config FILE    the bureau's configuration\n"
        "    --store FILE     the store itself, a copy for example\n"
        "    --vehicle ID     one vehicle only\n"
        "    --from DAY       the first day, local time (default: that of --to, else yesterday)\n"
        "    --to DAY         the last day (default: today with --from, else yesterday)\n"
        "    --set LIST       thresholds in place of the licences', as overload_hold_ms=5000; of these:\n"
        "                     overload_hold_ms overload_clear_ms off_route_margin_m "
        "off_route_evidence_milli\n"
        "                     off_route_clear_ms unlicensed_hold_ms raise_hold_off_ms "
        "out_of_hours_grace_min\n"
        "                     out_of_hours_hold_ms overspeed_tolerance_kmh overspeed_hold_ms\n"
        "    --licence FILE   a whole licence in place of its vehicle's, as `licence --out` writes it\n"
        "    --cases          open a TAMPER case of each vehicle whose own alerts are missing, or add to the "
        "one\n"
        "                     that is going; what an earlier run has told is told once (docs/cases.md)\n"
        "    --json           one JSON object a line\n"
        "    --lang zh        words in Chinese\n\n"
        "EXIT STATUS\n"
        "    0 no alert is missing; 1 some are; 2 wrong use or no such vehicle; 3 the store cannot be read, "
        "or\n"
        "    what it holds of a vehicle, which is named: all others were judged.\n",
};
