#include "bureau/config.h"

#include "proto/topic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NULL, or why `text` cannot be the value. */
typedef const char *(*parse_fn)(const char *text, void *target, size_t size);

static const char *parse_text(const char *text, void *target, size_t size)
{
    if (strlen(text) >= size)
        return "too long";
    memcpy(target, text, strlen(text) + 1);
    return NULL;
}

static const char *parse_required(const char *text, void *target, size_t size)
{
    return *text ? parse_text(text, target, size) : "is empty";
}

static const char *parse_division(const char *text, void *target, size_t size)
{
    return topic_level_valid(text) ? parse_text(text, target, size) : "not a division code ([a-z0-9_-])";
}

static const char *parse_port(const char *text, void *target, size_t size)
{
    (void)size;
    char *end = NULL;
    errno = 0;
    long port = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || port < 1 || port > 65535)
        return "not a port (1..65535)";
    *(int *)target = (int)port;
    return NULL;
}

static const char *parse_loopback(const char *text, void *target, size_t size)
{
    struct in_addr v4;
    struct in6_addr v6;
    bool loopback = inet_pton(AF_INET, text, &v4) == 1 ? (ntohl(v4.s_addr) >> 24) == 127
                                                       : inet_pton(AF_INET6, text, &v6) == 1 &&
                                                             memcmp(&v6, &in6addr_loopback, sizeof(v6)) == 0;
    if (!loopback)
        return "only loopback addresses (127.0.0.1, ::1) are served until the console has log-ins";
    return parse_text(text, target, size);
}

static const char *parse_frame(const char *text, void *target, size_t size)
{
    (void)size;
    bool gcj02 = strcmp(text, "gcj02") == 0;
    if (!gcj02 && strcmp(text, "wgs84") != 0)
        return "must be wgs84 or gcj02";
    *(enum bureau_frame *)target = gcj02 ? BUREAU_GCJ02 : BUREAU_WGS84;
    return NULL;
}

#define AT(field) offsetof(struct bureau_config, field), sizeof(((struct bureau_config *)NULL)->field)
static const struct key {
    const char *section, *name;
    parse_fn parse;
    size_t offset, size;
} KEYS[] = {
    {"bureau", "division", parse_division, AT(division)},
    {"store", "path", parse_required, AT(store_path)},
    {"broker", "host", parse_required, AT(broker_host)},
    {"broker", "port", parse_port, AT(broker_port)},
    {"broker", "client_id", parse_required, AT(broker_client_id)},
    {"broker", "ca", parse_text, AT(broker_ca)},
    {"broker", "cert", parse_text, AT(broker_cert)},
    {"broker", "key", parse_text, AT(broker_key)},
    {"keys", "secret", parse_required, AT(secret_path)},
    {"http", "listen", parse_loopback, AT(http_listen)},
    {"http", "port", parse_port, AT(http_port)},
    {"http", "console", parse_required, AT(console_dir)},
    {"http", "leaflet", parse_required, AT(leaflet_dir)},
    {"http", "bootstrap", parse_required, AT(bootstrap_dir)},
    {"http", "tiles", parse_text, AT(tiles_url)},
    {"http", "tiles_frame", parse_frame, AT(tiles_frame)},
};
enum { KEY_COUNT = sizeof(KEYS) / sizeof(KEYS[0]) };

struct load {
    struct bureau_config config;
    bool given[KEY_COUNT];
    char reason[BUREAU_REASON_MAX / 2]; /* of the first fault; "" = none */
};

static int refuse(struct load *load, const char *section, const char *name, const char *reason)
{
    if (load->reason[0] == '\0')
        snprintf(load->reason, sizeof(load->reason), "[%.60s] %.60s: %s", section, name, reason);
    return 0; /* inih's "no" */
}

static int on_pair(void *context, const char *section, const char *name, const char *value)
{
    struct load *load = context;
    for (size_t k = 0; k < KEY_COUNT; k++) {
        const struct key *key = &KEYS[k];
        if (strcmp(key->section, section) != 0 || strcmp(key->name, name) != 0)
            continue;
        if (load->given[k])
            return refuse(load, section, name, "given twice");
        load->given[k] = true;
        const char *fault = key->parse(value, (char *)&load->config + key->offset, key->size);
        return fault ? refuse(load, section, name, fault) : 1;
    }
    return refuse(load, section, name, "no such setting");
}

/* What no single line can show. NULL when all is well. */
static const char *check_whole(struct bureau_config *config)
{
    int tls =
        (config->broker_ca[0] != '\0') + (config->broker_cert[0] != '\0') + (config->broker_key[0] != '\0');
    if (tls != 0 && tls != 3)
        return "[broker] ca, cert and key: give all three or none";
    if (config->store_path[0] == '\0')
        return "[store] path: missing";
    if (config->broker_port == 0)
        config->broker_port = tls ? 8883 : 1883;
    return NULL;
}

int bureau_config_load(const char *path, struct bureau_config *ret, char ret_reason[BUREAU_REASON_MAX])
{
    struct load load = {
        .config =
            {
                .broker_host = "localhost",
                .broker_client_id = "buswarden-bureau",
                .http_listen = "127.0.0.1",
                .http_port = 8080,
                .console_dir = "/usr/share/buswarden/console",
                .leaflet_dir = "/usr/share/javascript/leaflet",
                .bootstrap_dir = "/usr/share/javascript/bootstrap5",
            },
    };
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        int err = errno;
        snprintf(ret_reason, BUREAU_REASON_MAX, "%.200s: %s", path, strerror(err));
        return -err;
    }
    int line = ini_parse_file(file, on_pair, &load);
    fclose(file);
    if (line != 0) {
        snprintf(ret_reason, BUREAU_REASON_MAX, "%.200s:%d: %s", path, line > 0 ? line : 1,
                 load.reason[0] ? load.reason : "not a \"key = value\" line");
        return -EINVAL;
    }
    const char *fault = check_whole(&load.config);
    if (fault != NULL) {
        snprintf(ret_reason, BUREAU_REASON_MAX, "%.200s:1: %s", path, fault);
        return -EINVAL;
    }
    *ret = load.config;
    return 0;
}
