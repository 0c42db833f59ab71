#include "bureau/config.h"

#include "proto/settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_loopback(const char *text)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &v6) == 1 && memcmp(&v6, &in6addr_loopback, sizeof(v6)) == 0;
}

static const char *parse_address(const char *text, void *target, size_t size)
{
    struct in6_addr address;
    if (inet_pton(AF_INET, text, &address) != 1 && inet_pton(AF_INET6, text, &address) != 1)
        return "must be an address such as 127.0.0.1, 0.0.0.0 or ::";
    return settings_text(text, target, size);
}

static const char *parse_frame(const char *text, void *target, size_t size)
{
    (void)size;
    const bool is_gcj02 = strcmp(text, "gcj02") == 0;
    if (!is_gcj02 && strcmp(text, "wgs84") != 0)
        return "must be wgs84 or gcj02";
    *(enum bureau_frame *)target = is_gcj02 ? BUREAU_GCJ02 : BUREAU_WGS84;
    return NULL;
}

static const char *parse_yes(const char *text, void *target, size_t size)
{
    (void)size;
    const bool yes = strcmp(text, "yes") == 0;
    if (!yes && strcmp(text, "no") != 0)
        return "must be yes or no";
    *(bool *)target = yes;
    return NULL;
}

/* As many whole numbers, each at most a year of hours, as the target has room for. */
static const char *parse_at(const char *text, void *target, size_t size)
{
    const bool digits = strlen(text) == 5 && text[2] == ':' && strspn(text, "0123456789:") == 5;
    const int hour = digits ? (text[0] - '0') * 10 + text[1] - '0' : 0;
    const int minute = digits ? (text[3] - '0') * 10 + text[4] - '0' : 0;
    (void)size;
    if (strcmp(text, "never") != 0 &&
        (!digits || text[3] == ':' || text[4] == ':' || hour > 23 || minute > 59))
        return "must be a time like 03:00, or never";
    *(int *)target = digits ? hour * 60 + minute : -1;
    return NULL;
}

static const char *parse_hours(const char *text, void *target, size_t size)
{
    enum { YEAR_H = 8784 };
    uint16_t *hours = target;
    const size_t n = size / sizeof(*hours);
    for (size_t i = 0; i < n; i++) {
        char *end = NULL;
        errno = 0;
        const long value = strtol(text, &end, 10);
        if (end == text || errno != 0 || value < 0 || value > YEAR_H)
            break;
        hours[i] = (uint16_t)value;
        text = end;
        if (i + 1 == n && text[strspn(text, " ")] == '\0')
            return NULL;
    }
    return n == CASE_BANDS ? "must be three numbers of hours: minor, serious, criminal"
           : n == 2        ? "must be two numbers of hours"
                           : "must be a number of hours, at most 8784";
}

/* 0 = for ever. */
static const char *parse_days(const char *text, void *target, size_t size)
{
    return strcmp(text, "0") == 0 ? (*(uint32_t *)target = 0, NULL) : settings_count(text, target, size);
}

#define AT(field) SETTINGS_AT(struct bureau_config, field)
static const struct settings_key KEYS[] = {
    {"bureau", "division", settings_level, AT(division), false},
    {"bureau", "name", settings_nonempty, AT(name), false},
    {"process", "user", settings_nonempty, AT(user), false},
    {"store", "path", settings_nonempty, AT(store_path), true},
    {"broker", "host", settings_nonempty, AT(broker_host), false},
    {"broker", "port", settings_port, AT(broker_port), false},
    {"broker", "client_id", settings_nonempty, AT(broker_client_id), false},
    {"broker", "ca", settings_text, AT(broker_ca), false},
    {"broker", "cert", settings_text, AT(broker_cert), false},
    {"broker", "key", settings_text, AT(broker_key), false},
    {"broker", "log", parse_yes, AT(broker_log), false},
    {"pki", "dir", settings_nonempty, AT(pki_dir), false},
    {"pki", "broker", settings_nonempty, AT(pki_broker), false},
    {"keys", "secret", settings_nonempty, AT(secret_path), false},
    {"http", "listen", parse_address, AT(http_listen), false},
    {"http", "port", settings_port, AT(http_port), false},
    {"http", "cert", settings_nonempty, AT(http_cert), false},
    {"http", "key", settings_nonempty, AT(http_key), false},
    {"http", "proxy", parse_yes, AT(http_proxy), false},
    {"http", "console", settings_nonempty, AT(console_dir), false},
    {"http", "leaflet", settings_nonempty, AT(leaflet_dir), false},
    {"http", "bootstrap", settings_nonempty, AT(bootstrap_dir), false},
    {"http", "tiles", settings_text, AT(tiles_url), false},
    {"http", "tiles_frame", parse_frame, AT(tiles_frame), false},
    {"rejudge", "at", parse_at, AT(rejudge_at_min), false},
    {"cases", "overload", parse_hours, AT(cases.deadline_h[BW_OVERLOAD]), false},
    {"cases", "off_route", parse_hours, AT(cases.deadline_h[BW_OFF_ROUTE]), false},
    {"cases", "out_of_hours", parse_hours, AT(cases.deadline_h[BW_OUT_OF_HOURS]), false},
    {"cases", "unapproved_stop", parse_hours, AT(cases.deadline_h[BW_UNAPPROVED_STOP]), false},
    {"cases", "unlicensed", parse_hours, AT(cases.deadline_h[BW_UNLICENSED]), false},
    {"cases", "overspeed", parse_hours, AT(cases.deadline_h[BW_OVERSPEED]), false},
    {"cases", "unbelted", parse_hours, AT(cases.deadline_h[BW_UNBELTED]), false},
    {"cases", "door_open_moving", parse_hours, AT(cases.deadline_h[BW_DOOR_OPEN_MOVING]), false},
    {"cases", "child_left_behind", parse_hours, AT(cases.deadline_h[BW_CHILD_LEFT_BEHIND]), false},
    {"cases", "sensor_fault", parse_hours, AT(cases.deadline_h[BW_SENSOR_FAULT]), false},
    {"cases", "tamper", parse_hours, AT(cases.deadline_h[BW_TAMPER]), false},
    {"cases", "silent", parse_hours, AT(cases.deadline_h[CASE_SILENT]), false},
    {"cases", "outage", parse_hours, AT(cases.deadline_h[CASE_OUTAGE]), false},
    {"cases", "sighting", parse_hours, AT(cases.deadline_h[CASE_SIGHTING]), false},
    {"cases", "acknowledge", parse_hours, AT(cases.acknowledge_h), false},
    {"cases", "escalate", parse_hours, AT(cases.escalate_h), false},
    {"cases", "notice_days", settings_count, AT(cases.notice_days), false},
    {"cases", "recurrence_days", settings_count, AT(cases.recurrence_days), false},
    {"silence", "check_s", settings_count, AT(silence.check_s), false},
    {"silence", "after_s", settings_count, AT(silence.after_s), false},
    {"silence", "outage_after_s", settings_count, AT(silence.outage_after_s), false},
    {"silence", "outage_percent", settings_count, AT(silence.outage_percent), false},
    {"silence", "outage_vehicles", settings_count, AT(silence.outage_vehicles), false},
    {"silence", "running_percent", settings_count, AT(silence.running_percent), false},
    {"silence", "schedule_max_min", settings_count, AT(silence.schedule_max_min), false},
    {"retention", "tracks_days", parse_days, AT(retention.tracks_days), false},
    {"retention", "evidence_days", parse_days, AT(retention.evidence_days), false},
    {"retention", "trips_days", parse_days, AT(retention.trips_days), false},
    {"retention", "sightings_days", parse_days, AT(retention.sightings_days), false},
    {"retention", "photos_days", parse_days, AT(retention.photos_days), false},
    {"retention", "audit_days", parse_days, AT(retention.audit_days), false},
    {"retention", "changes_days", parse_days, AT(retention.changes_days), false},
    {"feeds", "public", parse_yes, AT(feeds_public), false},
    {"feeds", "mqtt", parse_yes, AT(feeds_mqtt), false},
    {"notify", "console_url", notify_parse_console, AT(notify.console_url), false},
    {"notify", "in_run", parse_yes, AT(notify.in_run), false},
    {"notify", "retry_first_s", settings_count, AT(notify.retry_first_s), false},
    {"notify", "retry_longest_s", settings_count, AT(notify.retry_longest_s), false},
    {"notify", "attempts", settings_count, AT(notify.attempts), false},
    {"notify", "keep_days", settings_count, AT(notify.keep_days), false},
};

static const char *on_channel(void *target, const char *section, const char *name, const char *value)
{
    struct bureau_config *config = target;
    return notify_settings_pair(&config->notify, section, name, value);
}
static const struct settings_free FREE_SECTIONS[] = {{"notify.*", on_channel}, {NULL, NULL}};

/* What no number of [cases], [silence] and [retention] shows by itself. */
static const char *check_numbers(const struct bureau_config *config)
{
    const struct retention_settings *retention = &config->retention;
    if (config->cases.notice_days > CASE_NOTICE_SPAN_DAYS)
        return "[cases] notice_days: at most 7";
    if (config->cases.escalate_h[1] < config->cases.escalate_h[0])
        return "[cases] escalate: the second number is the later one";
    if (config->silence.outage_percent > 100 || config->silence.running_percent > 100)
        return "[silence] outage_percent, running_percent: at most 100";
    if (config->silence.check_s > 3600 || config->silence.after_s > 86400 ||
        config->silence.outage_after_s > 86400)
        return "[silence] check_s: at most 3600; after_s, outage_after_s: at most 86400";
    if (retention->tracks_days > RETENTION_DAYS_MAX || retention->evidence_days > RETENTION_DAYS_MAX ||
        retention->trips_days > RETENTION_DAYS_MAX || retention->sightings_days > RETENTION_DAYS_MAX ||
        retention->photos_days > RETENTION_DAYS_MAX || retention->audit_days > RETENTION_DAYS_MAX ||
        retention->changes_days > RETENTION_DAYS_MAX)
        return "[retention]: at most 36500 days, or 0 for ever";
    /* A case that can be shown, and its track cannot, is none. */
    if (retention->evidence_days != 0 &&
        (retention->tracks_days == 0 || retention->tracks_days > retention->evidence_days))
        return "[retention] tracks_days: no longer than evidence_days";
    return NULL;
}

static const char *check(void *target)
{
    struct bureau_config *config = target;
    const int tls =
        (config->broker_ca[0] != '\0') + (config->broker_cert[0] != '\0') + (config->broker_key[0] != '\0');
    if (tls != 0 && tls != 3)
        return "[broker] ca, cert and key: give all three or none";
    const bool has_cert = config->http_cert[0] != '\0';
    if (has_cert != (config->http_key[0] != '\0'))
        return "[http] cert and key: give both or none";
    if (!has_cert && !is_loopback(config->http_listen))
        return "[http] listen: passwords go beyond this machine over TLS alone: give cert and key, or listen "
               "on "
               "127.0.0.1 behind a proxy";
    if (config->broker_port == 0)
        config->broker_port = tls ? 8883 : 1883;
    if (config->pki_broker[0] == '\0')
        memcpy(config->pki_broker, config->broker_host, sizeof(config->pki_broker));
    return check_numbers(config);
}

/* Faults of a whole section, with the line that they are about. */
static int check_channels(const char *path, const struct notify_settings *notify,
                          char ret_reason[BUREAU_REASON_MAX])
{
    char section[NOTIFY_NAME_LEN + 8];
    const char *key;
    const char *fault = notify_settings_check(notify, section, &key);
    if (fault == NULL)
        return 0;
    (void)snprintf(ret_reason, BUREAU_REASON_MAX, "%.200s:%u: [%s] %s: %s", path,
                   settings_line(path, section, key), section, key, fault);
    return -EINVAL;
}

int bureau_config_load(const char *path, struct bureau_config *ret, char ret_reason[BUREAU_REASON_MAX])
{
    static const struct settings_schema schema = {.keys = KEYS,
                                                  .n_keys = sizeof(KEYS) / sizeof(KEYS[0]),
                                                  .free_sections = FREE_SECTIONS,
                                                  .check = check};
    struct bureau_config config = {
        .broker_host = "localhost",
        .broker_client_id = "buswarden-bureau",
        .http_listen = "127.0.0.1",
        .http_port = 8080,
        .rejudge_at_min = 180,
        .console_dir = "/usr/share/buswarden/console",
        .leaflet_dir = "/usr/share/javascript/leaflet",
        .bootstrap_dir = "/usr/share/javascript/bootstrap5",
        .cases = CASE_POLICY_DEFAULT,
        .silence = SILENCE_DEFAULT,
        .retention = RETENTION_DEFAULT,
    };
    notify_settings_default(&config.notify);
    int err = settings_load(path, &schema, &config, ret_reason);
    if (err == 0)
        err = check_channels(path, &config.notify, ret_reason);
    if (err == 0)
        *ret = config;
    return err;
}
