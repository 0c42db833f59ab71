/* report */
#include "bureau/command/command.h"
#include "bureau/report/text.h"
#include "bureau/report/workbook.h"
#include "proto/savefile.h"
#include "proto/utc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MODE = 0640 };

struct asked {
    const char *config, *from, *to, *by, *out, *text, *lang;
    struct report_query query;
    enum words_language language;
};

static int cannot_write(const char *path, int err)
{
    (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", path,
                  err == -EIO ? "cannot be written whole; is there room in /tmp?" : strerror(-err));
    return EXIT_CANNOT;
}

/* --- the workbook: beside, and then renamed --- */

/* Before the long work, so that a file that cannot be made is told at once. */
static int make_beside(const char *path, char ret[PATH_MAX])
{
    if (snprintf(ret, PATH_MAX, "%s.new", path) >= PATH_MAX)
        return -ENAMETOOLONG;
    (void)unlink(ret); /* left by one that was killed */
    const int fd = open(ret, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return -errno;
    return close(fd) != 0 ? -errno : 0;
}

static int sync_file(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    const int err = fsync(fd) != 0 ? -errno : 0;
    (void)close(fd); /* only synced */
    return err;
}

static int write_workbook(const struct asked *asked, const struct report *report, const char *beside)
{
    int err = report_write_workbook(report, asked->language, beside);
    if (err == 0)
        err = sync_file(beside);
    if (err == 0 && rename(beside, asked->out) != 0)
        err = -errno;
    return err == 0 ? savefile_sync_folder(asked->out) : err;
}

/* --- the text --- */

static int write_text(const struct asked *asked, const struct report *report)
{
    char *text = NULL;
    size_t len = 0;
    if (strcmp(asked->text, "-") == 0)
        return report_write_text(report, asked->language, stdout);
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return -ENOMEM;
    int err = report_write_text(report, asked->language, out);
    if (fclose(out) != 0 && err == 0)
        err = -ENOMEM;
    if (err == 0)
        err = savefile_write(asked->text, FILE_MODE, true, text, len);
    free(text);
    return err;
}

/* --- the command --- */

static int print_progress(void *context, unsigned done, unsigned of)
{
    (void)context;
    if (!isatty(STDERR_FILENO))
        return 0;
    if (done < of)
        (void)fprintf(stderr, "\r%u/%u", done, of);
    else
        (void)fputs("\r\033[K", stderr);
    return 0;
}

static int make(const struct asked *asked, const struct bureau_config *config, struct report **ret)
{
    struct store *store = NULL;
    const int status = command_store_reading(config, &store);
    if (status != EXIT_DONE)
        return status;
    const int err = report_make(store, &asked->query, print_progress, NULL, ret);
    if (err != 0)
        (void)fprintf(stderr, "buswarden-bureau: report: %s\n",
                      err == -ENOMEM ? strerror(ENOMEM) : store_error(store));
    store_close(store);
    return err == 0 ? EXIT_DONE : EXIT_CANNOT;
}

static int make_and_write(const struct asked *asked, const struct bureau_config *config, const char *beside)
{
    struct report *report = NULL;
    int status = make(asked, config, &report);
    if (status != EXIT_DONE)
        return status;
    if (report_is_empty(report))
        (void)fputs("buswarden-bureau: report: no data in this term\n", stderr);
    int err = asked->out != NULL ? write_workbook(asked, report, beside) : 0;
    if (err != 0)
        status = cannot_write(asked->out, err);
    err = status == EXIT_DONE && asked->text != NULL ? write_text(asked, report) : 0;
    if (err != 0)
        status = cannot_write(asked->text, err);
    report_free(report);
    return status;
}

static int report(const struct asked *asked, const struct bureau_config *config)
{
    char beside[PATH_MAX] = "";
    const int err = asked->out != NULL ? make_beside(asked->out, beside) : 0;
    if (err != 0)
        return cannot_write(asked->out, err);
    const int status = make_and_write(asked, config, beside);
    if (asked->out != NULL)
        (void)unlink(beside); /* gone already when all went well */
    return status;
}

/* NULL, or what is wrong. */
static const char *check(struct asked *asked)
{
    struct report_query *query = &asked->query;
    if (asked->from == NULL || asked->to == NULL)
        return "--from DAY and --to DAY are needed";
    if (utc_day_parse(asked->from, &query->from_day) != 0)
        return "--from: no such day; YYYY-MM-DD";
    if (utc_day_parse(asked->to, &query->to_day) != 0)
        return "--to: no such day; YYYY-MM-DD";
    const int err = report_check(query->from_day, query->to_day);
    if (err != 0)
        return err == -EINVAL ? "--from comes after --to" : "a report covers 366 days at most";
    const bool by_school = asked->by != NULL && strcmp(asked->by, "school") == 0;
    if (asked->by != NULL && !by_school && strcmp(asked->by, "township") != 0)
        return "--by: school or township";
    query->by = by_school ? REPORT_BY_SCHOOL : REPORT_BY_TOWNSHIP;
    if (asked->out != NULL && asked->text != NULL && strcmp(asked->out, asked->text) == 0)
        return "--out and --text: two different files";
    if (asked->lang != NULL && words_choose(asked->lang, &asked->language) != 0)
        return "--lang: en or zh";
    return NULL;
}

static int run_report(const struct command *self, int argc, char **argv)
{
    struct asked asked = {.language = WORDS_ZH};
    const struct command_option options[] = {
        {"config", &asked.config, NULL}, {"from", &asked.from, NULL}, {"to", &asked.to, NULL},
        {"by", &asked.by, NULL},         {"out", &asked.out, NULL},   {"text", &asked.text, NULL},
        {"lang", &asked.lang, NULL},
    };
    struct bureau_config config;
    int status;
    if (!command_parse(self, argc, argv, options, sizeof(options) / sizeof(options[0]), NULL, 0, &status))
        return status;
    const char *wrong = check(&asked);
    if (wrong != NULL)
        return command_wrong(self, wrong);
    status = command_config(self, asked.config, &config);
    if (status != EXIT_DONE)
        return status;
    if (asked.out == NULL && asked.text == NULL)
        asked.text = "-";
    asked.query.bureau = config.name;
    asked.query.now_utc_ms = command_now_utc_ms();
    return report(&asked, &config);
}

const struct command COMMAND_REPORT = {
    .name = "report",
    .summary = "the figures of a term for the yearly safety summary",
    .run = run_report,
    .manual =
        "NAME\n"
        "    buswarden-bureau report - the figures of a term for the yearly safety summary\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau report --from DAY --to DAY --config FILE [--by school|township]\n"
        "                            [--out FILE.xlsx] [--text FILE|-] [--lang en|zh]\n\n"
        "DESCRIPTION\n"
        "    Counts vehicles, trips, pupils carried, alerts by kind and band, hazards found, rectified and\n"
        "    overdue, and how fast, from the first to the last of two local days (Asia/Shanghai): 366 days\n"
        "    at most. Alerts and trips count on the day they happened, however late they were told. What\n"
        "    each figure means is docs/report.md. All figures are of one moment of the store, which is only\n"
        "    read; a bureau that runs on it goes on.\n\n"
        "    The workbook has a sheet each for the summary, alerts by kind and band, months, townships or\n"
        "    schools, and hazards, with charts. The text is plain paragraphs for the county's yearly safety\n"
        "    summary. Each is written whole or not at all. A term without any data makes a report of zeros,\n"
        "    and says so.\n\n"
        "OPTIONS\n"
        "    --from DAY, --to DAY    YYYY-MM-DD, both inclusive\n"
        "    --by school|township    what the county is broken down by; else township\n"
        "    --out FILE.xlsx         the workbook\n"
        "    --text FILE|-           the text, to a file or to stdout; without --out and --text: to stdout\n"
        "    --lang en|zh            language of both; else Chinese\n"
        "    --config FILE           the bureau's configuration\n\n"
        "EXIT STATUS\n"
        "    0 done; 2 wrong use; 3 the store cannot be read, or a file cannot be written.\n",
};
