#include "gateway/selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/commission.h"
#include "gateway/config.h"
#include "gateway/faults.h"
#include "gateway/statusclient.h"
#include "gateway/walkwords.h"
#include "proto/exitcode.h"
#include "proto/modeljson.h"
#include "proto/savefile.h"

static const char usage[] =
    "NAME\n"
    "    buswarden-gateway selftest - walk a fitter through the vehicle, and make a commissioning record\n"
    "\n"
    "SYNOPSIS\n"
    "    buswarden-gateway selftest [--config FILE] [--fitter NAME] [--out FILE] [--json] [--limit SECONDS]\n"
    "                               [--lang en|zh]\n"
    "    buswarden-gateway selftest --check FILE --pub KEY.pub [--lang en|zh]\n"
    "\n"
    "DESCRIPTION\n"
    "    The gateway must be running: it goes on watching meanwhile. First everything is checked that needs "
    "no\n"
    "    hands; then each door, the ignition, each seat and its belt is asked for, and is seen through the\n"
    "    gateway. Requests are written to standard error, the record to standard output. A vehicle that is\n"
    "    tested must stand. Alerts that arise are real ones; the record names them.\n"
    "\n"
    "KEYS (each with Enter)\n"
    "    r  this item again   s  skip it   a  break off   Enter alone  I have done it, and nothing happens\n"
    "    y, n  what was asked for can be heard or seen, or not\n"
    "    When the time of a step is up, every key but r and a goes on. Standard input need not be a "
    "terminal.\n"
    "\n"
    "OPTIONS\n"
    "    --config FILE    the gateway's configuration (default /etc/buswarden/gateway.conf)\n"
    "    --fitter NAME    who does it, for the record; at most 63 bytes\n"
    "    --out FILE       the record, signed with the vehicle's key, into FILE, and for paper into FILE.txt\n"
    "    --json           the signed record to standard output in place of the paper\n"
    "    --limit SECONDS  for each step, 2 to 300 (default 30)\n"
    "    --lang en|zh     the language (default: zh when the locale is Chinese in UTF-8, else en)\n"
    "    --check FILE     print a record, and say whether the vehicle's key (--pub) signed it\n"
    "\n"
    "EXIT STATUS\n"
    "    0  all in order   1  something failed or was skipped; --check: not signed by that key\n"
    "    2  wrong use, or --out cannot be written   3  the gateway does not answer, or the record could not "
    "be\n"
    "    written after all\n";

enum {
    LOOK_MS = 200,
    LOST_MS = 10000,
    ALERTS_MAX = 64,
    LIMIT_DEFAULT_S = 30,
    LIMIT_MIN_S = 2,
    LIMIT_MAX_S = 300
};

struct options {
    const char *config, *fitter, *out, *lang, *check, *pub;
    enum words_language language;
    bool json;
    long limit_s;
};

struct session {
    const struct options *options;
    const struct gateway_config *config;
    struct seal_key key;
    char config_hash[SEAL_FILE_HASH_LEN], dbc_hash[SEAL_FILE_HASH_LEN];
    json_t *first, *last; /* status */
    json_t *alerts;       /* raised since the first */
    struct walk *walk;
    int64_t answered_mono_ms;
    bool lost;     /* the gateway does not answer any more */
    bool prompted; /* the present step was asked for */
    bool input_ended;
    char key_of_line; /* the first of the line that is being typed; '\0' = none yet */
};

#define SAY(en, zh) (session->options->language == WORDS_ZH ? (zh) : (en))

/* --- the gateway --- */

static bool alert_known(const json_t *alerts, json_int_t number)
{
    size_t i;
    const json_t *alert;
    json_array_foreach(alerts, i,
                       alert) if (json_integer_value(json_object_get(alert, "number")) == number) return true;
    return false;
}

static void collect_alerts(struct session *session)
{
    size_t i;
    json_t *alert;
    json_array_foreach(json_object_get(session->last, "alerts"), i, alert)
    {
        const json_int_t number = json_integer_value(json_object_get(alert, "number"));
        if (alert_known(json_object_get(session->first, "alerts"), number) ||
            alert_known(session->alerts, number) || json_array_size(session->alerts) == ALERTS_MAX)
            continue;
        (void)json_array_append_new(session->alerts, json_pack("{s:I, s:O, s:O}", "number", number, "kind",
                                                               json_object_get(alert, "kind"), "raised_at",
                                                               json_object_get(alert, "raised_at")));
    }
}

/* The newest status, or NULL this time. */
static const json_t *look(struct session *session)
{
    char reason[STATUS_REASON_LEN];
    json_t *status = NULL;
    if (status_ask(session->config->status_path, &status, reason) != 0) {
        session->lost = clock_mono_ms() - session->answered_mono_ms > LOST_MS;
        if (session->lost)
            (void)fprintf(stderr, "buswarden-gateway selftest: %s\n", reason);
        return NULL;
    }
    json_decref(session->last);
    session->last = status;
    session->answered_mono_ms = clock_mono_ms();
    collect_alerts(session);
    return status;
}

/* --- the fitter --- */

static void print_item(const struct session *session, size_t index, const char *text)
{
    const enum words_language language = session->options->language;
    const struct walk_item *item = walk_item(session->walk, index);
    char place[WORDS_PLACE_LEN];
    const bool by_place = item->place[0] != '\0' && item->kind != WALK_WHEEL;
    (void)fprintf(
        stderr, SAY("[%2zu/%zu] %s: %s\n", "[%2zu/%zu] %s：%s\n"), index + 1, walk_count(session->walk),
        by_place ? words_place(language, item->place, place) : walk_words_kind(item->kind)->words[language],
        text);
}

static void print_result(const struct session *session, size_t index)
{
    const enum words_language language = session->options->language;
    const struct walk_item *item = walk_item(session->walk, index);
    const struct fault_words *fault = item->reason == WALK_FAULT ? fault_by_code(item->fault) : NULL;
    const char *reason =
        fault != NULL ? fault->what[language] : walk_words_reason(item->reason)->words[language];
    char text[256];
    (void)snprintf(text, sizeof text, "%s%s%s", walk_words_result(item->result)->words[language],
                   reason[0] != '\0' ? SAY(", ", "，") : "", reason);
    print_item(session, index, text);
    if (fault != NULL)
        (void)fprintf(stderr, "        %s\n", fault->todo[language]);
}

static void print_question(const struct session *session, const struct walk_item *item)
{
    const enum words_language language = session->options->language;
    char text[256];
    (void)snprintf(text, sizeof text,
                   SAY("%s; r = again, another key = go on", "%s；r = 重做，其他键 = 继续"),
                   walk_words_reason(item->reason)->words[language]);
    print_item(session, walk_current(session->walk), text);
}

/* The gateway sounds all that it has, for three seconds; but it will not while anything sounds, for the end
 * of the test would silence that. */
static void sound_alarm(const struct session *session)
{
    if (json_is_true(json_object_get(json_object_get(session->last, "alarm"), "sounds")))
        (void)fputs(SAY("        an alarm is on already: no test is made; r once it is over\n",
                        "        已有报警，不做试响；报警结束后按 r 重做\n"),
                    stderr);
    const json_t *process = json_object_get(session->last, "process");
    const pid_t pid = (pid_t)json_integer_value(json_object_get(process, "pid"));
    if (pid <= 1 || kill(pid, SIGUSR1) != 0)
        (void)fprintf(stderr, "buswarden-gateway selftest: process %d: %s\n", (int)pid, strerror(errno));
}

static void tell(struct session *session, enum walk_news news, size_t index)
{
    const enum words_language language = session->options->language;
    const size_t current = walk_current(session->walk);
    const struct walk_item *item = walk_item(session->walk, index);
    char place[WORDS_PLACE_LEN];
    switch (news) {
    case WALK_NOTHING: /* asked for only when it is not so already */
        if (!session->prompted && current == index && item->result == WALK_PENDING)
            print_item(session, index, walk_words_step(item->step)->words[language]);
        session->prompted = true;
        break;
    case WALK_BEGUN:
        session->prompted = false;
        if (item->kind == WALK_ALARM)
            sound_alarm(session);
        break;
    case WALK_OTHER:
        (void)fprintf(stderr, SAY("        %s has reacted\n", "        %s有反应\n"),
                      words_place(language, item->reacted[item->n_reacted - 1], place));
        break;
    case WALK_ASKING:
        print_question(session, item);
        break;
    case WALK_ENDED_ITEM:
        for (size_t i = index; i < current; i++)
            print_result(session, i);
        session->prompted = false;
        break;
    default:
        session->prompted = false;
        break;
    }
}

static void key(struct session *session, char pressed)
{
    const size_t index = walk_current(session->walk);
    const enum walk_news news = walk_key(session->walk, pressed, clock_mono_ms());
    if (news != WALK_NOTHING)
        tell(session, news, index);
    else if (pressed == 'r')
        session->prompted = false;
}

/* Lines of which the first letter counts; waits LOOK_MS at most. */
static void read_keys(struct session *session)
{
    char bytes[64];
    struct pollfd input = {.fd = session->input_ended ? -1 : STDIN_FILENO, .events = POLLIN};
    if (poll(&input, 1, LOOK_MS) <= 0)
        return;
    const ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    if (n <= 0) {
        session->input_ended = true;
        key(session, '\0');
        return;
    }
    for (ssize_t i = 0; i < n; i++) {
        if (bytes[i] == '\n') {
            if (session->key_of_line == '\0')
                session->key_of_line = 'd';
            key(session, session->key_of_line);
            session->key_of_line = '\0';
        } else if (session->key_of_line == '\0' && bytes[i] > ' ') {
            session->key_of_line = bytes[i];
        }
    }
}

static void walk_through(struct session *session)
{
    enum walk_news news = WALK_NOTHING;
    while (news != WALK_DONE) {
        const json_t *status = session->lost ? NULL : look(session);
        do {
            const size_t index = walk_current(session->walk);
            news = walk_look(session->walk, status, clock_mono_ms());
            if (news != WALK_DONE)
                tell(session, news, index);
        } while (news != WALK_NOTHING && news != WALK_ASKING && news != WALK_DONE);
        if (session->lost)
            key(session, 'a');
        if (news != WALK_DONE)
            read_keys(session);
    }
}

/* --- the record --- */

/* Found out before the fitter has walked: makes, and takes away again, what savefile_write() makes first. */
static int check_writable(const char *path)
{
    char trial[PATH_MAX];
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return -EISDIR;
    if ((size_t)snprintf(trial, sizeof trial, "%s.new", path) >= sizeof trial)
        return -ENAMETOOLONG;
    const int fd = open(trial, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return -errno;
    (void)close(fd);
    return unlink(trial) == 0 ? 0 : -errno;
}

static int paper_path(const char *out, char ret[PATH_MAX])
{
    return (size_t)snprintf(ret, PATH_MAX, "%s.txt", out) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int check_out(const char *out)
{
    char paper[PATH_MAX];
    int error = paper_path(out, paper);
    const char *path = error == 0 ? paper : out;
    if (error == 0)
        error = check_writable(paper);
    if (error == 0) {
        path = out;
        error = check_writable(out);
    }
    if (error != 0)
        (void)fprintf(stderr, "%s: %s\n", path, strerror(-error));
    return error;
}

/* Both files or a reason; each appears whole. */
static int write_files(const struct session *session, const char *sealed, const char *paper, size_t paper_len)
{
    char path[PATH_MAX];
    const char *out = session->options->out;
    int error = paper_path(out, path);
    if (error == 0)
        error = savefile_write(out, 0640, true, sealed, strlen(sealed));
    if (error == 0)
        error = savefile_write(path, 0640, true, paper, paper_len);
    if (error != 0)
        (void)fprintf(stderr, "%s: %s\n", out, strerror(-error));
    return error;
}

static char *paper_of(const json_t *record, const char *signature, enum words_language language,
                      size_t *ret_len)
{
    char *paper = NULL;
    FILE *stream = open_memstream(&paper, ret_len);
    if (stream == NULL)
        return NULL;
    commission_print(record, signature, language, stream);
    if (fclose(stream) == 0)
        return paper;
    free(paper);
    return NULL;
}

static int hand_out(const struct session *session, const json_t *record, const char *sealed)
{
    char signature[128], public_key[2 * BW_PUBLIC_KEY_LEN + 1];
    size_t paper_len = 0;
    seal_public_format(session->key.public_key, public_key);
    (void)snprintf(signature, sizeof signature, SAY("by the vehicle's key %.16s", "由车辆密钥 %.16s 签署"),
                   public_key);
    char *paper = paper_of(record, signature, session->options->language, &paper_len);
    if (paper == NULL)
        return -ENOMEM;
    int error = session->options->out != NULL ? write_files(session, sealed, paper, paper_len) : 0;
    if (fputs(session->options->json ? sealed : paper, stdout) < 0 || fflush(stdout) != 0)
        error = -EIO;
    free(paper);
    return error;
}

static int conclude(struct session *session)
{
    char *sealed = NULL;
    const struct commission commission = {.fitter = session->options->fitter,
                                          .status = session->first,
                                          .ended_at =
                                              json_object_get(json_object_get(session->last, "clock"), "utc"),
                                          .alerts = session->alerts};
    json_t *record = commission_record(&commission, session->walk);
    int error = record != NULL ? commission_sign(record, &session->key, &sealed) : -ENOMEM;
    if (error == 0)
        error = hand_out(session, record, sealed);
    if (error == -ENOMEM || error == -EIO)
        (void)fprintf(stderr, "buswarden-gateway selftest: the record: %s\n", strerror(-error));
    const json_t *result = json_object_get(record, "result");
    const bool passed = result != NULL && strcmp(json_string_value(result), "ok") == 0;
    free(sealed);
    json_decref(record);
    return error != 0 || session->lost ? EXIT_CANNOT : passed ? EXIT_DONE : EXIT_NO;
}

static int load_key(struct session *session)
{
    const char *path = session->config->key_path;
    const int error = seal_init() != 0 ? -EIO : seal_secret_load(path, &session->key);
    if (error != 0)
        (void)fprintf(stderr, "%s: %s\n", path, strerror(-error));
    return error;
}

static int run(const struct options *options, const struct gateway_config *config)
{
    struct session session = {.options = options, .config = config, .alerts = json_array()};
    char reason[STATUS_REASON_LEN];
    int code = EXIT_USAGE;
    if (load_key(&session) != 0 || (options->out != NULL && check_out(options->out) != 0))
        goto out;
    (void)seal_file_hash(config->path, session.config_hash); /* stays "": then it differs */
    (void)seal_file_hash(config->dbc_path, session.dbc_hash);
    code = EXIT_CANNOT;
    if (status_ask(config->status_path, &session.first, reason) != 0) {
        (void)fprintf(stderr, "buswarden-gateway selftest: %s\n", reason);
        goto out;
    }
    session.last = json_incref(session.first);
    session.answered_mono_ms = clock_mono_ms();
    const struct walk_config walk = {.config_hash = session.config_hash,
                                     .dbc_hash = session.dbc_hash,
                                     .limit_ms = options->limit_s * 1000,
                                     .alarm = json_is_object(json_object_get(session.first, "alarm"))};
    session.walk = walk_create(session.first, &walk);
    if (session.walk == NULL)
        goto out;
    walk_through(&session);
    code = conclude(&session);
out:
    seal_key_wipe(&session.key);
    walk_destroy(session.walk);
    json_decref(session.first);
    json_decref(session.last);
    json_decref(session.alerts);
    return code;
}

/* --- a record of before --- */

static char *read_file(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "re");
    char *text = file != NULL ? malloc(COMMISSION_BYTES_MAX) : NULL;
    if (text != NULL)
        *ret_len = fread(text, 1, COMMISSION_BYTES_MAX, file);
    if (file != NULL)
        (void)fclose(file); /* only read from */
    return text;
}

static int check(const struct options *options)
{
    uint8_t public_key[BW_PUBLIC_KEY_LEN];
    size_t len = 0;
    json_t *record = NULL;
    const int key_error = seal_init() != 0 ? -EIO : seal_public_load(options->pub, public_key);
    if (key_error != 0) {
        (void)fprintf(stderr, "%s: %s\n", options->pub, strerror(-key_error));
        return EXIT_USAGE;
    }
    char *text = read_file(options->check, &len);
    if (text == NULL) {
        (void)fprintf(stderr, "%s: %s\n", options->check, strerror(errno));
        return EXIT_USAGE;
    }
    int error = commission_verify(text, len, public_key, &record);
    const bool genuine = error == 0;
    if (error == -EKEYREJECTED)
        error = commission_verify(text, len, NULL, &record);
    free(text);
    if (error != 0) {
        (void)fprintf(stderr, "%s: not a commissioning record\n", options->check);
        return EXIT_USAGE;
    }
    const char *signature = options->language == WORDS_ZH
                                ? (genuine ? "有效，由该密钥签署" : "无效：不是该密钥签署，或内容被改动")
                                : (genuine ? "good: by this key" : "BAD: not by this key, or altered");
    commission_print(record, signature, options->language, stdout);
    json_decref(record);
    return fflush(stdout) != 0 || ferror(stdout) ? EXIT_CANNOT : genuine ? EXIT_DONE : EXIT_NO;
}

/* --- options --- */

static int wrong_use(const char *what)
{
    (void)fprintf(stderr, "buswarden-gateway selftest: %s\nTry 'buswarden-gateway selftest --help'.\n", what);
    return EXIT_USAGE;
}

static bool is_utf8(const char *text)
{
    json_t *string = json_string(text); /* refuses what is not */
    json_decref(string);
    return string != NULL;
}

static int validate(const struct options *options)
{
    if (strlen(options->fitter) >= COMMISSION_FITTER_LEN)
        return wrong_use("--fitter: at most 63 bytes");
    if (!is_utf8(options->fitter))
        return wrong_use("--fitter: not UTF-8");
    if (options->limit_s < LIMIT_MIN_S || options->limit_s > LIMIT_MAX_S)
        return wrong_use("--limit: 2 to 300 seconds");
    if ((options->check != NULL) != (options->pub != NULL))
        return wrong_use("--check and --pub go together");
    return EXIT_DONE;
}

static int read_options(int argc, char **argv, struct options *ret)
{
    static const struct option table[] = {
        {"config", required_argument, NULL, 'c'}, {"fitter", required_argument, NULL, 'f'},
        {"out", required_argument, NULL, 'o'},    {"json", no_argument, NULL, 'j'},
        {"limit", required_argument, NULL, 't'},  {"lang", required_argument, NULL, 'l'},
        {"check", required_argument, NULL, 'k'},  {"pub", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    const struct {
        int option;
        const char **text;
    } texts[] = {{'c', &ret->config}, {'f', &ret->fitter}, {'o', &ret->out},
                 {'l', &ret->lang},   {'k', &ret->check},  {'p', &ret->pub}};
    for (int option; (option = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (option == '?')
            return EXIT_USAGE; /* getopt has said why */
        if (option == 'h')
            return fputs(usage, stdout) < 0 ? EXIT_CANNOT : EXIT_NO;
        if (option == 'j')
            ret->json = true;
        if (option == 't')
            ret->limit_s = strtol(optarg, NULL, 10); /* what is no number is out of range */
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
            if (texts[i].option == option)
                *texts[i].text = optarg;
    }
    if (optind < argc)
        return wrong_use("unexpected argument");
    if (words_choose(ret->lang, &ret->language) != 0)
        return wrong_use("--lang: en or zh");
    return validate(ret);
}

int selftest_main(int argc, char **argv)
{
    static struct gateway_config config; /* large */
    struct options options = {
        .config = "/etc/buswarden/gateway.conf", .fitter = "", .limit_s = LIMIT_DEFAULT_S};
    char reason[SETTINGS_REASON_MAX];
    const int outcome = read_options(argc, argv, &options);
    if (outcome == EXIT_NO) /* the manual was printed */
        return fflush(stdout) != 0 ? EXIT_CANNOT : EXIT_DONE;
    if (outcome != EXIT_DONE)
        return outcome;
    if (options.check != NULL)
        return check(&options);
    if (config_load(options.config, &config, reason) != 0) {
        (void)fprintf(stderr, "%s\n", reason);
        return EXIT_USAGE;
    }
    return run(&options, &config);
}
