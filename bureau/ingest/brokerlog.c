#include "bureau/ingest/brokerlog.h"

#include "proto/topic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What OpenSSL says when a handshake ends, by its beginning. Expired, revoked, of another authority: that the
 * broker's log does not tell apart. */
static const struct {
    const char *reason, *kind;
} handshakes[] = {
    {"peer did not return a certificate", "no_certificate"},
    {"certificate verify failed", "bad_certificate"},
    {"unsupported protocol", "old_tls"},
    {"no shared cipher", "old_tls"},
    {"no protocols available", "old_tls"},
    {"inappropriate fallback", "old_tls"},
    {"wrong version number", "no_tls"},
    {"http request", "no_tls"},
    {"tlsv1 alert unknown ca", "broker_refused"},
    {"sslv3 alert bad certificate", "broker_refused"},
    {"sslv3 alert certificate expired", "broker_refused"},
    {"sslv3 alert certificate unknown", "broker_refused"},
};

/* --- taking a line apart: each takes what is expected at *at, or says no --- */

static bool take(const char **at, const char *text)
{
    const size_t n = strlen(text);
    if (strncmp(*at, text, n) != 0)
        return false;
    *at += n;
    return true;
}

/* Up to `end`, which is taken as well. */
static bool take_until(const char **at, const char *end, char *ret, size_t size)
{
    const char *stop = strstr(*at, end);
    if (stop == NULL || stop == *at || (size_t)(stop - *at) >= size)
        return false;
    memcpy(ret, *at, (size_t)(stop - *at));
    ret[stop - *at] = '\0';
    *at = stop + strlen(end);
    return true;
}

static bool take_number(const char **at, uint64_t *ret)
{
    char *end;
    if (**at < '0' || **at > '9')
        return false;
    *ret = strtoull(*at, &end, 10);
    *at = end;
    return true;
}

static bool take_vehicle(const char **at, const char *end, struct incident *incident)
{
    char name[STORE_DETAIL_MAX];
    if (!take_until(at, end, name, sizeof name))
        return false;
    if (topic_level_valid(name)) /* else a name that no vehicle has: nobody known */
        memcpy(incident->vehicle, name, strlen(name) + 1);
    return true;
}

static bool finish(struct incident *incident, const char *kind, const char *detail)
{
    (void)snprintf(incident->kind, sizeof incident->kind, "%s", kind);
    (void)snprintf(incident->detail, sizeof incident->detail, "%.*s", STORE_DETAIL_MAX - 1, detail);
    return true;
}

/* --- the lines --- */

/* "Buswarden: bus-a at 192.0.2.7 may not publish (3): schoolbus/..." (bureau/broker/plugin.c) */
static bool read_denied(const char *at, struct incident *incident)
{
    char act[16], detail[BROKERLOG_LINE_MAX];
    const char *name = at;
    if (!take_vehicle(&at, " at ", incident) ||
        !take_until(&at, " may not ", incident->address, sizeof incident->address) ||
        !take_until(&at, " (", act, sizeof act) || !take_number(&at, &incident->count) || !take(&at, "): "))
        return false;
    /* Of one who is no vehicle the words tell who it was. */
    (void)snprintf(detail, sizeof detail, "%.*s: %s", (int)strcspn(name, " "), name, at);
    const char *words = incident->vehicle[0] == '\0' && *name != '?' ? detail : at;
    if (strcmp(act, "publish") == 0)
        return finish(incident, "denied_publish", words);
    return strcmp(act, "subscribe") == 0 && finish(incident, "denied_subscribe", words);
}

/* "0A000086:SSL routines::certificate verify failed" */
static bool read_handshake(const char *at, const char *address, struct incident *incident)
{
    char code[32];
    if (!take_until(&at, ":SSL routines::", code, sizeof code))
        return false;
    for (size_t i = 0; i < sizeof handshakes / sizeof *handshakes; i++) {
        if (strcmp(at, handshakes[i].reason) != 0)
            continue;
        (void)snprintf(incident->address, sizeof incident->address, "%s", address);
        return finish(incident, handshakes[i].kind, at);
    }
    return false;
}

/* "192.0.2.7 failed: error:0A00010B:SSL routines::wrong version number.": of one whose first bytes were there
 * when it was taken in. */
static bool read_failed(const char *at, struct incident *incident)
{
    char address[STORE_ADDRESS_MAX], reason[BROKERLOG_LINE_MAX];
    return take_until(&at, " failed: error:", address, sizeof address) &&
           take_until(&at, ".", reason, sizeof reason) && *at == '\0' &&
           read_handshake(reason, address, incident);
}

static void end_connection(struct brokerlog *log)
{
    if (log->connecting > 0)
        log->connecting--;
    log->address[0] = '\0';
}

/* "Client bus-a disconnected due to oversize packet." and how a connection ends that never was one. */
static bool read_client(struct brokerlog *log, const char *at, struct incident *incident)
{
    if (take(&at, "<unknown> ")) {
        end_connection(log);
        return false;
    }
    return take_vehicle(&at, " disconnected due to oversize packet.", incident) && *at == '\0' &&
           finish(incident, "oversize", "a packet larger than the broker takes");
}

/* "New connection from 192.0.2.7:53136 on port 8883." */
static void begin_connection(struct brokerlog *log, const char *at, uint64_t time_s)
{
    char address[STORE_ADDRESS_MAX];
    if (!take_until(&at, " on port ", address, sizeof address))
        return;
    char *port = strrchr(address, ':');
    if (port != NULL)
        *port = '\0';
    log->connecting++;
    log->begun_s = time_s;
    if (log->connecting == 1)
        memcpy(log->address, address, sizeof log->address);
    else
        log->address[0] = '\0';
}

bool brokerlog_read(struct brokerlog *log, const char *line, size_t len, struct incident *ret)
{
    char text[BROKERLOG_LINE_MAX];
    struct incident incident = {.count = 1};
    uint64_t time_s;
    bool told = false;
    if (len == 0 || len >= sizeof text || memchr(line, '\0', len) != NULL)
        return false;
    memcpy(text, line, len);
    text[len] = '\0';
    const char *at = text;
    if (!take_number(&at, &time_s) || !take(&at, ": "))
        return false;
    if (time_s - log->begun_s > BROKERLOG_FORGET_S) /* also when the clock went back */
        *log = (struct brokerlog){0};
    if (take(&at, "Buswarden: "))
        told = read_denied(at, &incident);
    else if (take(&at, "OpenSSL Error[0]: error:"))
        told = read_handshake(at, log->address, &incident);
    else if (take(&at, "Client connection from "))
        told = read_failed(at, &incident);
    else if (take(&at, "New connection from "))
        begin_connection(log, at, time_s);
    else if (take(&at, "New client connected "))
        end_connection(log);
    else if (take(&at, "Client "))
        told = read_client(log, at, &incident);
    if (told)
        *ret = incident;
    return told;
}
