#include "bureau/config.h"

#include "proto/settings.h"

#include <arpa/inet.h>
#include <string.h>

static const char *parse_loopback(const char *text, void *target, size_t size)
{
    struct in_addr v4;
    struct in6_addr v6;
    bool loopback = false;
    if (inet_pton(AF_INET, text, &v4) == 1)
        loopback = ntohl(v4.s_addr) >> 24 == 127;
    else if (inet_pton(AF_INET6, text, &v6) == 1)
        loopback = memcmp(&v6, &in6addr_loopback, sizeof(v6)) == 0;
    return loopback ? settings_text(text, target, size)
                    : "only a loopback address (127.0.0.1, ::1) is served until the console has log-ins";
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

#define AT(field) SETTINGS_AT(struct bureau_config, field)
static const struct settings_key KEYS[] = {
    {"bureau", "division", settings_level, AT(division), false},
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
    {"http", "listen", parse_loopback, AT(http_listen), false},
    {"http", "port", settings_port, AT(http_port), false},
    {"http", "console", settings_nonempty, AT(console_dir), false},
    {"http", "leaflet", settings_nonempty, AT(leaflet_dir), false},
    {"http", "bootstrap", settings_nonempty, AT(bootstrap_dir), false},
    {"http", "tiles", settings_text, AT(tiles_url), false},
    {"http", "tiles_frame", parse_frame, AT(tiles_frame), false},
};

static const char *check(void *target)
{
    struct bureau_config *config = target;
    const int tls =
        (config->broker_ca[0] != '\0') + (config->broker_cert[0] != '\0') + (config->broker_key[0] != '\0');
    if (tls != 0 && tls != 3)
        return "[broker] ca, cert and key: give all three or none";
    if (config->broker_port == 0)
        config->broker_port = tls ? 8883 : 1883;
    if (config->pki_broker[0] == '\0')
        memcpy(config->pki_broker, config->broker_host, sizeof(config->pki_broker));
    return NULL;
}

int bureau_config_load(const char *path, struct bureau_config *ret, char ret_reason[BUREAU_REASON_MAX])
{
    static const struct settings_schema schema = {
        .keys = KEYS, .n_keys = sizeof(KEYS) / sizeof(KEYS[0]), .check = check};
    struct bureau_config config = {
        .broker_host = "localhost",
        .broker_client_id = "buswarden-bureau",
        .http_listen = "127.0.0.1",
        .http_port = 8080,
        .console_dir = "/usr/share/buswarden/console",
        .leaflet_dir = "/usr/share/javascript/leaflet",
        .bootstrap_dir = "/usr/share/javascript/bootstrap5",
    };
    const int err = settings_load(path, &schema, &config, ret_reason);
    if (err == 0)
        *ret = config;
    return err;
}
