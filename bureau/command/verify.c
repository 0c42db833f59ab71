/* verify */
#include "bureau/verify/verify.h"

#include "bureau/command/command.h"
#include "bureau/taken.h"
#include "proto/seal.h"
#include "proto/topic.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEX_STREAM = 2 * BW_STREAM_LEN, HEX_HASH = 2 * BW_HASH_LEN, LINE_LEN = 256 };

struct printer {
    const struct command *self;
    bool json, zh, progress;
    FILE *heads; /* NULL: not asked for */
};

static const char *class_name(enum bw_record_class cls, char buffer[16])
{
    if (cls == BW_RECORD_ALERT)
        return "alert";
    if (cls == BW_RECORD_TRACK)
        return "track";
    (void)snprintf(buffer, 16, "class-%d", (int)cls);
    return buffer;
}

/* --- findings --- */

static int print_json(json_t *object)
{
    const int rc = object == NULL || json_dumpf(object, stdout, JSON_COMPACT) < 0 || puts("") < 0 ? -EIO : 0;
    json_decref(object);
    return rc;
}

static int print_finding_json(const struct printer *printer, const struct verify_finding *finding,
                              const char *stream, const char *cls)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:s}", "vehicle", finding->vehicle, "stream",
                               stream, "class", cls, "seq", (json_int_t)finding->seq, "last_seq",
                               (json_int_t)finding->last_seq, "reason", verify_reason_name(finding->reason),
                               "text", verify_reason_words(finding->reason, printer->zh));
    if (object != NULL && finding->number != 0)
        (void)json_object_set_new(object, "alert", json_integer((json_int_t)finding->number));
    if (object != NULL && finding->other[0] != '\0')
        (void)json_object_set_new(object, "of", json_string(finding->other));
    return print_json(object);
}

static int print_finding(void *context, const struct verify_finding *finding)
{
    const struct printer *printer = context;
    char stream[HEX_STREAM + 1], buffer[16], seqs[48], more[BW_ID_LEN + 32] = "";
    const char *cls = class_name(finding->chain.cls, buffer);
    seal_hex_format(finding->chain.stream, BW_STREAM_LEN, stream);
    if (printer->json)
        return print_finding_json(printer, finding, stream, cls);
    if (finding->last_seq != finding->seq)
        (void)snprintf(seqs, sizeof(seqs), "%" PRIu64 "-%" PRIu64, finding->seq, finding->last_seq);
    else
        (void)snprintf(seqs, sizeof(seqs), "%" PRIu64, finding->seq);
    if (finding->other[0] != '\0')
        (void)snprintf(more, sizeof(more), " (%s)", finding->other);
    else if (finding->number != 0)
        (void)snprintf(more, sizeof(more), printer->zh ? "（预警 %" PRIu64 "）" : " (alert %" PRIu64 ")",
                       finding->number);
    return printf("%s %s %s %s %s: %s%s\n", finding->vehicle[0] != '\0' ? finding->vehicle : "-", stream, cls,
                  seqs, verify_reason_name(finding->reason),
                  verify_reason_words(finding->reason, printer->zh), more) < 0
               ? -EIO
               : 0;
}

static int print_progress(void *context, const struct verify_totals *so_far)
{
    const struct printer *printer = context;
    if (printer->progress)
        (void)fprintf(stderr, printer->zh ? "\r已核对 %" PRIu64 " 条记录" : "\r%" PRIu64 " records",
                      so_far->records);
    return 0;
}

static int print_totals(const struct printer *printer, const struct verify_totals *totals)
{
    static const char en[] = "%" PRIu64 " records in %" PRIu64 " chains of %" PRIu64 " vehicles, %" PRIu64
                             " phases of alerts: %" PRIu64 " findings, %" PRIu64 " explained holes\n";
    static const char zh[] = "共 %" PRIu64 " 条记录、%" PRIu64 " 条链、%" PRIu64 " 辆车、%" PRIu64
                             " 个预警阶段：发现问题 %" PRIu64 " 处，已说明的缺口 %" PRIu64 " 处\n";
    if (printer->progress)
        (void)fputs("\r\033[K", stderr);
    static const char purged_en[] = "%" PRIu64 " records were deleted by retention\n",
                      purged_zh[] = "已按保存期限删除 %" PRIu64 " 条记录\n";
    if (!printer->json && totals->purged > 0 &&
        printf(printer->zh ? purged_zh : purged_en, totals->purged) < 0)
        return -EIO;
    if (!printer->json)
        return printf(printer->zh ? zh : en, totals->records, totals->chains, totals->vehicles,
                      totals->alerts, totals->findings, totals->not_held) < 0
                   ? -EIO
                   : 0;
    return print_json(json_pack("{s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I}}", "summary", "records",
                                (json_int_t)totals->records, "chains", (json_int_t)totals->chains, "vehicles",
                                (json_int_t)totals->vehicles, "alert_phases", (json_int_t)totals->alerts,
                                "findings", (json_int_t)totals->findings, "not_held",
                                (json_int_t)totals->not_held, "purged", (json_int_t)totals->purged));
}

/* --- lists of heads --- */

static int write_head(void *context, const struct verify_head *head)
{
    const struct printer *printer = context;
    char stream[HEX_STREAM + 1], hash[HEX_HASH + 1], buffer[16];
    if (printer->heads == NULL)
        return 0;
    seal_hex_format(head->chain.stream, BW_STREAM_LEN, stream);
    seal_hex_format(head->hash, BW_HASH_LEN, hash);
    return fprintf(printer->heads, "%s %s %s %" PRIu64 " %s\n", head->vehicle, stream,
                   class_name(head->chain.cls, buffer), head->seq, hash) < 0
               ? -errno
               : 0;
}

static bool parse_seq(const char *digits, uint64_t *ret)
{
    char *end;
    errno = 0;
    const unsigned long long seq = strtoull(digits, &end, 10);
    if (digits[0] < '0' || digits[0] > '9' || *end != '\0' || errno != 0)
        return false;
    *ret = seq;
    return true;
}

/* The vehicle's name goes into `vehicle`, which ret_head borrows. */
static bool parse_head(const char *line, char vehicle[BW_ID_LEN], struct verify_head *ret_head)
{
    char stream[HEX_STREAM + 2], cls[8], seq[22], hash[HEX_HASH + 2], rest;
    struct verify_head head = {.vehicle = vehicle};
    if (sscanf(line, "%47s %17s %7s %21s %33s %c", vehicle, stream, cls, seq, hash, &rest) != 5 ||
        seal_hex_parse(stream, head.chain.stream, BW_STREAM_LEN) != 0 || !parse_seq(seq, &head.seq) ||
        seal_hex_parse(hash, head.hash, BW_HASH_LEN) != 0)
        return false;
    head.chain.cls = strcmp(cls, "alert") == 0 ? BW_RECORD_ALERT : BW_RECORD_TRACK;
    *ret_head = head;
    return head.chain.cls == BW_RECORD_ALERT || strcmp(cls, "track") == 0;
}

/* Every line is read before the first is compared. fn NULL: only read. */
static int each_head(FILE *file, const char *path, struct store *store, const struct verify_options *options,
                     struct verify_totals *totals)
{
    char line[LINE_LEN], vehicle[BW_ID_LEN];
    struct verify_head head;
    rewind(file);
    for (unsigned n = 1; fgets(line, sizeof(line), file) != NULL; n++) {
        if (!parse_head(line, vehicle, &head)) {
            (void)fprintf(stderr, "%s:%u: not a line that --heads wrote\n", path, n);
            return EXIT_USAGE;
        }
        if (store == NULL || (options->vehicle != NULL && strcmp(options->vehicle, vehicle) != 0))
            continue;
        const int found = verify_head(store, &head);
        if (found < 0)
            return command_store_failed(store, "verify");
        if (found == VERIFY_REASONS)
            continue;
        const struct verify_finding finding = {.reason = (enum verify_reason)found,
                                               .vehicle = vehicle,
                                               .chain = head.chain,
                                               .seq = head.seq,
                                               .last_seq = head.seq,
                                               .other = ""};
        totals->findings += found != VERIFY_PURGED;
        if (print_finding(options->context, &finding) != 0)
            return EXIT_CANNOT;
    }
    return ferror(file) ? EXIT_CANNOT : EXIT_DONE;
}

static bool is_listed(FILE *file, const char *vehicle)
{
    char line[LINE_LEN], named[BW_ID_LEN];
    struct verify_head head;
    rewind(file);
    while (fgets(line, sizeof(line), file) != NULL)
        if (parse_head(line, named, &head) && strcmp(named, vehicle) == 0)
            return true;
    return false;
}

/* --- the command --- */

struct asked {
    const char *config, *store, *vehicle, *lang, *heads, *against;
    bool json;
};

/* A name that was mistyped must not pass for a vehicle whose evidence is whole. */
static int check_vehicle(struct store *store, const char *id, FILE *against)
{
    char division[BW_DIVISION_LEN], vehicle[BW_ID_LEN] = "";
    if (against != NULL && is_listed(against, id)) /* all of it may have been removed */
        return EXIT_DONE;
    int rc = store_vehicle_division(store, id, division);
    while (rc == -ENOENT) {
        rc = store_next_vehicle(store, vehicle, vehicle);
        if (rc == -ENOENT) {
            (void)fprintf(stderr,
                          "buswarden-bureau: --vehicle %s: not in the registry, and nothing is held of it\n",
                          id);
            return EXIT_USAGE;
        }
        if (rc == 0 && strcmp(vehicle, id) != 0)
            rc = -ENOENT; /* on to the next */
    }
    return rc == 0 ? EXIT_DONE : command_store_failed(store, "verify");
}

static int verify(struct store *store, const struct asked *asked, struct printer *printer, FILE *against)
{
    const struct verify_options options = {.vehicle = asked->vehicle,
                                           .on_finding = print_finding,
                                           .on_head = write_head,
                                           .on_progress = print_progress,
                                           .context = printer};
    struct verify_totals totals;
    if (verify_store(store, &options, &totals) != 0)
        return command_store_failed(store, "verify");
    if (against != NULL) {
        const int status = each_head(against, asked->against, store, &options, &totals);
        if (status != EXIT_DONE)
            return status;
    }
    if (print_totals(printer, &totals) != 0 || fflush(stdout) != 0)
        return EXIT_CANNOT;
    return totals.findings > 0 ? EXIT_NO : EXIT_DONE;
}

/* The lists are opened before the long walk: what cannot be is found out at once. */
static int with_lists(struct store *store, const struct asked *asked, struct printer *printer)
{
    FILE *against = NULL;
    int status = EXIT_DONE;
    if (asked->against != NULL) {
        against = fopen(asked->against, "re");
        if (against == NULL) {
            (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", asked->against, strerror(errno));
            return EXIT_USAGE;
        }
        status = each_head(against, asked->against, NULL, NULL, NULL);
    }
    if (status == EXIT_DONE && asked->vehicle != NULL)
        status = check_vehicle(store, asked->vehicle, against);
    if (status == EXIT_DONE && asked->heads != NULL) {
        printer->heads = fopen(asked->heads, "wxe");
        if (printer->heads == NULL) {
            (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", asked->heads, strerror(errno));
            status = errno == EEXIST ? EXIT_USAGE : EXIT_CANNOT;
        }
    }
    if (status == EXIT_DONE && taken_warn(store) != 0)
        status = command_store_failed(store, "verify");
    if (status == EXIT_DONE)
        status = verify(store, asked, printer, against);
    if (printer->heads != NULL && fclose(printer->heads) != 0 && status != EXIT_USAGE) {
        (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", asked->heads, strerror(errno));
        status = EXIT_CANNOT;
    }
    if (against != NULL)
        (void)fclose(against); /* only read from */
    return status;
}

static int open_store(const struct command *self, const struct asked *asked, struct store **ret)
{
    struct bureau_config config = {0};
    if ((asked->config == NULL) == (asked->store == NULL))
        return command_wrong(self, "either --config FILE or --store FILE is needed");
    if (asked->config != NULL) {
        const int status = command_config(self, asked->config, &config);
        if (status != EXIT_DONE)
            return status;
    } else if ((size_t)snprintf(config.store_path, sizeof(config.store_path), "%s", asked->store) >=
               sizeof(config.store_path)) {
        return command_wrong(self, "--store: too long a path");
    }
    return command_store_reading(&config, ret);
}

static int run_verify(const struct command *self, int argc, char **argv)
{
    struct asked asked = {0};
    const struct command_option options[] = {
        {"config", &asked.config, NULL}, {"store", &asked.store, NULL}, {"vehicle", &asked.vehicle, NULL},
        {"lang", &asked.lang, NULL},     {"heads", &asked.heads, NULL}, {"against", &asked.against, NULL},
        {"json", NULL, &asked.json},
    };
    int status;
    struct store *store = NULL;
    if (!command_parse(self, argc, argv, options, sizeof(options) / sizeof(options[0]), NULL, 0, &status))
        return status;
    const bool zh = asked.lang != NULL && strcmp(asked.lang, "zh") == 0;
    if (asked.lang != NULL && !zh && strcmp(asked.lang, "en") != 0)
        return command_wrong(self, "--lang: en or zh");
    if (asked.vehicle != NULL && (strlen(asked.vehicle) >= BW_ID_LEN || !topic_level_valid(asked.vehicle)))
        return command_wrong(self, "--vehicle: not an id");
    status = open_store(self, &asked, &store);
    if (status != EXIT_DONE)
        return status;
    struct printer printer = {.self = self, .json = asked.json, .zh = zh, .progress = isatty(STDERR_FILENO)};
    status = with_lists(store, &asked, &printer);
    store_close(store);
    return status;
}

const struct command COMMAND_VERIFY = {
    .name = "verify",
    .summary = "find evidence that was altered, removed or put in",
    .run = run_verify,
    .manual =
        "NAME\n"
        "    buswarden-bureau verify - find evidence that was altered, removed or put in\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau verify --config FILE | --store FILE [--vehicle ID] [--json] [--lang en|zh]\n"
        "                            [--heads FILE] [--against FILE]\n\n"
        "DESCRIPTION\n"
        "    Reads every stored record: its signature by the key that was in force for it, its place, the\n"
        "    chain from the record before it, gap records, and the alert and trip rows made from it. The\n"
        "    store is only read; a bureau that runs on it goes on.\n\n"
        "    One line for each finding: vehicle, stream, class, number or numbers, reason and words. The\n"
        "    reasons stand in docs/wire.md, \"Verify\". A line with the reason not_held is no finding: it\n"
        "    shows a hole that was written into the audit log when it came to be. The last line sums up.\n\n"
        "    Who may write to the store and holds a vehicle's key, or has cut off the newest records of a\n"
        "    chain with its row, cannot be seen from the store alone. Keep a list of heads elsewhere, made\n"
        "    every day, and compare.\n\n"
        "OPTIONS\n"
        "    --config FILE    the bureau's configuration\n"
        "    --store FILE     the store itself, a copy for example\n"
        "    --vehicle ID     one vehicle only\n"
        "    --json           one JSON object a line\n"
        "    --lang zh        words in Chinese\n"
        "    --heads FILE     write the last record of each chain that was found whole to a new FILE\n"
        "    --against FILE   compare with such a list made earlier: each record must still be the same\n\n"
        "EXIT STATUS\n"
        "    0 all is whole; 1 there are findings; 2 wrong use, a bad list or no such vehicle; 3 the\n"
        "    store cannot be read.\n",
};
