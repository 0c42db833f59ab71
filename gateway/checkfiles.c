#include "gateway/checkfiles.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "gateway/alarm/command.h"
#include "gateway/certificate.h"
#include "gateway/dates.h"
#include "gateway/issuedfile.h"
#include "gateway/nextkey.h"
#include "proto/utc.h"

enum { TEXT_LEN = 512 };

/* --- keys, and what the bureau issued --- */

/* False: nothing that is signed can be checked. */
static bool check_keys(struct check *check, uint8_t ret_bureau_key[BW_PUBLIC_KEY_LEN])
{
    const struct gateway_config *config = check->config;
    char hex[2 * BW_PUBLIC_KEY_LEN + 1], text[TEXT_LEN];
    struct seal_key key, next;
    int error = seal_secret_load(config->key_path, &key);
    if (error != 0) {
        check_refuse(check, "vehicle", "key", config->key_path, nextkey_reason(error));
    } else {
        seal_public_format(key.public_key, hex);
        (void)snprintf(text, sizeof text, "%s (%s), %s", config->vehicle, config->division, hex);
        check_say(check, "vehicle", "车辆", text);
        error = nextkey_load(config->key_path, &next);
        if (error != 0 && error != -ENOENT) {
            (void)snprintf(text, sizeof text, "%s.next", config->key_path);
            check_refuse(check, "vehicle", "key", text, nextkey_reason(error));
        }
        seal_key_wipe(&next);
    }
    seal_key_wipe(&key);
    error = seal_public_load(config->bureau_key_path, ret_bureau_key);
    if (error != 0)
        check_refuse(check, "bureau", "key", config->bureau_key_path, nextkey_reason(error));
    return error == 0;
}

static void say_licence(const struct check *check, const struct bw_licence *licence)
{
    char text[TEXT_LEN];
    (void)snprintf(text, sizeof text,
                   check->language == WORDS_ZH ? "版本 %" PRIu64 "，%s，核定 %u 人"
                                               : "version %" PRIu64 ", %s, approved for %u",
                   licence->version, licence->plate, licence->approved_capacity);
    check_say(check, "licence", "许可包", text);
}

/* 0 or the capacity. */
static unsigned check_issued(struct check *check, enum issued_kind kind, const char *path,
                             const uint8_t *bureau_key)
{
    const struct issued_for whom = {check->config->vehicle, check->config->division, bureau_key};
    struct issued issued = {.kind = kind};
    char text[TEXT_LEN];
    unsigned capacity = 0;
    const int error = issuedfile_load(kind, path, &whom, &issued);
    if (error == -ENOENT && kind == ISSUED_LICENCE) {
        check_doubt(check, CHECK_NO_LICENCE, path);
    } else if (error != 0 && error != -ENOENT) {
        (void)snprintf(text, sizeof text, "%.191s: %.100s", path, issued_reason(kind, error));
        check_doubt(check, CHECK_ISSUED_REFUSED, text);
    } else if (error == 0 && kind == ISSUED_LICENCE) {
        capacity = issued.u.licence.approved_capacity;
        say_licence(check, &issued.u.licence);
    }
    if (error == 0)
        issued_free(&issued);
    return capacity;
}

/* --- the way to the bureau --- */

static bool on_this_machine(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || strncmp(host, "127.", 4) == 0;
}

static const char *pair_reason(enum certificate_fault fault)
{
    return fault == CERTIFICATE_NOT_ITS_KEY ? "the key is of another certificate"
           : fault == CERTIFICATE_ANOTHERS  ? "a certificate of another vehicle"
                                            : "cannot be used";
}

static void check_broker(struct check *check)
{
    const struct gateway_config *config = check->config;
    const struct certificate_files files = {config->vehicle, config->broker_cert, config->broker_key,
                                            config->broker_ca};
    struct certificate_seen seen = {.reads = 0};
    struct certificate certificate;
    struct timespec now;
    char text[TEXT_LEN], day[UTC_TEXT_LEN];
    const bool tls = config->broker_ca[0] != '\0';
    (void)snprintf(text, sizeof text, "%s:%d%s", config->broker_host, config->broker_port,
                   tls ? ", TLS" : "");
    check_say(check, "broker", "服务器", text);
    if (!tls && !on_this_machine(config->broker_host))
        check_doubt(check, CHECK_NO_TLS, config->broker_host);
    if (!tls)
        return;
    const struct gps_window possible = dates_believable(NULL, false);
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
    const int64_t utc_ms = now.tv_sec * INT64_C(1000);
    certificate_look(&seen, &files, utc_ms >= possible.floor_utc_ms ? utc_ms : 0, &certificate);
    if (certificate.fault == CERTIFICATE_UNREADABLE || certificate.fault == CERTIFICATE_NOT_ITS_KEY ||
        certificate.fault == CERTIFICATE_ANOTHERS)
        check_refuse(check, "broker", "cert", certificate.detail, pair_reason(certificate.fault));
    else if (certificate.fault != CERTIFICATE_GOOD)
        check_doubt(check, CHECK_CERTIFICATE, certificate.detail);
    if (!certificate.known)
        return;
    utc_format(certificate.own.not_after_utc_ms, day);
    day[strcspn(day, "T")] = '\0';
    (void)snprintf(text, sizeof text, check->language == WORDS_ZH ? "%s，有效期至 %s" : "%s, valid until %s",
                   certificate.own.name, day);
    check_say(check, "certificate", "证书", text);
}

/* --- what the vehicle has --- */

/* The same that `run` makes of it; it runs nothing before it is told an alert. */
static void check_command(struct check *check)
{
    const char *command = check->config->alarm_command;
    uv_loop_t loop;
    struct alarm_output *output;
    if (command[0] == '\0' || uv_loop_init(&loop) != 0)
        return;
    if (command_output_create(&loop, command, &output) != 0) {
        check_refuse(check, "alarm", "command", command, "cannot be used");
    } else {
        if (output->fault(output)[0] != '\0')
            check_refuse(check, "alarm", "command", "", output->fault(output));
        else
            check_say(check, "alarm", "报警", command);
        output->close(output);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* lets the handles close */
    (void)uv_loop_close(&loop);
}

static void check_alarm(struct check *check)
{
    const struct gateway_config *config = check->config;
    bool any = config->alarm_command[0] != '\0';
    check_command(check);
    for (size_t role = 0; role < CONFIG_LINES; role++) {
        char path[CONFIG_CHIP_LEN + 8];
        (void)snprintf(path, sizeof path, "/dev/%s", config->alarm_lines[role].chip);
        any |= config->alarm_lines[role].chip[0] != '\0';
        if (config->alarm_lines[role].chip[0] != '\0' && access(path, R_OK | W_OK) != 0)
            check_doubt(check, CHECK_NOT_THERE, path);
    }
    if (!any)
        check_doubt(check, CHECK_NO_ALARM, "");
}

static void check_device(struct check *check)
{
    const struct gateway_config *config = check->config;
    if (config->can_interface[0] != '\0' && if_nametoindex(config->can_interface) == 0)
        check_doubt(check, CHECK_NOT_THERE, config->can_interface);
    if (config->slcan_path[0] != '\0' && access(config->slcan_path, R_OK | W_OK) != 0)
        check_doubt(check, CHECK_NOT_THERE, config->slcan_path);
    if (config->modbus.device[0] == '/' && access(config->modbus.device, R_OK | W_OK) != 0)
        check_doubt(check, CHECK_NOT_THERE, config->modbus.device);
}

/* --- what the gateway writes --- */

/* The folder of a file that is made or replaced there. */
static void check_folder(struct check *check, const char *section, const char *name, const char *path)
{
    char folder[PATH_MAX] = ".";
    struct stat status;
    const char *slash = strrchr(path, '/');
    if (slash != NULL)
        (void)snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    int error = stat(folder, &status) != 0 ? errno : S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
    if (error == 0 && access(folder, W_OK | X_OK) != 0)
        error = errno;
    if (error != 0)
        check_refuse(check, section, name, folder, strerror(error));
    else if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        check_refuse(check, section, name, path, strerror(EISDIR));
}

static void check_written(struct check *check)
{
    const struct gateway_config *config = check->config;
    struct stat status;
    const size_t unix_path_max = sizeof((struct sockaddr_un *)NULL)->sun_path;
    check_folder(check, "licence", "file", config->licence_path);
    check_folder(check, "orders", "file", config->orders_path);
    check_folder(check, "outbox", "path", config->outbox_path);
    if (access(config->outbox_path, F_OK) == 0 && access(config->outbox_path, R_OK | W_OK) != 0)
        check_refuse(check, "outbox", "path", config->outbox_path, strerror(errno));
    check_folder(check, "status", "socket", config->status_path);
    if (strlen(config->status_path) >= unix_path_max)
        check_refuse(check, "status", "socket", config->status_path, strerror(ENAMETOOLONG));
    else if (lstat(config->status_path, &status) == 0 && !S_ISSOCK(status.st_mode) &&
             !S_ISDIR(status.st_mode))
        check_refuse(check, "status", "socket", config->status_path, "something else than a socket is there");
    check_say(check, "outbox", "存储", config->outbox_path);
}

unsigned check_files(struct check *check)
{
    uint8_t bureau_key[BW_PUBLIC_KEY_LEN];
    unsigned capacity = 0;
    if (check_keys(check, bureau_key)) {
        capacity = check_issued(check, ISSUED_LICENCE, check->config->licence_path, bureau_key);
        (void)check_issued(check, ISSUED_ORDERS, check->config->orders_path, bureau_key);
    }
    check_broker(check);
    check_alarm(check);
    check_device(check);
    check_written(check);
    return capacity;
}
